/** A condition on one label. */
export interface Matcher {
  readonly label: string;
  readonly matches: (value: string) => boolean;
}

/** Aggregations that the twin knows. */
export const AGGREGATIONS = ['sum', 'count', 'avg', 'max', 'min'] as const;
/** One of `AGGREGATIONS`. */
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Functions over a range that the twin knows. */
export const RANGE_FUNCTIONS = [
  'rate',
  'irate',
  'increase',
  'avg_over_time',
  'max_over_time',
  'min_over_time',
  'sum_over_time',
  'count_over_time',
] as const;
/** One of `RANGE_FUNCTIONS`. */
export type RangeFunction = (typeof RANGE_FUNCTIONS)[number];

/** Operators between two expressions. */
export type Operator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | 'and'
  | 'or'
  | 'unless';

/** What an expression gives. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** A parsed expression. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | {
      readonly kind: 'selector';
      readonly matchers: readonly Matcher[];
      readonly rangeMs: number | null;
      readonly equal: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'aggregation';
      readonly by: Aggregation;
      readonly without: boolean;
      readonly labels: readonly string[];
      readonly of: Expression;
    }
  | { readonly kind: 'range-function'; readonly name: RangeFunction; readonly of: Expression }
  | { readonly kind: 'absent'; readonly of: Expression }
  | { readonly kind: 'vector'; readonly of: Expression }
  | { readonly kind: 'time' }
  | { readonly kind: 'negative'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: Operator;
      readonly bool: boolean;
      readonly left: Expression;
      readonly right: Expression;
    };

/** The type of an expression's value. */
export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
    case 'time':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
      return expression.rangeMs === null ? 'vector' : 'matrix';
    case 'negative':
      return typeOf(expression.of);
    case 'binary': {
      const both = [typeOf(expression.left), typeOf(expression.right)];
      return both.every((type) => type === 'scalar') ? 'scalar' : 'vector';
    }
    default:
      return 'vector';
  }
}
