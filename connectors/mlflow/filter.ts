import { AppError } from '../../domain/error.ts';

/** One comparison of MLflow's search language. Raises `invalid` for a value that it cannot quote. */
export function equalsFilter(attribute: string, value: string): string {
  // The language knows no escape: a value may hold one kind of quotation mark, not both.
  if (!value.includes("'")) return `${attribute} = '${value}'`;
  if (!value.includes('"')) return `${attribute} = "${value}"`;
  throw new AppError('invalid', 'MLflow cannot search for a value with both quotation marks.', {
    field: 'value',
  });
}

/** The attribute of a tag in MLflow's search language. */
export function tagAttribute(key: string): string {
  return `tags.\`${key}\``;
}
