/** The header has whole seconds: what it says may be so much behind. */
const HEADER_MS = 1_000;

/**
 * Milliseconds by which the clock that wrote a `Date` header is ahead of ours; 0 when the difference is within a second and
 * the time that the answer took, undefined when there is no such header.
 */
export function clockSkewOf(
  header: string | null,
  taken: { readonly sentAt: number; readonly gotAt: number },
): number | undefined {
  const said = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(said)) return undefined;
  // It was written at some moment between our sending and our getting, and cut to the second.
  if (said > taken.gotAt) return said - taken.gotAt;
  const latest = said + HEADER_MS;
  return latest < taken.sentAt ? latest - taken.sentAt : 0;
}
