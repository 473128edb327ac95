// Goal: the twin answers and refuses as Airflow's API v2 does, traps included.
// Method: plain HTTP requests against a twin whose tasks end when the test says so.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAirflowTwin, type AirflowTwin } from './twin.ts';

let twin: AirflowTwin;
let outcomes: Map<string, 'success' | 'failed'>;
const TASKS = [
  { id: 'train', downstream: ['register'] },
  { id: 'register', downstream: [] },
];

beforeEach(async () => {
  outcomes = new Map();
  twin = await createAirflowTwin({
    dags: [
      { id: 'retrain', tasks: TASKS, bundleVersion: 'abc123' },
      { id: 'paused', tasks: TASKS, paused: true },
    ],
    runner: (_, task) => Promise.resolve(outcomes.get(task) ?? 'success'),
  });
});
afterEach(() => twin.close());

async function call(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
  const response = await fetch(`${twin.url}/api/v2/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const reply: unknown = await response.json();
  return [response.status, reply];
}

const RUN = { dag_run_id: 'r1', logical_date: null, conf: { a: 1 } };

describe('answers', () => {
  const REFUSED: readonly (readonly [string, string, unknown, number, unknown])[] = [
    ['GET', 'dags/nobody', undefined, 404, { detail: expect.any(String) }],
    ['GET', 'dags/retrain/dagRuns/nobody', undefined, 404, { detail: expect.any(String) }],
    ['GET', 'nothing/here', undefined, 404, { detail: 'Not Found' }],
    ['DELETE', 'dags/retrain', undefined, 405, { detail: 'Method Not Allowed' }],
    [
      'POST',
      'dags/retrain/dagRuns',
      { conf: {} },
      422,
      { detail: [{ type: 'missing', loc: ['body', 'logical_date'] }] },
    ],
    ['POST', 'dags/retrain/dagRuns', { ...RUN, extra: 1 }, 422, { detail: expect.any(Array) }],
    [
      'POST',
      'dags/retrain/dagRuns',
      { ...RUN, dag_run_id: 'a/b' },
      400,
      { detail: expect.any(String) },
    ],
    [
      'PATCH',
      'dags/retrain?update_mask=owners',
      { is_paused: true },
      400,
      { detail: expect.any(String) },
    ],
    ['GET', 'dags/retrain/dagRuns?limit=many', undefined, 422, { detail: expect.any(Array) }],
    ['POST', 'dags/retrain/dagRuns/~/taskInstances/list', {}, 422, { detail: expect.any(Array) }],
  ];

  test.each(REFUSED)('%j', async (...[method, path, body, status, reply]) => {
    const [got, answer] = await call(method, path, body);
    expect([got, answer]).toMatchObject([status, reply]);
    expect(twin.ledger.some((entry) => entry.changed)).toBe(false);
  });

  test('an id is taken once', async () => {
    expect((await call('POST', 'dags/retrain/dagRuns', RUN))[0]).toBe(200);
    const [status, reply] = await call('POST', 'dags/retrain/dagRuns', RUN);
    expect([status, reply]).toMatchObject([
      409,
      { detail: { reason: 'Unique constraint violation' } },
    ]);
    expect(twin.ledger.filter((entry) => entry.changed)).toHaveLength(1);
  });

  test('pages have 50 entries by default and 100 at most', async () => {
    for (let run = 0; run < 120; run += 1) {
      await call('POST', 'dags/paused/dagRuns', { ...RUN, dag_run_id: `r${run.toString()}` });
    }
    for (const [query, size] of [
      ['', 50],
      ['?limit=500', 100],
      ['?limit=100&offset=100', 20],
    ] as const) {
      const [, reply] = await call('GET', `dags/~/dagRuns${query}`);
      expect(reply).toMatchObject({ total_entries: 120, dag_runs: { length: size } });
    }
  });

  test('code is told by version and source', async () => {
    expect((await call('GET', 'dags/retrain/dagVersions'))[1]).toMatchObject({
      dag_versions: [{ version_number: 1, bundle_version: 'abc123' }],
    });
    expect((await call('GET', 'dagSources/retrain'))[1]).toMatchObject({ version_number: 1 });
  });
});

describe('execution', () => {
  test('a failed task fails the run and those behind it', async () => {
    outcomes.set('train', 'failed');
    const [, made] = await call('POST', 'dags/retrain/dagRuns', RUN);
    expect(made).toMatchObject({ state: 'queued', run_type: 'manual', conf: { a: 1 } });
    await twin.idle();
    expect((await call('GET', 'dags/retrain/dagRuns/r1'))[1]).toMatchObject({ state: 'failed' });
    expect((await call('GET', 'dags/retrain/dagRuns/r1/taskInstances'))[1]).toMatchObject({
      task_instances: [
        { task_id: 'train', state: 'failed', try_number: 1 },
        { task_id: 'register', state: 'upstream_failed', try_number: 0 },
      ],
    });
  });

  test('a clear without arguments pretends; a real one runs the task again', async () => {
    outcomes.set('register', 'failed');
    await call('POST', 'dags/retrain/dagRuns', RUN);
    await twin.idle();
    const pretended = await call('POST', 'dags/retrain/clearTaskInstances', { dag_run_id: 'r1' });
    expect(pretended).toMatchObject([200, { total_entries: 1 }]);
    expect((await call('GET', 'dags/retrain/dagRuns/r1'))[1]).toMatchObject({ state: 'failed' });
    outcomes.set('register', 'success');
    await call('POST', 'dags/retrain/clearTaskInstances', { dag_run_id: 'r1', dry_run: false });
    await twin.idle();
    expect((await call('GET', 'dags/retrain/dagRuns/r1'))[1]).toMatchObject({ state: 'success' });
    expect((await call('GET', 'dags/retrain/dagRuns/r1/taskInstances/register'))[1]).toMatchObject({
      state: 'success',
      try_number: 2,
    });
  });

  test('a paused DAG keeps its runs until it is unpaused', async () => {
    await call('POST', 'dags/paused/dagRuns', RUN);
    await twin.idle();
    expect((await call('GET', 'dags/paused/dagRuns/r1'))[1]).toMatchObject({ state: 'queued' });
    await call('PATCH', 'dags/paused?update_mask=is_paused', { is_paused: false });
    await twin.idle();
    expect((await call('GET', 'dags/paused/dagRuns/r1'))[1]).toMatchObject({ state: 'success' });
  });
});

test('with a user, every call needs a token', async () => {
  const guarded = await createAirflowTwin({ dags: [], username: 'a', password: 'b' });
  const url = `${guarded.url}/api/v2/dags`;
  const login = (password: string): Promise<Response> =>
    fetch(`${guarded.url}/auth/token`, {
      method: 'POST',
      body: JSON.stringify({ username: 'a', password }),
    });
  const statuses = [
    (await fetch(url)).status,
    (await login('wrong')).status,
    (await login('b')).status,
  ];
  const bad = await fetch(url, { headers: { authorization: 'Bearer made-up' } });
  await guarded.close();
  expect([...statuses, bad.status]).toEqual([401, 401, 201, 401]);
});
