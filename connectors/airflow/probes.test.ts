// Goal: probes tell what ran; tokens are renewed once; refusals are named.
// Method: the connector against the Airflow twin, whose runner decides what tasks do; effects counted in its ledger.
import { describe, expect, test } from '@jest/globals';
import { callContext, failureOf } from '../test-connector.ts';
import { create } from './index.ts';
import { DAG, TASKS, USER, world } from './test-world.ts';

const context = callContext();

describe('probes', () => {
  test('task-instances give the runs alive in the window, with evidence', async () => {
    let clock = Date.parse('2026-11-20T10:00:00Z');
    const { twin, action, probe } = await world({
      now: () => {
        clock += 1_000;
        return new Date(clock);
      },
    });
    const run = async (key: string): Promise<string> => {
      const own = { ...context, idempotencyKey: key };
      const input = { dag: DAG, conf: {} };
      const plan = await action('trigger').plan(input, own);
      const { externalId } = await action('trigger').apply(input, plan, own);
      await twin.idle();
      return externalId;
    };
    const early = await run('early');
    clock = Date.parse('2026-11-20T12:00:00Z');
    const late = await run('late');
    const window = { dag: DAG, from: '2026-11-20T11:00:00Z', to: '2026-11-20T13:00:00+00:00' };
    const { value, evidence, truncated } = await probe('task-instances', window);
    expect(value).toMatchObject({
      runs: [{ runId: late, state: 'success' }],
      tasks: TASKS.map((task) => ({
        dag: DAG,
        runId: late,
        task: task.id,
        state: 'success',
        try: 1,
      })),
    });
    expect(truncated).toBe(false);
    expect(evidence?.mediaType).toBe('application/json');
    expect(Buffer.from(evidence?.bytes ?? []).toString('utf8')).not.toContain(early);
  });

  test('declared-tasks give the graph', async () => {
    const { probe } = await world();
    const { value } = await probe('declared-tasks', { dag: DAG });
    expect(value).toEqual({ tasks: TASKS });
  });
});

describe('credentials', () => {
  test('an expired token is renewed once and the call sent again', async () => {
    const { twin, action, changes } = await world();
    const input = { dag: DAG, paused: true };
    const plan = await action('pause').plan(input, context);
    twin.expireTokens();
    await action('pause').apply(input, plan, context);
    expect(changes()).toBe(1);
    const logins = twin.ledger.filter((entry) => entry.path === '/auth/token');
    expect(logins.map((entry) => entry.status)).toEqual([201, 201]);
  });

  test('a token that stays refused is unauthorized, without a loop', async () => {
    const { twin, probe } = await world();
    twin.faults.add(
      { kind: 'reply', reply: { status: 401, body: { detail: `bad ${USER.password}` } } },
      { matches: ({ path }) => path.startsWith('/api/'), times: 5 },
    );
    const error = await failureOf(probe('dag', { dag: DAG }));
    expect([error.code, error.permission]).toEqual(['unauthorized', `DAG ${DAG}: read`]);
    expect(error.message).not.toContain(USER.password);
    expect(twin.ledger.filter((entry) => entry.path.startsWith('/api/'))).toHaveLength(2);
  });

  test('health names the version, a wrong password and an older Airflow', async () => {
    const { twin, airflow } = await world();
    const { signal } = new AbortController();
    expect(await airflow.health(signal)).toMatchObject({ reachable: true, version: '3.3.2' });
    const stranger = create({ url: twin.url, ...USER, password: 'wrong' });
    expect(await stranger.health(signal)).toMatchObject({ missing: ['a valid user and password'] });
    await stranger.close();
    twin.faults.add({ kind: 'reply', reply: { status: 404, body: { detail: 'Not Found' } } });
    expect((await airflow.health(signal)).problem).toContain('Airflow 3');
  });
});

describe('errors', () => {
  test.each([
    [{ detail: 'The Dag is gone' }, 'The Dag is gone'],
    [
      { detail: [{ loc: ['body', 'logical_date'], msg: 'Field required' }] },
      'body.logical_date: Field required',
    ],
    [{ detail: { reason: 'Unique constraint violation' } }, 'Unique constraint violation'],
  ])('%j is quoted', async (body, words) => {
    const { twin, probe } = await world();
    twin.faults.add(
      { kind: 'reply', reply: { status: 422, body } },
      { matches: ({ path }) => path.startsWith('/api/') },
    );
    const error = await failureOf(probe('dag', { dag: DAG }));
    expect([error.code, error.message.includes(words)]).toEqual(['invalid', true]);
  });
});
