// Goal: expressions of playbooks, routes and mappings answer what CEL says, name the place of each mistake,
// and can neither reach a prototype nor take the process with them. Method: tables of sources with their
// values or error codes (families A and G of the bad-input corpus), and laws over generated JSON.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAppError } from '../domain/error.ts';
import type { AppError } from '../domain/error.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { compileExpression } from './expression.ts';

const context: EvaluationContext = {
  incident: {
    id: 'i-1',
    number: 7,
    title: 'Poisoned batch',
    severity: 'sev2',
    model: 'fraud-scorer',
    suspect: null,
    onsetAt: '2026-11-20T02:00:00Z',
    openedAt: '2026-11-20T02:05:00Z',
    mode: 'auto',
    playbook: 'poisoned-data',
    owner: null,
  },
  alert: {
    labels: { model: 'fraud-scorer', version: '7' },
    annotations: {},
    startsAt: null,
    title: 't',
    source: 's',
  },
  parameters: { threshold: 0.2, entryPath: 'ingest' },
  model: {
    replicas: 20,
    serving: [
      { name: 'a', role: 'stable' },
      { name: 'b', role: 'canary' },
    ],
    datasetPointer: null,
  },
  results: {
    'known-good': { chosen: { version: '6' }, status: 'proven' },
    probe: { value: 1, list: [1, 2.5, 3], nested: { 'a-b': null }, toString: 'own' },
    odd: { constructor: { name: 'Date' }, hasOwnProperty: 'own', list: [{ constructor: 1 }] },
    big: { items: Array.from({ length: 2000 }, (_, index) => index) },
    text: 'x'.repeat(20_000),
  },
  each: { name: 'fraud-scorer', version: '7' },
  value: { samples: [{ value: 0 }], ok: true },
  now: '2026-11-20T03:00:00.000Z',
};

function evaluate(source: string): Json {
  return compileExpression(source, 'operation').evaluate(context);
}

function failure(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error('Expected an AppError.');
}

describe('values', () => {
  test.each<[string, Json]>([
    ["results['known-good'].chosen.version", '6'],
    ['incident.number + 1', 8],
    ['results.probe.value + 0.5', 1.5],
    ['results.probe.value * 2', 2],
    ['results.probe.value >= 0.9', true],
    ['results.probe.list.map(x, x * 2)', [2, 5, 6]],
    ['results.probe.list.filter(x, x > 1).size()', 2],
    ['results.probe.list.filter(x, x > 1).map(x, x + 1).filter(x, x > 3.5).map(x, x)', [4]],
    ["model.serving.filter(s, s.role == 'canary')[0].name", 'b'],
    ['value.samples.all(s, s.value == 0)', true],
    ['1 == 1.0', true],
    ['2 / 4', 0],
    ['double(2) / 4', 0.5],
    ['has(results.nope)', false],
    ["'nope' in results", false],
    ["get(results, 'nope', 'none')", 'none'],
    ["get(results.probe.nested, 'a-b', 5)", 5],
    ['get(results.probe.list, 9, 0)', 0],
    ["get(alert.labels, 'region', 'eu') + '!'", 'eu!'],
    ["regex(alert.labels.model, '^fraud-[a-z]+$')", true],
    ["regex('x', '')", true],
    ['incident.suspect == null', true],
    ["incident.suspect == 'x'", false],
    ['minutesBefore(now, 30)', '2026-11-20T02:30:00.000Z'],
    ["minutesAfter('2026-11-20T02:00:00+02:00', 90)", '2026-11-20T01:30:00.000Z'],
    ["timestamp(now) - duration('1h')", '2026-11-20T02:00:00.000Z'],
    ["withTag('localhost:5000/fraud-scorer:6', '7')", 'localhost:5000/fraud-scorer:7'],
    ["withTag('repo/fraud-scorer@sha256:ab', '7')", 'repo/fraud-scorer:7'],
    ["pick(model.serving, 'role', 'canary').name", 'b'],
    [`quoted('a"b\\\\')`, '"a\\"b\\\\"'],
    ["{'a': 1, 'b': [1, 'x', null]}", { a: 1, b: [1, 'x', null] }],
    ['each', { name: 'fraud-scorer', version: '7' }],
    ['incident.severity', 'sev2'],
    ["results.probe['toString']", 'own'],
    ["get(results.odd, 'hasOwnProperty', '')", 'own'],
    ['results.odd.constructor.name', 'Date'],
    ["'constructor' in results.odd && results.odd.list.all(x, x.constructor == 1)", true],
    ['results.odd.size()', 3],
    ['results.odd.list', [{ constructor: 1 }]],
    ['-results.probe.value', -1],
    ["'é😀'", 'é😀'],
  ])('%s', (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
    expect(evaluate(source)).toEqual(expected);
  });

  test('a schema variable read as a whole comes back as plain JSON', () => {
    expect(evaluate('incident')).toEqual(context.incident);
  });
});

describe('refused when compiled', () => {
  test.each<[string, string, number, number]>([
    ['incident.modle', 'no_such_key', 1, 10],
    ['nobody', 'unknown_variable', 1, 1],
    ["'a' + 1", 'no_such_overload', 1, 1],
    ['1 +', 'unexpected_token', 1, 4],
    ["true &&\n  alert.labels.model.matches('a+')", 'forbidden_function', 2, 3],
    ["b'{}'.json()", 'forbidden_function', 1, 1],
    ['cel.bind(x, 1, x)', 'forbidden_function', 1, 1],
    ["timestamp(now).getHours('Asia/Tokyo')", 'forbidden_function', 1, 1],
    ['[1].all(a, [1].all(b, [1].all(c, true)))', 'nested_too_deeply', 1, 23],
    ['foo(1)', 'no_matching_overload', 1, 1],
    ["constructor.constructor('return 1')()", 'not_understood', 1, 1],
    ["'a'.constructor", 'cannot_index_type', 1, 5],
    ['__proto__', 'reserved_identifier', 1, 1],
    ['true ? 1 : "a"', 'incompatible_ternary_branches', 1, 1],
    ['', 'unexpected_token', 1, 1],
    [`${'('.repeat(500)}1${')'.repeat(500)}`, 'limit_exceeded', 1, 1],
    ['!'.repeat(4000), 'not_understood', 1, 1],
    ['1'.concat('+1'.repeat(2000)), 'limit_exceeded', 1, 1],
  ])('%s', (source, ...expected) => {
    const [reason, line, column] = expected;
    const error = failure(() => compileExpression(source, 'operation', 'steps[0].when'));
    expect(error.code).toBe('invalid');
    expect(error.field).toBe('steps[0].when');
    const loose = ['not_understood', 'limit_exceeded', 'reserved_identifier'].includes(reason);
    if (loose) expect(error.details).toMatchObject({ line: 1 });
    else expect(error.details).toMatchObject({ reason, line, column });
  });

  test('an expression of a megabyte is too large and not quoted in full', () => {
    const error = failure(() => compileExpression('1+'.repeat(500_000), 'operation'));
    expect(error.code).toBe('too_large');
    expect(error.message.length).toBeLessThan(200);
  });

  test('each scope offers its own variables only', () => {
    expect(failure(() => compileExpression('results', 'alert')).code).toBe('invalid');
    expect(failure(() => compileExpression('alert.labels', 'mapping')).code).toBe('invalid');
    expect(
      compileExpression('body.alerts', 'mapping').evaluate({ body: { alerts: [] }, item: null }),
    ).toEqual([]);
  });
});

describe('refused when evaluated', () => {
  const doubling = `['a'].map(x, x + x)${'.map(x, x + x)'.repeat(40)}`;
  const lists = `[[1]].map(x, x + x)${'.map(x, x + x)'.repeat(40)}`;
  test.each<[string, string, string]>([
    ['missing key', 'results.nope', 'no_such_key'],
    ['prototype of a map', "results['__proto__']", 'no_such_key'],
    ['constructor of a map', 'results.constructor', 'no_such_key'],
    ['inherited method', 'each.hasOwnProperty', 'no_such_key'],
    ['constructor of a value', "each.constructor.constructor == 'x'", 'no_such_key'],
    ['missing label', 'alert.labels.region', 'no_such_key'],
    ['division by zero', '1 / 0', 'division_by_zero'],
    ['not finite', '1.0 / 0.0', 'result_not_json'],
    ['type confusion', 'each ? 1 : 2', 'invalid_condition_type'],
    ['null into arithmetic', 'incident.suspect + 1', 'no_such_overload'],
    ['a type', 'type(1)', 'result_not_json'],
    ['bytes', "b'abc'", 'result_not_json'],
    ['beyond 2^53', '9007199254740993', 'result_not_json'],
    ['overflow', '9223372036854775807 + 1', 'numeric_overflow'],
    ['index', 'results.probe.list[9]', 'index_out_of_bounds'],
    ['invalid pattern', "regex('a', '(')", 'invalid_regular_expression'],
    ['look-behind', "regex('a', '(?<=a)b')", 'invalid_regular_expression'],
    ['back-reference', "regex('a', '(a)\\\\1')", 'invalid_regular_expression'],
    ['bad time', "minutesBefore('yesterday', 1)", 'invalid_timestamp'],
    ['nothing to pick', "pick(model.serving, 'role', 'shadow')", 'no_such_item'],
    ['bad tag', "withTag('a', 'x y')", 'invalid_tag'],
  ])('%s', (_title, source, reason) => {
    const error = failure(() => evaluate(source));
    expect(error.code).toBe('invalid');
    expect(error.details).toMatchObject({ reason });
  });

  test.each([
    ['text doubled forty times', doubling],
    ['lists doubled forty times', lists],
    ['a loop over a product', 'results.big.items.all(a, results.big.items.all(b, a + b >= 0))'],
    [
      'the same, its refusal swallowed by ||',
      'results.big.items.all(a, results.big.items.all(b, a + b < 0) || true)',
    ],
    ['join of long texts', "results.big.items.map(x, results.text).join('-')"],
    ['an answer of a megabyte', 'results.big.items.map(x, results.text)'],
  ])('%s is too large, in bounded time', (_title, source) => {
    const started = process.cpuUsage();
    expect(failure(() => evaluate(source)).code).toBe('too_large');
    const used = process.cpuUsage(started);
    expect((used.user + used.system) / 1000).toBeLessThan(1000);
  });

  test.each(['(a+)+$', '(.*a){25}', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    'the pattern %s runs in linear time',
    (pattern) => {
      const hostile: EvaluationContext = {
        ...context,
        value: { text: `${'a'.repeat(5000)}!`, pattern },
      };
      const started = process.cpuUsage();
      const compiled = compileExpression('regex(value.text, value.pattern)', 'operation');
      expect(typeof compiled.evaluate(hostile)).toBe('boolean');
      const used = process.cpuUsage(started);
      expect((used.user + used.system) / 1000).toBeLessThan(1000);
    },
  );
});

describe('references', () => {
  test('names what is read, with the first key where it is written out', () => {
    const source =
      "results['a-b'].x == get(results, 'c', 1) && 'd' in results && has(results.e) && results[each] == value";
    const references = compileExpression(source, 'operation').references.map(
      ({ variable, key }) => `${variable}:${key ?? '*'}`,
    );
    expect(references.sort()).toEqual([
      'each:*',
      'results:*',
      'results:a-b',
      'results:c',
      'results:d',
      'results:e',
      'value:*',
    ]);
  });
});

describe('laws', () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
  );
  const inner = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf));
  const json: fc.Arbitrary<Json> = fc.oneof(
    inner,
    fc.array(inner),
    fc.dictionary(fc.string(), inner),
  );

  test('a JSON value goes in and comes out unchanged', () => {
    const compiled = compileExpression('value', 'operation');
    fc.assert(
      fc.property(json, (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(compiled.evaluate({ ...context, value })).toEqual(plain);
      }),
    );
  });

  test('a key that the map does not own is never found', () => {
    const compiled = compileExpression("get(value.map, value.key, 'absent')", 'operation');
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.integer()), (key, map) => {
        const value: JsonObject = { map: { ...map }, key };
        expect(compiled.evaluate({ ...context, value })).toBe(
          Object.hasOwn(map, key) ? map[key] : 'absent',
        );
      }),
    );
  });
});
