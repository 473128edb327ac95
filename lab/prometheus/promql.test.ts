// Goal: the PromQL subset gives what Prometheus gives, and refuses what the twin does not know.
// Method: a table of expressions over samples with chosen times, asked through the HTTP API; a property for rates.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerQuery } from './query-api.ts';
import { SampleStore } from './sample-store.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1_000;

let store: SampleStore;

function ask(
  parameters: Readonly<Record<string, string>>,
  path = 'query',
): { status: number; body: unknown } {
  const url = new URL(`http://127.0.0.1/api/v1/${path}`);
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
  const { status, body } = answerQuery(
    store,
    { method: 'GET', url, headers: {}, body: Buffer.alloc(0) },
    NOW,
  );
  return { status, body };
}

function valuesOf(query: string): unknown {
  const { body } = ask({ query });
  return body;
}

beforeAll(() => {
  store = new SampleStore();
  const pods = [
    { pod: 'a', version: '6', rate: 10, errors: 0 },
    { pod: 'b', version: '6', rate: 20, errors: 1 },
    { pod: 'c', version: '7', rate: 30, errors: 3 },
  ];
  for (let at = 0; at <= 60; at += 10) {
    for (const { pod, version, rate, errors } of pods) {
      const when = NOW - (60 - at) * SECOND;
      const labels = { pod, version, job: 'serving' };
      store.append({ ...labels, __name__: 'requests_total' }, { at: when, value: rate * at });
      store.append({ ...labels, __name__: 'errors_total' }, { at: when, value: errors * at });
      store.append({ ...labels, __name__: 'score' }, { at: when, value: at });
    }
  }
  store.append({ __name__: 'gone', pod: 'a' }, { at: NOW - 20 * SECOND, value: 1 });
  store.append({ __name__: 'gone', pod: 'a' }, { at: NOW - 10 * SECOND, value: null });
  store.append({ __name__: 'old' }, { at: NOW - 301 * SECOND, value: 1 });
});
afterAll(() => {
  store = new SampleStore();
});

function vector(
  ...samples: readonly (readonly [Readonly<Record<string, string>>, string])[]
): unknown {
  return {
    status: 'success',
    data: {
      resultType: 'vector',
      result: samples.map(([metric, value]) => ({ metric, value: [NOW / 1000, value] })),
    },
  };
}

const A = { pod: 'a', version: '6', job: 'serving' };
const B = { pod: 'b', version: '6', job: 'serving' };
const C = { pod: 'c', version: '7', job: 'serving' };

describe('instant queries', () => {
  const CASES: readonly (readonly [string, unknown])[] = [
    ['requests_total{pod="a"}', vector([{ ...A, __name__: 'requests_total' }, '600'])],
    ['{__name__="score",pod!="a",pod!~"b|x"}', vector([{ ...C, __name__: 'score' }, '60'])],
    ['count({pod=~".+",__name__=~"(requests|errors)_total"})', vector([{}, '6'])],
    ['gone', vector()],
    ['old', vector()],
    ['rate(requests_total{pod="a"}[1m])', vector([A, '10'])],
    ['increase(requests_total{pod="c"}[1m])', vector([C, '1800'])],
    [
      'sum by (version) (rate(requests_total[1m]))',
      vector([{ version: '6' }, '30'], [{ version: '7' }, '30']),
    ],
    [
      'sum(rate(requests_total[1m])) by (version)',
      vector([{ version: '6' }, '30'], [{ version: '7' }, '30']),
    ],
    ['max without (pod, job) (score)', vector([{ version: '6' }, '60'], [{ version: '7' }, '60'])],
    ['avg(score)', vector([{}, '60'])],
    ['min(requests_total)', vector([{}, '600'])],
    ['avg_over_time(score{pod="a"}[25s])', vector([A, '50'])],
    ['max_over_time(score{pod="a"}[1h])', vector([A, '60'])],
    ['score{pod="a"} / 4 + 2 * 3', vector([A, '21'])],
    [
      'requests_total > 600',
      vector(
        [{ ...B, __name__: 'requests_total' }, '1200'],
        [{ ...C, __name__: 'requests_total' }, '1800'],
      ),
    ],
    ['requests_total{pod="a"} > bool 600', vector([A, '0'])],
    ['errors_total / requests_total', vector([A, '0'], [B, '0.05'], [C, '0.1'])],
    ['sum(errors_total) / sum(requests_total)', vector([{}, (240 / 3600).toString()])],
    ['absent(nothing{pod="z"})', vector([{ pod: 'z' }, '1'])],
    ['absent(score)', vector()],
    ['sum(nothing) or vector(0)', vector([{}, '0'])],
    ['sum(score) or vector(0)', vector([{}, '180'])],
    ['score and errors_total{pod="b"}', vector([{ ...B, __name__: 'score' }, '60'])],
    ['score unless score{version="6"}', vector([{ ...C, __name__: 'score' }, '60'])],
    ['-score{pod="a"}', vector([A, '-60'])],
    ['score{pod="a"} / 0', vector([A, '+Inf'])],
    ['0 * (score{pod="a"} / 0)', vector([A, 'NaN'])],
    [
      '2 ^ 3 ^ 2',
      { status: 'success', data: { resultType: 'scalar', result: [NOW / 1000, '512'] } },
    ],
    ['-2 ^ 2', { status: 'success', data: { resultType: 'scalar', result: [NOW / 1000, '-4'] } }],
  ];

  test.each(CASES)('%s', (query, answer) => {
    expect(valuesOf(query)).toEqual(answer);
  });

  test.each([
    '',
    'score{',
    'score{pod="a"',
    'score[5m',
    'rate(score)',
    'sum(score[5m])',
    'score[5m] + 1',
    '{pod=~".*"}',
    'nobody(score)',
    'histogram_quantile(0.9, score)',
    'score offset 5m',
    'score / on(pod) errors_total',
    'score{pod=~"("}',
    '1 > 0',
    'score and 1',
    'score "text"',
    `${'('.repeat(60)}1${')'.repeat(60)}`,
  ])('%j is bad_data', (query) => {
    expect(ask({ query })).toMatchObject({
      status: 400,
      body: { status: 'error', errorType: 'bad_data' },
    });
  });

  test('two series on one side with equal labels cannot be divided', () => {
    expect(ask({ query: 'score / {__name__=~"score|errors_total"}' })).toMatchObject({
      status: 422,
      body: { errorType: 'execution' },
    });
  });

  test('a counter that only grows has the rate of its growth, resets aside', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 2, maxLength: 30 }), (steps) => {
        store = new SampleStore();
        let value = 0;
        steps.forEach((step, index) => {
          value += step;
          store.append({ __name__: 'c' }, { at: NOW - (steps.length - 1 - index) * SECOND, value });
        });
        const { body } = ask({ query: `increase(c[${steps.length.toString()}s])` });
        const grown = value - (steps[0] ?? 0);
        const text = JSON.stringify(body);
        const got = Number(/"value":\[[^,]+,"([^"]+)"\]/.exec(text)?.[1] ?? 'NaN');
        expect(got).toBeGreaterThanOrEqual(grown - 1e-6);
        expect(got).toBeLessThanOrEqual(grown * (1 + 1.1 / (steps.length - 1)) + 1e-6);
      }),
    );
  });
});

describe('range queries', () => {
  const from = (NOW - 20 * SECOND) / 1000;
  const range = { start: from.toString(), end: (NOW / 1000).toString(), step: '10' };

  beforeAll(() => {
    store = new SampleStore();
    for (const [at, value] of [
      [20, 1],
      [10, 2],
      [0, 3],
    ] as const) {
      store.append({ __name__: 'score' }, { at: NOW - at * SECOND, value });
    }
  });

  test('give one point a step', () => {
    expect(ask({ query: 'score', ...range }, 'query_range')).toEqual({
      status: 200,
      body: {
        status: 'success',
        data: {
          resultType: 'matrix',
          result: [
            {
              metric: { __name__: 'score' },
              values: [
                [from, '1'],
                [from + 10, '2'],
                [from + 20, '3'],
              ],
            },
          ],
        },
      },
    });
  });

  test.each([
    [{ ...range, step: '0' }],
    [{ ...range, step: '0.001' }],
    [{ ...range, end: '1' }],
    [{ ...range, start: 'yesterday' }],
    [{ ...range, query: 'score[5m]' }],
  ])('%j is bad_data', (parameters) => {
    expect(ask({ query: 'score', ...parameters }, 'query_range')).toMatchObject({
      status: 400,
      body: { errorType: 'bad_data' },
    });
  });
});
