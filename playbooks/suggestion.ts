/** Words longer than this are not compared. */
const WORD_LENGTH_MAX = 64;
/** Candidates looked at. */
const CANDIDATES_MAX = 500;

/** True when the letters before these two places are each other's neighbours, swapped. */
function isSwap(a: string, b: string, [i, j]: readonly [number, number]): boolean {
  return i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
}

/** One row of the table of edit distances: prefixes of `b` against one more letter of `a`. */
function nextRow(
  rows: readonly (readonly number[])[],
  words: { readonly a: string; readonly b: string; readonly i: number },
): readonly number[] {
  const { a, b, i } = words;
  const [last = [], beforeLast = []] = [rows[i - 1], rows[i - 2]];
  const row = [i];
  for (let j = 1; j <= b.length; j += 1) {
    const cost = a[i - 1] === b[j - 1] ? 0 : 1;
    const [left = 0, above = 0, diagonal = 0] = [row[j - 1], last[j], last[j - 1]];
    const edits = Math.min(left + 1, above + 1, diagonal + cost);
    row.push(isSwap(a, b, [i, j]) ? Math.min(edits, (beforeLast[j - 2] ?? edits) + 1) : edits);
  }
  return row;
}

/** Edits (insert, delete, replace, swap neighbours) that lead from one word to the other. */
function distance(a: string, b: string): number {
  const rows: (readonly number[])[] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) rows.push(nextRow(rows, { a, b, i }));
  return rows[a.length]?.[b.length] ?? 0;
}

/** The candidate that was probably meant, or undefined when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const lower = word.toLowerCase();
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of candidates.slice(0, CANDIDATES_MAX)) {
    const edits = distance(lower, candidate.slice(0, WORD_LENGTH_MAX).toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (edits <= allowed && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** ` Did you mean 'x'?`, or an empty text when nothing is close. */
export function suggestionFor(word: string, candidates: readonly string[]): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : ` Did you mean '${candidate}'?`;
}
