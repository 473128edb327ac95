import type { TwinReply, TwinRequest } from '../twin.ts';
import { evaluate, ExecutionError, type Value, type VectorSample } from './evaluate.ts';
import type { Labels } from './exposition.ts';
import { typeOf, type Expression } from './expression.ts';
import { durationMs, PromqlError } from './lexer.ts';
import { parsePromql } from './parser.ts';
import { labelKey, type SampleStore } from './sample-store.ts';

const POINTS_MAX = 11_000;

function failure(status: number, errorType: string, error: string): TwinReply {
  return { status, body: { status: 'error', errorType, error } };
}

function success(data: unknown): TwinReply {
  return { status: 200, body: { status: 'success', data } };
}

/** Parameters of the query or, for POST, of the form. */
function parametersOf(request: TwinRequest): URLSearchParams {
  if (request.method !== 'POST') return request.url.searchParams;
  const form = new URLSearchParams(request.body.toString('utf8'));
  return new URLSearchParams([...request.url.searchParams, ...form]);
}

/** Milliseconds of a Unix time in seconds or of RFC 3339. Raises `PromqlError`. */
function momentOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const ms = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new PromqlError(`invalid parameter "${name}": cannot parse "${text}" to a valid timestamp`);
}

function stepOf(parameters: URLSearchParams): number {
  const text = parameters.get('step') ?? '';
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : durationMs(text);
  if (ms > 0) return ms;
  throw new PromqlError(
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  );
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value.toString();
}

function pointOf(at: number, value: number): readonly [number, string] {
  return [at / 1000, numberText(value)];
}

function sorted(vector: readonly VectorSample[]): readonly VectorSample[] {
  return [...vector].sort((a, b) => (labelKey(a.labels) < labelKey(b.labels) ? -1 : 1));
}

function instantData(value: Value, at: number): unknown {
  if (typeof value === 'number') return { resultType: 'scalar', result: pointOf(at, value) };
  const result = sorted(value).map((sample) => ({
    metric: sample.labels,
    value: pointOf(at, sample.value),
  }));
  return { resultType: 'vector', result };
}

function query(store: SampleStore, parameters: URLSearchParams, now: number): TwinReply {
  const at = parameters.has('time') ? momentOf(parameters, 'time') : now;
  const expression = parsePromql(parameters.get('query') ?? '');
  if (expression.kind === 'string') {
    return success({ resultType: 'string', result: [at / 1000, expression.value] });
  }
  if (expression.kind === 'selector' && expression.rangeMs !== null) {
    const { matchers, rangeMs } = expression;
    const series = store.select((labels) =>
      matchers.every(({ label, matches }) => matches(labels[label] ?? '')),
    );
    const result = series.flatMap(({ labels, samples }) => {
      const values = samples.flatMap((sample) =>
        sample.value !== null && sample.at > at - rangeMs && sample.at <= at
          ? [pointOf(sample.at, sample.value)]
          : [],
      );
      return values.length === 0 ? [] : [{ metric: labels, values }];
    });
    return success({ resultType: 'matrix', result });
  }
  return success(instantData(evaluate(expression, { store, at }), at));
}

/** An expression that can be evaluated over a range. Raises `PromqlError`. */
function rangeExpression(text: string): Expression {
  const expression = parsePromql(text);
  const type = typeOf(expression);
  if (type === 'matrix' || type === 'string') {
    const name = type === 'matrix' ? 'range vector' : 'string';
    throw new PromqlError(
      `invalid parameter "query": invalid expression type "${name}" for range query, must be Scalar or instant Vector`,
    );
  }
  return expression;
}

function queryRange(store: SampleStore, parameters: URLSearchParams): TwinReply {
  const start = momentOf(parameters, 'start');
  const end = momentOf(parameters, 'end');
  if (end < start) {
    throw new PromqlError('invalid parameter "end": end timestamp must not be before start time');
  }
  const step = stepOf(parameters);
  if ((end - start) / step > POINTS_MAX) {
    throw new PromqlError(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const expression = rangeExpression(parameters.get('query') ?? '');
  const series = new Map<string, { metric: Labels; values: (readonly [number, string])[] }>();
  for (let at = start; at <= end; at += step) {
    const value = evaluate(expression, { store, at });
    const vector = typeof value === 'number' ? [{ labels: {}, value }] : value;
    for (const sample of vector) {
      const key = labelKey(sample.labels);
      const found = series.get(key) ?? { metric: sample.labels, values: [] };
      found.values.push(pointOf(at, sample.value));
      series.set(key, found);
    }
  }
  const result = [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
  return success({ resultType: 'matrix', result });
}

/** Answers `query` and `query_range` as Prometheus does: 400 `bad_data`, 422 `execution`. */
export function answerQuery(store: SampleStore, request: TwinRequest, now: number): TwinReply {
  const parameters = parametersOf(request);
  try {
    return request.url.pathname.endsWith('_range')
      ? queryRange(store, parameters)
      : query(store, parameters, now);
  } catch (error) {
    if (error instanceof PromqlError) return failure(400, 'bad_data', error.message);
    if (error instanceof ExecutionError) return failure(422, 'execution', error.message);
    throw error;
  }
}
