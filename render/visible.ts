/** What makes characters lie to a reader: controls, bidirectional overrides, zero widths, tags. */
const DECEPTIVE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u{e0000}-\u{e0fff}]|\u034f|[\u17b4-\u17b5]|[\u180b-\u180f]/gu;

/** More combining marks on one letter than any living script uses. */
const STACKED_MARKS = /(\p{M}{4})(\p{M}+)/gu;

/** A word, with the code points that were put into it. */
const WORDS_SHOWN = /(?:[\p{L}\p{N}_]|\(U\+[0-9A-F]{4,6}\))+/gu;
const POINT = /\(U\+[0-9A-F]{4,6}\)/gu;
const LATIN = /\p{Script=Latin}/u;
/** Letters of other scripts that are drawn like Latin ones. */
const LOOK_ALIKE = /[\p{Script=Cyrillic}ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ]/gu;
/** Words of letters that each pass for a Latin one: nothing of the word shows that it is of another script. */
const DISGUISED = /^(?=.*\p{L})[аеорсухіјѕԁԛԝһӏАВЕЅІЈКМНОРСТУХԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ\p{N}_]{3,}$/u;
/** Latin letters and digits in other clothes: full width, mathematical, in circles. */
const COSTUMED =
  /[\u{2460}-\u{24ff}\u{ff10}-\u{ff19}\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f189}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

function escapeOf(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u{${codePoint(character).toLowerCase()}}`;
}

/** The letters of `found` with their code points behind them, but where those stand already. */
function withCodePoints(text: string, found: RegExp): string {
  return text.replace(found, (letter, at: number, whole: string) => {
    const point = `(U+${codePoint(letter)})`;
    return whole.startsWith(point, at + letter.length) ? letter : `${letter}${point}`;
  });
}

/** Shows the code points of look-alike letters: among Latin ones, in words of nothing else, and of Latin ones in disguise. */
function revealMixture(text: string): string {
  const plain = withCodePoints(text, COSTUMED);
  if (plain.search(LOOK_ALIKE) === -1) return plain;
  return plain.replace(WORDS_SHOWN, (run) =>
    LATIN.test(run.replace(POINT, '')) || DISGUISED.test(run)
      ? withCodePoints(run, LOOK_ALIKE)
      : run,
  );
}

/**
 * True when a reader could take a name in `text` for another one: letters that only look Latin, characters that
 * cannot be seen, text that runs backwards.
 */
export function isMisleading(text: string): boolean {
  return visibleLines(text) !== text;
}

/**
 * Text from outside on one line: controls, bidirectional overrides, zero widths and lone surrogates become
 * visible escapes, heaps of combining marks a count; letters that only look Latin show their code point.
 */
export function visible(text: string): string {
  return revealMixture(text)
    .replace(DECEPTIVE, escapeOf)
    .replace(STACKED_MARKS, (_all, kept: string, rest: string) => {
      return `${kept}[+${Array.from(rest).length.toString()} marks]`;
    });
}

/** Like `visible`, but line feeds stay line feeds. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/**
 * At most `charactersMax` UTF-16 units of `text`, never half a character; what is left out is told in a marker
 * that counts within the limit.
 */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const marker = `… [cut, ${text.length.toString()} in all]`;
  const fits = marker.length < charactersMax;
  const kept = text.slice(0, fits ? charactersMax - marker.length : charactersMax);
  return `${kept.replace(/[\ud800-\udbff]$/u, '')}${fits ? marker : ''}`;
}

/** `visible` text of at most `charactersMax` units; the input is cut first, so that huge text stays cheap. */
export function visibleCut(text: string, charactersMax: number): string {
  return cut(visible(cut(text, charactersMax * 4)), charactersMax);
}
