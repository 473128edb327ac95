/** One condition on a label. */
export interface Matcher {
  readonly label: string;
  readonly matches: (value: string) => boolean;
  /** True when an absent label satisfies it. */
  readonly matchesEmpty: boolean;
}

/** A log query as far as the twin knows the language: a selector and line filters. */
export interface LogQuery {
  readonly matchers: readonly Matcher[];
  readonly lineFilters: readonly ((line: string) => boolean)[];
}

/** What the twin answers to a query that it cannot read: 400 with this text. */
export class LogqlError extends Error {
  override readonly name = 'LogqlError';
}

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const GO_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Walks a query from left to right. */
class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skipSpace(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  get done(): boolean {
    this.skipSpace();
    return this.at >= this.text.length;
  }

  take(token: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  label(): string {
    this.skipSpace();
    const found = LABEL.exec(this.text.slice(this.at))?.[0];
    if (found === undefined) this.fail('expecting IDENTIFIER');
    this.at += found.length;
    return found;
  }

  /** A Go string literal: "interpreted" or `raw`. */
  string(): string {
    if (this.take('`')) {
      const end = this.text.indexOf('`', this.at);
      if (end < 0) this.fail('literal not terminated');
      const raw = this.text.slice(this.at, end);
      this.at = end + 1;
      return raw;
    }
    if (!this.take('"')) this.fail('expecting STRING');
    let value = '';
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined || character === '\n') this.fail('literal not terminated');
      this.at += 1;
      if (character === '"') return value;
      value += character === '\\' ? this.escape() : character;
    }
  }

  private escape(): string {
    const character = this.text[this.at] ?? '';
    const simple = GO_ESCAPES[character];
    if (simple !== undefined) {
      this.at += 1;
      return simple;
    }
    const coded = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(
      this.text.slice(this.at, this.at + 9),
    );
    if (!coded) this.fail('invalid char escape');
    this.at += coded[0].length;
    return String.fromCodePoint(Number.parseInt(coded[1] ?? coded[2] ?? coded[3] ?? '', 16));
  }

  fail(problem: string): never {
    const column = (this.at + 1).toString();
    throw new LogqlError(`parse error at line 1, col ${column}: syntax error: ${problem}`);
  }
}

function regexp(source: string, anchored: boolean): RegExp {
  try {
    return new RegExp(anchored ? `^(?:${source})$` : source, 'su');
  } catch (error) {
    throw new LogqlError(`error parsing regexp: \`${source}\``, { cause: error });
  }
}

function readMatcher(reader: Reader): Matcher {
  const label = reader.label();
  const operator = ['=~', '!~', '!=', '='].find((token) => reader.take(token));
  if (operator === undefined) reader.fail('expecting = or != or =~ or !~');
  const value = reader.string();
  const pattern = operator.endsWith('~') ? regexp(value, true) : null;
  const positive = (candidate: string): boolean =>
    pattern ? pattern.test(candidate) : candidate === value;
  const matches = operator.startsWith('!')
    ? (candidate: string): boolean => !positive(candidate)
    : positive;
  return { label, matches, matchesEmpty: matches('') };
}

function readSelector(reader: Reader): readonly Matcher[] {
  if (!reader.take('{')) reader.fail('unexpected token, expecting {');
  const matchers: Matcher[] = [];
  while (!reader.take('}')) {
    if (matchers.length > 0 && !reader.take(',')) reader.fail('expecting , or }');
    matchers.push(readMatcher(reader));
  }
  if (matchers.every((matcher) => matcher.matchesEmpty)) {
    throw new LogqlError(
      'parse error : queries require at least one regexp or equality matcher that does not have an ' +
        'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
    );
  }
  return matchers;
}

function readLineFilter(reader: Reader): (line: string) => boolean {
  const operator = ['|=', '!=', '|~', '!~'].find((token) => reader.take(token));
  if (operator === undefined) reader.fail('unexpected token, this twin knows line filters only');
  const value = reader.string();
  const pattern = operator.endsWith('~') ? regexp(value, false) : null;
  const holds = (line: string): boolean => (pattern ? pattern.test(line) : line.includes(value));
  return operator.startsWith('!') ? (line) => !holds(line) : holds;
}

/**
 * Reads `{label="value", …}` with `= != =~ !~`, then line filters `|= != |~ !~`.
 * Raises `LogqlError` with the text of Loki's 400 for anything else.
 */
export function parseLogql(query: string): LogQuery {
  const reader = new Reader(query);
  const matchers = readSelector(reader);
  const lineFilters: ((line: string) => boolean)[] = [];
  while (!reader.done) lineFilters.push(readLineFilter(reader));
  return { matchers, lineFilters };
}
