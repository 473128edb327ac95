import { visible } from './visible.ts';

/** A cell: text from outside is data, numbers are ours. */
export type CsvCell = string | number | boolean | null;

/** Signs with which spreadsheets begin a formula, in all their widths. */
const FORMULA = /^\s*[=+\-@＝＋－＠|%]/u;

function cell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return value.toString();
  const shown = visible(value);
  const inert = FORMULA.test(shown) || /^[\t\r\n]/u.test(value) ? `'${shown}` : shown;
  return `"${inert.replaceAll('"', '""')}"`;
}

/**
 * CSV by RFC 4180 with a header line: every record stays on one line, and no cell is a formula to a
 * spreadsheet (an apostrophe goes before what would be one).
 */
export function renderCsv(
  columns: readonly string[],
  rows: readonly (readonly CsvCell[])[],
): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
