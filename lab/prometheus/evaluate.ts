import type { Labels } from './exposition.ts';
import type { Aggregation, Expression, Matcher, Operator, RangeFunction } from './expression.ts';
import { labelKey, type Sample, type SampleStore } from './sample-store.ts';

/** A value with the labels of its series. */
export interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
}

/** A vector, or a number. */
export type Value = readonly VectorSample[] | number;

/** What cannot be evaluated: 422 `execution`. */
export class ExecutionError extends Error {
  override readonly name = 'ExecutionError';
}

/** How far back an instant selector looks: 5 minutes. */
const LOOKBACK_MS = 5 * 60_000;

/** Where and when an expression is evaluated. */
export interface Moment {
  readonly store: SampleStore;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A sample that is not a staleness mark. */
interface Real {
  readonly at: number;
  readonly value: number;
}

function isReal(sample: Sample): sample is Real {
  return sample.value !== null;
}

function select(moment: Moment, matchers: readonly Matcher[]): ReturnType<SampleStore['select']> {
  return moment.store.select((labels) =>
    matchers.every(({ label, matches }) => matches(labels[label] ?? '')),
  );
}

function withoutName(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label !== '__name__'));
}

function instant(moment: Moment, matchers: readonly Matcher[]): readonly VectorSample[] {
  return select(moment, matchers).flatMap(({ labels, samples }) => {
    const last = samples.findLast((sample) => sample.at <= moment.at);
    if (last?.value === undefined || last.value === null) return [];
    return last.at > moment.at - LOOKBACK_MS ? [{ labels, value: last.value }] : [];
  });
}

/** Prometheus' extrapolation to the edges of the window; null for fewer than two samples. */
function increaseOf(
  samples: readonly Real[],
  window: { readonly from: number; readonly to: number },
): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 2) return null;
  const resets = samples.reduce((sum, sample, index) => {
    const before = samples[index - 1];
    return before !== undefined && sample.value < before.value ? sum + before.value : sum;
  }, 0);
  const grown = last.value - first.value + resets;
  const covered = last.at - first.at;
  const spacing = covered / (samples.length - 1);
  const edge = (distance: number): number => (distance >= spacing * 1.1 ? spacing / 2 : distance);
  let toStart = edge(first.at - window.from);
  if (grown > 0 && first.value >= 0) toStart = Math.min(toStart, covered * (first.value / grown));
  return grown * ((covered + toStart + edge(window.to - last.at)) / covered);
}

/** The rate between the last two samples; null for fewer than two. */
function instantRateOf(samples: readonly Real[]): number | null {
  const [before, last] = samples.slice(-2);
  if (before === undefined || last === undefined || last.at === before.at) return null;
  const grown = last.value < before.value ? last.value : last.value - before.value;
  return grown / ((last.at - before.at) / 1000);
}

function overRange(
  name: RangeFunction,
  samples: readonly Real[],
  window: { readonly from: number; readonly to: number },
): number | null {
  const values = samples.map((sample) => sample.value);
  switch (name) {
    case 'increase':
      return increaseOf(samples, window);
    case 'rate': {
      const increase = increaseOf(samples, window);
      return increase === null ? null : increase / ((window.to - window.from) / 1000);
    }
    case 'irate':
      return instantRateOf(samples);
    case 'avg_over_time':
      return sumOf(values) / values.length;
    case 'max_over_time':
      return Math.max(...values);
    case 'min_over_time':
      return Math.min(...values);
    case 'sum_over_time':
      return sumOf(values);
    case 'count_over_time':
      return values.length;
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function rangeFunction(
  moment: Moment,
  call: Extract<Expression, { kind: 'range-function' }>,
): readonly VectorSample[] {
  if (call.of.kind !== 'selector' || call.of.rangeMs === null) return [];
  const window = { from: moment.at - call.of.rangeMs, to: moment.at };
  return select(moment, call.of.matchers).flatMap(({ labels, samples }) => {
    const within = samples
      .filter(isReal)
      .filter((sample) => sample.at > window.from && sample.at <= window.to);
    const value = within.length === 0 ? null : overRange(call.name, within, window);
    return value === null ? [] : [{ labels: withoutName(labels), value }];
  });
}

function reduce(by: Aggregation, values: readonly number[]): number {
  switch (by) {
    case 'sum':
      return sumOf(values);
    case 'count':
      return values.length;
    case 'avg':
      return sumOf(values) / values.length;
    case 'max':
      return Math.max(...values);
    case 'min':
      return Math.min(...values);
  }
}

function aggregate(
  vector: readonly VectorSample[],
  how: Extract<Expression, { kind: 'aggregation' }>,
): readonly VectorSample[] {
  const groups = new Map<string, { labels: Labels; values: number[] }>();
  for (const { labels, value } of vector) {
    const kept = Object.fromEntries(
      Object.entries(withoutName(labels)).filter(
        ([label]) => how.labels.includes(label) !== how.without,
      ),
    );
    const group = groups.get(labelKey(kept)) ?? { labels: kept, values: [] };
    group.values.push(value);
    groups.set(labelKey(kept), group);
  }
  return [...groups.values()].map(({ labels, values }) => ({
    labels,
    value: reduce(how.by, values),
  }));
}

function compute(operator: Operator, left: number, right: number): number | boolean {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return left ** right;
    default:
      return holds(operator, left, right);
  }
}

function holds(operator: Operator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    default:
      return left >= right;
  }
}

type Binary = Extract<Expression, { kind: 'binary' }>;

/** One pair's result: a filter keeps the left sample, arithmetic and `bool` drop the name. */
function combine(
  how: Binary,
  kept: VectorSample,
  pair: readonly [number, number],
): readonly VectorSample[] {
  const result = compute(how.operator, pair[0], pair[1]);
  if (typeof result === 'number') return [{ labels: withoutName(kept.labels), value: result }];
  if (how.bool) return [{ labels: withoutName(kept.labels), value: result ? 1 : 0 }];
  return result ? [kept] : [];
}

function byLabels(vector: readonly VectorSample[]): ReadonlyMap<string, VectorSample> {
  const map = new Map<string, VectorSample>();
  for (const sample of vector) {
    const key = labelKey(withoutName(sample.labels));
    if (map.has(key)) {
      throw new ExecutionError(
        `found duplicate series for the match group ${key}; many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    map.set(key, sample);
  }
  return map;
}

function setOperation(
  operator: Operator,
  left: readonly VectorSample[],
  right: readonly VectorSample[],
): readonly VectorSample[] {
  const keys = (vector: readonly VectorSample[]): ReadonlySet<string> =>
    new Set(vector.map((sample) => labelKey(withoutName(sample.labels))));
  const among = (set: ReadonlySet<string>) => (sample: VectorSample) =>
    set.has(labelKey(withoutName(sample.labels)));
  if (operator === 'and') return left.filter(among(keys(right)));
  const inLeft = among(keys(left));
  const inRight = among(keys(right));
  if (operator === 'unless') return left.filter((sample) => !inRight(sample));
  return [...left, ...right.filter((sample) => !inLeft(sample))];
}

function binary(moment: Moment, how: Binary): Value {
  const left = evaluate(how.left, moment);
  const right = evaluate(how.right, moment);
  if (typeof left === 'number' && typeof right === 'number') {
    return Number(compute(how.operator, left, right));
  }
  if (typeof right === 'number') {
    if (typeof left === 'number') return [];
    return left.flatMap((sample) => combine(how, sample, [sample.value, right]));
  }
  if (typeof left === 'number') {
    return right.flatMap((sample) => combine(how, sample, [left, sample.value]));
  }
  if (how.operator === 'and' || how.operator === 'or' || how.operator === 'unless') {
    return setOperation(how.operator, left, right);
  }
  const others = byLabels(right);
  return [...byLabels(left)].flatMap(([key, sample]) => {
    const other = others.get(key);
    return other === undefined ? [] : combine(how, sample, [sample.value, other.value]);
  });
}

function vectorOf(value: Value): readonly VectorSample[] {
  return typeof value === 'number' ? [] : value;
}

function absent(moment: Moment, of: Expression): readonly VectorSample[] {
  if (vectorOf(evaluate(of, moment)).length > 0) return [];
  const labels = of.kind === 'selector' ? withoutName(of.equal) : {};
  return [{ labels, value: 1 }];
}

function negated(value: Value): Value {
  if (typeof value === 'number') return -value;
  return value.map((sample) => ({ labels: withoutName(sample.labels), value: -sample.value }));
}

type Calculated = Extract<
  Expression,
  { kind: 'aggregation' | 'range-function' | 'absent' | 'vector' }
>;

function calculate(expression: Calculated, moment: Moment): readonly VectorSample[] {
  switch (expression.kind) {
    case 'aggregation':
      return aggregate(vectorOf(evaluate(expression.of, moment)), expression);
    case 'range-function':
      return rangeFunction(moment, expression);
    case 'absent':
      return absent(moment, expression.of);
    case 'vector':
      return [{ labels: {}, value: Number(evaluate(expression.of, moment)) }];
  }
}

/** The value of an expression at a moment; range selectors and strings have none here. Raises `ExecutionError`. */
export function evaluate(expression: Expression, moment: Moment): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'time':
      return moment.at / 1000;
    case 'string':
      return [];
    case 'selector':
      return expression.rangeMs === null ? instant(moment, expression.matchers) : [];
    case 'negative':
      return negated(evaluate(expression.of, moment));
    case 'binary':
      return binary(moment, expression);
    default:
      return calculate(expression, moment);
  }
}
