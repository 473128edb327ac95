/** Labels of a series, its name under `__name__`. */
export type Labels = Readonly<Record<string, string>>;

/** One sample of a scraped page. */
export interface ScrapedSample {
  readonly labels: Labels;
  readonly value: number;
}

/** The page is not in the text format; the whole scrape fails, as in Prometheus. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|$)/;
const LINES_MAX = 50_000;

/** A number as Go writes and reads it; NaN for what is none. */
export function parseNumber(text: string): number {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^NaN$/i.test(text) ? NaN : Number(text);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest.trim() !== '') {
    const found = LABEL.exec(rest);
    if (found === null) throw new ExpositionError(`expected a label, got ${rest.slice(0, 40)}`);
    labels[found[1] ?? ''] = unescaped(found[2] ?? '');
    rest = rest.slice(found[0].length);
  }
  return labels;
}

function parseLine(line: string): ScrapedSample {
  const found = LINE.exec(line);
  if (found === null) throw new ExpositionError(`invalid line: ${line.slice(0, 80)}`);
  const [, name = '', labels = '', number = ''] = found;
  const value = parseNumber(number);
  if (Number.isNaN(value) && !/^NaN$/i.test(number)) {
    throw new ExpositionError(`invalid value: ${number.slice(0, 40)}`);
  }
  return { labels: { ...parseLabels(labels), __name__: name }, value };
}

/** Samples of a page in the text format 0.0.4. Raises `ExpositionError`. */
export function parseExposition(text: string): readonly ScrapedSample[] {
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) throw new ExpositionError('too many lines');
  return lines.filter((line) => line.trim() !== '' && !/^\s*#/.test(line)).map(parseLine);
}
