import {
  AGGREGATIONS,
  RANGE_FUNCTIONS,
  typeOf,
  type Expression,
  type Matcher,
  type Operator,
  type ValueType,
} from './expression.ts';
import { parseNumber } from './exposition.ts';
import { durationMs, parseError, tokensOf, unquoted, type Token } from './lexer.ts';

const DEPTH_MAX = 40;

/** Binary operators, weakest first. */
const LEVELS: readonly (readonly Operator[])[] = [
  ['or'],
  ['and', 'unless'],
  ['==', '!=', '<=', '<', '>=', '>'],
  ['+', '-'],
  ['*', '/', '%'],
  ['^'],
];
const COMPARISONS: ReadonlySet<string> = new Set(LEVELS[2]);
const SETS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'on',
  'ignoring',
  'offset',
  'group_left',
  'group_right',
]);

type MatcherOperator = '=' | '!=' | '=~' | '!~';

function isMatcherOperator(text: string): text is MatcherOperator {
  return ['=', '!=', '=~', '!~'].includes(text);
}

function matcherOf(operator: MatcherOperator, value: string): Matcher['matches'] {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const pattern = new RegExp(`^(?:${value})$`, 's');
  return operator === '=~' ? (text) => pattern.test(text) : (text) => !pattern.test(text);
}

/** Walks the tokens of one expression. */
class Parser {
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** The whole expression. */
  whole(): Expression {
    const expression = this.level(0);
    if (this.next.kind !== 'end') throw this.unexpected();
    return expression;
  }

  private get next(): Token {
    return this.tokens[this.index] ?? { kind: 'end', text: '', at: 0 };
  }

  private unexpected(): Error {
    const { kind, text, at } = this.next;
    return parseError(at, kind === 'end' ? 'unexpected end of input' : `unexpected "${text}"`);
  }

  private take(text: string): boolean {
    if (this.next.kind === 'string' || this.next.text !== text) return false;
    this.index += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.take(text)) throw this.unexpected();
  }

  private takeKind(kind: Token['kind']): Token {
    const token = this.next;
    if (token.kind !== kind) throw this.unexpected();
    this.index += 1;
    return token;
  }

  private level(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    this.depth += 1;
    if (this.depth > DEPTH_MAX * LEVELS.length) throw parseError(this.next.at, 'nested too deeply');
    let left = this.level(level + 1);
    for (;;) {
      const operator = operators.find((candidate) => this.take(candidate));
      if (operator === undefined) break;
      // `^` binds to the right.
      left = this.binary(operator, left, () => this.level(operator === '^' ? level : level + 1));
    }
    this.depth -= 1;
    return left;
  }

  private binary(operator: Operator, left: Expression, readRight: () => Expression): Expression {
    const { at } = this.next;
    const bool = this.take('bool');
    if (bool && !COMPARISONS.has(operator)) {
      throw parseError(at, 'bool modifier can only be used on comparison operators');
    }
    if (UNSUPPORTED.has(this.next.text)) throw this.unexpected();
    const right = readRight();
    const types = [typeOf(left), typeOf(right)];
    if (types.some((type) => type === 'matrix' || type === 'string')) {
      throw parseError(at, 'binary expression must contain only scalar and instant vector types');
    }
    const scalars = types.filter((type) => type === 'scalar').length;
    if (SETS.has(operator) && scalars > 0) {
      throw parseError(at, `set operator "${operator}" not allowed in binary scalar expression`);
    }
    if (COMPARISONS.has(operator) && scalars === 2 && !bool) {
      throw parseError(at, 'comparisons between scalars must use BOOL modifier');
    }
    return { kind: 'binary', operator, bool, left, right };
  }

  private unary(): Expression {
    if (this.take('+')) return this.unary();
    if (this.take('-')) return { kind: 'negative', of: this.level(LEVELS.length - 1) };
    return this.primary();
  }

  private primary(): Expression {
    const token = this.next;
    if (token.kind === 'number') {
      this.index += 1;
      return { kind: 'number', value: parseNumber(token.text) };
    }
    if (token.kind === 'string') {
      this.index += 1;
      return { kind: 'string', value: unquoted(token) };
    }
    if (this.take('(')) {
      const inner = this.level(0);
      this.expect(')');
      return inner;
    }
    if (token.text === '{') return this.selector(null);
    const { text: name } = this.takeKind('name');
    const aggregation = AGGREGATIONS.find((known) => known === name);
    if (aggregation !== undefined) return this.aggregation(aggregation);
    return this.next.text === '(' ? this.callOf(name, token.at) : this.selector(name);
  }

  private aggregation(by: (typeof AGGREGATIONS)[number]): Expression {
    const before = this.grouping();
    this.expect('(');
    const { at } = this.next;
    const of = this.level(0);
    this.expect(')');
    mustBe(of, 'vector', { at, what: `aggregation expression` });
    const grouping = before ?? this.grouping() ?? { without: false, labels: [] };
    return { kind: 'aggregation', by, of, ...grouping };
  }

  private grouping():
    { readonly without: boolean; readonly labels: readonly string[] } | undefined {
    const without = this.take('without');
    if (!without && !this.take('by')) return undefined;
    this.expect('(');
    const labels: string[] = [];
    while (!this.take(')')) {
      labels.push(this.takeKind('name').text);
      if (!this.take(',') && this.next.text !== ')') throw this.unexpected();
    }
    return { without, labels };
  }

  private callOf(name: string, at: number): Expression {
    const known = RANGE_FUNCTIONS.find((candidate) => candidate === name);
    if (known === undefined && !['absent', 'vector', 'time'].includes(name)) {
      throw parseError(at, `unknown function with name "${name}"`);
    }
    this.expect('(');
    if (name === 'time') {
      this.expect(')');
      return { kind: 'time' };
    }
    const of = this.level(0);
    this.expect(')');
    const what = `call to function "${name}"`;
    if (known !== undefined) {
      mustBe(of, 'matrix', { at, what });
      return { kind: 'range-function', name: known, of };
    }
    mustBe(of, name === 'vector' ? 'scalar' : 'vector', { at, what });
    return { kind: name === 'vector' ? 'vector' : 'absent', of };
  }

  private selector(name: string | null): Expression {
    const { at } = this.next;
    const equal: Record<string, string> = {};
    const matchers: Matcher[] =
      name === null ? [] : [{ label: '__name__', matches: (value) => value === name }];
    if (this.take('{')) {
      while (!this.take('}')) {
        matchers.push(this.matcher(equal));
        if (!this.take(',') && this.next.text !== '}') throw this.unexpected();
      }
    }
    if (matchers.every((matcher) => matcher.matches(''))) {
      throw parseError(at, 'vector selector must contain at least one non-empty matcher');
    }
    let rangeMs: number | null = null;
    if (this.take('[')) {
      rangeMs = durationMs(this.takeKind('duration').text);
      this.expect(']');
    }
    if (UNSUPPORTED.has(this.next.text) || this.next.text === '@') throw this.unexpected();
    return { kind: 'selector', matchers, rangeMs, equal };
  }

  private matcher(equal: Record<string, string>): Matcher {
    const label = this.takeKind('name').text;
    const operator = this.takeKind('operator').text;
    if (!isMatcherOperator(operator)) throw this.unexpected();
    const token = this.takeKind('string');
    const value = unquoted(token);
    if (operator === '=') equal[label] = value;
    try {
      return { label, matches: matcherOf(operator, value) };
    } catch {
      throw parseError(token.at, `error parsing regexp: ${value}`);
    }
  }
}

function mustBe(
  expression: Expression,
  wanted: ValueType,
  where: { readonly at: number; readonly what: string },
): void {
  const type = typeOf(expression);
  if (type === wanted) return;
  const names: Readonly<Record<ValueType, string>> = {
    scalar: 'scalar',
    vector: 'instant vector',
    matrix: 'range vector',
    string: 'string',
  };
  throw parseError(where.at, `expected type ${names[wanted]} in ${where.what}, got ${names[type]}`);
}

/** The expression that a text is. Raises `PromqlError`. */
export function parsePromql(text: string): Expression {
  if (text.trim() === '') throw parseError(1, 'no expression found in input');
  return new Parser(tokensOf(text)).whole();
}
