import { invalid } from './failure.ts';

/** What a filter or an ordering reads: attributes by name, tags under `tags.<key>`. */
export type Searchable = (attribute: string) => string | number | undefined;

type Condition = (item: Searchable) => boolean;

const CLAUSE =
  /^\s*(tags?\.(?:`[^`]+`|"[^"]+"|[\w.-]+)|[a-z_]+)\s*(!=|=|\bI?LIKE\b)\s*('[^']*'|"[^"]*")\s*/i;
const AND = /^AND\b/i;
const CLAUSES_MAX = 20;

function likePattern(value: string, flags: string): RegExp {
  const escaped = value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, flags);
}

function condition(attribute: string, operator: string, value: string): Condition {
  switch (operator.toUpperCase()) {
    case '=':
      return (item) => item(attribute)?.toString() === value;
    case '!=':
      return (item) => item(attribute) !== undefined && item(attribute)?.toString() !== value;
    default: {
      const pattern = likePattern(value, operator.toUpperCase() === 'ILIKE' ? 'is' : 's');
      return (item) => pattern.test(item(attribute)?.toString() ?? '');
    }
  }
}

function attributeOf(text: string, known: ReadonlySet<string>): string {
  const tag = /^tags?\.(.*)$/is.exec(text)?.[1];
  if (tag !== undefined) return `tags.${tag.replace(/^[`"]|[`"]$/g, '')}`;
  if (known.has(text)) return text;
  throw invalid(
    `Invalid attribute key '${text}' specified. Valid keys are '${[...known].join(', ')}'`,
  );
}

/** What follows the AND of a filter. Raises `INVALID_PARAMETER_VALUE` when there is none. */
function afterAnd(rest: string): string {
  const following = rest.replace(AND, '').trim();
  if (!AND.test(rest) || following === '') {
    throw invalid(`Invalid clause(s) in filter string: ${rest}`);
  }
  return following;
}

/** A filter of comparisons joined by AND. Raises `INVALID_PARAMETER_VALUE`. */
export function parseFilter(text: string | undefined, known: ReadonlySet<string>): Condition {
  const conditions: Condition[] = [];
  let rest = (text ?? '').trim();
  while (rest !== '') {
    const clause = CLAUSE.exec(rest);
    if (clause === null || conditions.length >= CLAUSES_MAX) {
      throw invalid(`Invalid clause(s) in filter string: ${rest}`);
    }
    const [whole, attribute = '', operator = '', quoted = ''] = clause;
    conditions.push(condition(attributeOf(attribute, known), operator, quoted.slice(1, -1)));
    rest = rest.slice(whole.length);
    if (rest !== '') rest = afterAnd(rest);
  }
  return (item) => conditions.every((holds) => holds(item));
}

/** A comparison from `order_by` clauses such as `creation_timestamp DESC`. Raises `INVALID_PARAMETER_VALUE`. */
export function parseOrder(
  clauses: readonly string[],
  known: ReadonlySet<string>,
): (a: Searchable, b: Searchable) => number {
  const keys = clauses.map((clause) => {
    const [, attribute = '', direction = 'ASC'] =
      /^\s*(\w+)(?:\s+(ASC|DESC))?\s*$/i.exec(clause) ?? [];
    if (!known.has(attribute)) throw invalid(`Invalid order_by clause '${clause}'.`);
    return { attribute, sign: direction.toUpperCase() === 'DESC' ? -1 : 1 };
  });
  return (a, b) => {
    for (const { attribute, sign } of keys) {
      const left = a(attribute) ?? '';
      const right = b(attribute) ?? '';
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  };
}

/** One page of a list and the token of the next. Raises `INVALID_PARAMETER_VALUE` for a bad token. */
export function pageOf<T>(
  items: readonly T[],
  page: { readonly size: number; readonly token: string | undefined },
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const offset = page.token === undefined || page.token === '' ? 0 : readToken(page.token);
  const end = offset + page.size;
  const next =
    end < items.length
      ? Buffer.from(JSON.stringify({ offset: end })).toString('base64')
      : undefined;
  return { items: items.slice(offset, end), next };
}

function readToken(token: string): number {
  const found = /^\{"offset":(\d{1,9})\}$/.exec(Buffer.from(token, 'base64').toString('utf8'));
  if (found === null) throw invalid('Invalid page token, could not base64-decode');
  return Number(found[1]);
}
