import { AppError } from '../../domain/error.ts';

/** A Go string literal; JSON's escapes are a subset of Go's, lone surrogates apart. */
function quoted(text: string): string {
  if (/\p{Surrogate}/u.test(text))
    throw new AppError('invalid', 'A log query holds text that is no Unicode.');
  return JSON.stringify(text);
}

/**
 * A log query whose every value is a quoted literal: nothing from outside is spliced in. Label names are checked
 * by the manifest's schema. Raises `invalid` for text that is not Unicode.
 */
export function logQuery(input: {
  readonly labels: Readonly<Record<string, string>>;
  readonly contains?: string | undefined;
}): string {
  const matchers = Object.entries(input.labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${quoted(value)}`);
  const filter = input.contains === undefined ? '' : ` |= ${quoted(input.contains)}`;
  return `{${matchers.join(',')}}${filter}`;
}

/** Nanoseconds since the epoch of an RFC 3339 time; digits beyond the ninth are dropped. Raises `invalid`. */
export function nanosOf(time: string): bigint {
  const match = /^(.{16}(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  const wholeMs = Date.parse(`${match?.[1] ?? ''}${match?.[3] ?? ''}`);
  if (Number.isNaN(wholeMs)) throw new AppError('invalid', 'This is no RFC 3339 time.');
  const fraction = (match?.[2] ?? '').slice(0, 9).padEnd(9, '0');
  return BigInt(wholeMs) * 1_000_000n + BigInt(fraction);
}
