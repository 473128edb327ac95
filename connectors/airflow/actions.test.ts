// Goal: pausing, triggering and clearing act once per plan, whatever is lost or repeated.
// Method: the connector against the Airflow twin, whose runner decides what tasks do; effects counted in its ledger.
import { describe, expect, test } from '@jest/globals';
import { callContext, failureOf } from '../test-connector.ts';
import { DAG, TASKS, world, type World } from './test-world.ts';
import { runIdOf } from './trigger.ts';

const context = callContext();

describe('pause', () => {
  test.each([
    [true, false],
    [false, true],
  ])('to %j and back to %j', async (paused, before) => {
    const { action, probe, changes } = await world({
      dags: [{ id: DAG, tasks: TASKS, paused: before }],
    });
    const pause = action('pause');
    const input = { dag: DAG, paused };
    const plan = await pause.plan(input, context);
    expect([plan.before, plan.after]).toEqual([{ paused: before }, { paused }]);
    const receipt = await pause.apply(input, plan, context);
    expect(await pause.apply(input, plan, context)).toEqual(receipt);
    expect(await pause.verify(input, plan, context)).toEqual({ holds: 'yes' });
    expect((await probe('dag', { dag: DAG })).value).toMatchObject({ exists: true, paused });
    await pause.revert?.(input, plan, context);
    await pause.revert?.(input, plan, context);
    expect(changes()).toBe(2);
    expect((await probe('dag', { dag: DAG })).value).toMatchObject({ paused: before });
  });

  test('what was so already is left alone, also by undo', async () => {
    const { action, changes } = await world({ dags: [{ id: DAG, tasks: TASKS, paused: true }] });
    const input = { dag: DAG, paused: true };
    const plan = await action('pause').plan(input, context);
    expect(await action('pause').apply(input, plan, context)).toMatchObject({ origin: 'foreign' });
    await action('pause').revert?.(input, plan, context);
    expect(changes()).toBe(0);
  });

  test('an unknown DAG is not_found', async () => {
    const { action, probe } = await world();
    const input = { dag: 'nobody', paused: true };
    expect((await failureOf(action('pause').plan(input, context))).code).toBe('not_found');
    expect((await probe('dag', { dag: 'nobody' })).value).toMatchObject({
      exists: false,
      paused: null,
    });
  });
});

describe('trigger', () => {
  const input = { dag: DAG, conf: { dataset: 'payments@v41' } };

  test('starts one run whose id follows from the key', async () => {
    const ran: string[] = [];
    const { twin, action, probe, changes } = await world({
      runner: (run, task) => {
        ran.push(`${run.runId} ${task} ${JSON.stringify(run.conf)}`);
        return Promise.resolve('success');
      },
    });
    const trigger = action('trigger');
    const plan = await trigger.plan(input, context);
    const runId = runIdOf(context.idempotencyKey);
    expect(runId).toMatch(/^firebreak-[0-9a-f]{24}$/);
    expect((await trigger.verify(input, plan, context)).holds).toBe('no');
    const receipt = await trigger.apply(input, plan, context);
    expect(receipt).toEqual({ externalId: runId, origin: 'ours' });
    expect(await trigger.apply(input, plan, context)).toEqual(receipt);
    expect(await trigger.verify(input, plan, context)).toEqual({ holds: 'yes' });
    expect(changes()).toBe(1);
    await twin.idle();
    const conf = JSON.stringify(input.conf);
    expect(ran).toEqual(TASKS.map((task) => `${runId} ${task.id} ${conf}`));
    const { value } = await probe('run', { dag: DAG, runId });
    expect(value).toMatchObject({ exists: true, state: 'success', conf: input.conf });
    expect(twin.ledger.find((entry) => entry.changed)?.body).toContain('"logical_date":null');
    expect(trigger.revert).toBeUndefined();
  });

  test('a lost answer is outcome_unknown and the retry finds the run', async () => {
    const { twin, action, changes } = await world();
    const plan = await action('trigger').plan(input, context);
    twin.faults.add({ kind: 'cut-after' }, { matches: ({ path }) => path.endsWith('/dagRuns') });
    const error = await failureOf(action('trigger').apply(input, plan, context));
    expect(error.code).toBe('outcome_unknown');
    expect(await action('trigger').verify(input, plan, context)).toEqual({ holds: 'yes' });
    await action('trigger').apply(input, plan, context);
    expect(changes()).toBe(1);
  });

  test('two attempts at once make one run: the loser sees 409 and looks', async () => {
    const { action, changes } = await world();
    const plan = await action('trigger').plan(input, context);
    const receipts = await Promise.all(
      [1, 2, 3].map(() => action('trigger').apply(input, plan, context)),
    );
    expect(new Set(receipts.map((receipt) => receipt.externalId)).size).toBe(1);
    expect(changes()).toBe(1);
  });

  test('a run with our id and another configuration is a conflict', async () => {
    const { action } = await world();
    const plan = await action('trigger').plan(input, context);
    const other = { ...input, conf: { dataset: 'poison' } };
    await action('trigger').apply(other, await action('trigger').plan(other, context), context);
    expect((await failureOf(action('trigger').apply(input, plan, context))).code).toBe('conflict');
  });

  test('a paused DAG takes the run, executes nothing, and the plan says so', async () => {
    const { twin, action, probe } = await world({
      dags: [{ id: DAG, tasks: TASKS, paused: true }],
    });
    const plan = await action('trigger').plan(input, context);
    expect(plan.summary).toContain('paused');
    const { externalId: runId } = await action('trigger').apply(input, plan, context);
    await twin.idle();
    expect((await probe('run', { dag: DAG, runId })).value).toMatchObject({ state: 'queued' });
    const unpause = { dag: DAG, paused: false };
    const unpausing = await action('pause').plan(unpause, context);
    await action('pause').apply(unpause, unpausing, context);
    await twin.idle();
    expect((await probe('run', { dag: DAG, runId })).value).toMatchObject({ state: 'success' });
  });
});

describe('clear', () => {
  async function ranOnce(): Promise<World & { readonly runId: string; readonly tries: string[] }> {
    const tries: string[] = [];
    const made = await world({
      runner: (_, task) => {
        tries.push(task);
        return Promise.resolve(task === 'register' ? 'failed' : 'success');
      },
    });
    const input = { dag: DAG, conf: {} };
    const plan = await made.action('trigger').plan(input, context);
    const { externalId: runId } = await made.action('trigger').apply(input, plan, context);
    await made.twin.idle();
    return { ...made, runId, tries };
  }

  test('runs exactly the named tasks again, once', async () => {
    const { twin, action, runId, tries, changes } = await ranOnce();
    const before = changes();
    const input = { dag: DAG, runId, tasks: ['train', 'register'] };
    const plan = await action('clear').plan(input, context);
    expect((await action('clear').verify(input, plan, context)).holds).toBe('no');
    await action('clear').apply(input, plan, context);
    await action('clear').apply(input, plan, context);
    expect(await action('clear').verify(input, plan, context)).toEqual({ holds: 'yes' });
    expect(changes() - before).toBe(1);
    await twin.idle();
    expect(tries).toEqual(['extract', 'train', 'register', 'train', 'register']);
    await action('clear').apply(input, plan, context);
    await twin.idle();
    expect(tries).toHaveLength(5);
  });

  test('a clear by somebody else of some of the tasks is a conflict', async () => {
    const { action, runId, twin } = await ranOnce();
    const input = { dag: DAG, runId, tasks: ['train', 'register'] };
    const plan = await action('clear').plan(input, context);
    const less = { ...input, tasks: ['register'] };
    await action('clear').apply(less, await action('clear').plan(less, context), context);
    await twin.idle();
    expect((await failureOf(action('clear').apply(input, plan, context))).code).toBe('conflict');
  });

  test.each([
    [{ tasks: ['nobody'] }, 'not_found'],
    [{ runId: 'nobody' }, 'not_found'],
    [{ tasks: [] }, 'invalid'],
  ])('%j is %s', async (wrong, code) => {
    const { action, runId } = await ranOnce();
    const input = { dag: DAG, runId, tasks: ['train'], ...wrong };
    const work = Promise.resolve().then(() => action('clear').plan(input, context));
    expect((await failureOf(work)).code).toBe(code);
  });
});
