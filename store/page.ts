import { AppError } from '../domain/error.ts';
import type { Page, PageRequest } from './tables.ts';

/** Most rows of one page. */
export const PAGE_ROWS_MAX = 1000;

/** The cursor as the number it is, null for the first page. Raises `invalid` for anything else. */
export function cursorNumber(page: PageRequest): number | null {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > PAGE_ROWS_MAX) {
    throw new AppError('invalid', `A page holds 1 to ${PAGE_ROWS_MAX.toString()} rows.`, {
      field: 'limit',
    });
  }
  if (page.cursor === null) return null;
  if (!/^\d{1,15}$/.test(page.cursor)) {
    throw new AppError('invalid', 'This is not a cursor of this list.', { field: 'cursor' });
  }
  return Number(page.cursor);
}

/** The page over rows that were read with one more than `limit`: the extra row only says that there is a next page. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  read: { readonly item: (row: Row) => T; readonly cursor: (row: Row) => number },
): Page<T> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return {
    items: kept.map(read.item),
    next: rows.length > limit && last !== undefined ? read.cursor(last).toString() : null,
  };
}
