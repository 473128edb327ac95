/** The expression cannot be read; `bad_data` with this text. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError';
}

/** One token and where it begins, counted from 1. */
export interface Token {
  readonly kind: 'number' | 'duration' | 'name' | 'string' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
}

const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['duration', /^(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/],
  ['number', /^(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Inf\b|NaN\b)/i],
  ['name', /^[a-zA-Z_:][a-zA-Z0-9_:]*/],
  ['string', /^(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)/],
  ['operator', /^(?:=~|!~|!=|==|<=|>=|[-+*/%^(){}[\],=<>@:])/],
];
const TOKENS_MAX = 500;

/** A parse error in the words of Prometheus. */
export function parseError(at: number, message: string): PromqlError {
  return new PromqlError(`invalid parameter "query": 1:${at.toString()}: parse error: ${message}`);
}

/** The tokens of an expression, the last one `end`. Raises `PromqlError`. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const blank = /^(?:\s|#[^\n]*)+/.exec(rest)?.[0];
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const token = tokenAt(rest, at + 1);
    if (tokens.length >= TOKENS_MAX) throw parseError(at + 1, 'the expression is too long');
    tokens.push(token);
    at += token.text.length;
  }
  return [...tokens, { kind: 'end', text: '', at: text.length + 1 }];
}

function tokenAt(rest: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    const text = pattern.exec(rest)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  throw parseError(at, `unexpected character: '${rest.charAt(0)}'`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** The text that a string token stands for. */
export function unquoted(token: Token): string {
  const inner = token.text.slice(1, -1);
  if (token.text.startsWith('`')) return inner;
  return inner.replace(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Milliseconds of a duration such as `1h30m`. */
export function durationMs(text: string): number {
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count = '0', unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}
