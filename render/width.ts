/** Characters that take two columns of a terminal: East Asian wide forms and most emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{M}]/u;

function columnsOf(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that visible text takes on a terminal. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/** The text filled with spaces up to `columns`. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/** As much of the text as fits in `columns` (at least one character), and the rest. */
function split(text: string, columns: number): readonly [string, string] {
  let used = 0;
  let taken = '';
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns && taken !== '') break;
    taken += character;
  }
  return [taken, text.slice(taken.length)];
}

/** One line of visible text as lines of at most `columns`, broken at spaces, long words where they must be. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (displayWidth(joined) <= columns) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    while (displayWidth(word) > columns) {
      const [head, rest] = split(word, columns);
      lines.push(head);
      word = rest;
    }
    line = word;
  }
  return [...lines, line];
}

/** The text on one line of at most `columns`, an ellipsis where it was cut. */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return columns < 2 ? split(text, 1)[0] : `${split(text, columns - 1)[0]}…`;
}
