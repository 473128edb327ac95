const RFC3339 =
  /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.(?<fraction>\d{1,9}))?(?<zone>[Zz]|[+-]\d{2}:\d{2})$/;

/** True for the year 1, which monitors write for "not set". */
export function isUnset(text: string): boolean {
  return text.startsWith('0001-') && RFC3339.test(text);
}

/** `Date.parse` takes 31 February for 2 March; a day that does not exist is no time. */
function dayExists(text: string): boolean {
  const midnight = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text.slice(0, 10));
}

/**
 * An RFC 3339 time in UTC (`2026-11-20T02:00:00Z`), with as many digits of a second as matter, so that equal
 * moments are equal texts; null when the text is no time that exists.
 */
export function momentOf(text: string): string | null {
  const { fraction = '', zone = '' } = RFC3339.exec(text)?.groups ?? {};
  if (zone === '' || !dayExists(text)) return null;
  const seconds = text.slice(0, 19).replace(/[t ]/, 'T');
  const date = new Date(`${seconds}${zone.toUpperCase()}`);
  if (Number.isNaN(date.getTime())) return null;
  const whole = date.toISOString();
  // No monitor means the year 0, which the database lacks, nor those before and after, which have another form.
  if (!/^(?!0000)\d{4}-/.test(whole)) return null;
  const digits = fraction.replace(/0+$/, '');
  return `${whole.slice(0, 19)}${digits === '' ? '' : `.${digits}`}Z`;
}

/** Negative when `a` is before `b`; both as `momentOf` writes them. */
export function compareMoments(a: string, b: string): number {
  const difference = Date.parse(a.slice(0, 19) + 'Z') - Date.parse(b.slice(0, 19) + 'Z');
  if (difference !== 0) return difference;
  const digits = (text: string): number => Number(text.slice(20, -1).padEnd(9, '0'));
  return digits(a) - digits(b);
}
