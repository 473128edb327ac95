import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { act } from '../../activities/act.ts';
import { loadIncident } from '../../activities/load-incident.ts';
import { AppError } from '../../domain/error.ts';
import { newFact } from '../../domain/fact.ts';
import type { PlaybookOperation } from '../../domain/playbook.ts';
import type { Store } from '../../store/tables.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: what nobody decides between is one activity, and one that stops or is tried again does nothing twice.
// Method: the activities in the history of a run, and the writes of its world, on real Temporal and Postgres.
const NOTHING_CARRIED = { facts: [], change: {}, messages: [] };
const ATTEMPT = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  scheduledAt: new Date(),
};
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

interface Ran {
  /** Activities up to the review, in the order in which they were scheduled. */
  readonly activities: readonly string[];
  readonly kinds: readonly string[];
}

async function run(
  world: World,
  isolate: readonly PlaybookOperation[],
  until: 'review' | 'held',
): Promise<Ran> {
  engine = await startEngine(playbookOf({ isolate }), world);
  const incident = await engine.open();
  await engine.waitFor(incident, until, ({ phase, state }) =>
    until === 'held' ? state === 'held' : phase === 'review',
  );
  const handle = engine.client.client.workflow.getHandle(`incident/${incident.id}/1`);
  const { events } = await handle.fetchHistory();
  const activities = (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name ? [scheduled.activityType.name] : [],
  );
  return { activities, kinds: (await engine.facts(incident)).map(({ kind }) => kind) };
}

const count = (kinds: readonly string[], kind: string): number =>
  kinds.filter((one) => one === kind).length;

describe('a stretch', () => {
  test('is reads, one group that changes things, and the reads behind it', async () => {
    const world = createWorld({ canary: 1, job: 1 });
    const { activities, kinds } = await run(
      world,
      [
        op.probe('before', 'canary', 1),
        op.group('seals', [op.seal('canary-seal', 'canary'), op.seal('job-seal', 'job')]),
        op.group('contain', [op.contain('drain', 'canary', 0), op.contain('pause', 'job', 0)]),
        op.proof('is-drained', 'canary', 0),
      ],
      'review',
    );
    expect(activities.slice(0, 2)).toEqual(['runStretch', 'writePostmortem']);
    expect([...world.writes].sort()).toEqual(['canary=0', 'job=0']);
    const order = ['evidence.sealed', 'operation.applied', 'containment.verified'];
    expect(order.map((kind) => kinds.lastIndexOf(kind))).toEqual(
      order.map((kind) => kinds.lastIndexOf(kind)).sort((a, b) => a - b),
    );
    expect(kinds).toEqual(expect.arrayContaining(order));
  });

  test('ends before a second change: people can stop between the two', async () => {
    const world = createWorld({ canary: 1, job: 1 });
    const { activities } = await run(
      world,
      [
        op.seal('canary-seal', 'canary'),
        op.contain('drain', 'canary', 0),
        op.contain('pause', 'job', 0),
        op.proof('is-drained', 'canary', 0),
      ],
      'review',
    );
    expect(activities.slice(0, 3)).toEqual(['runStretch', 'runStretch', 'writePostmortem']);
    expect(world.writes).toEqual(['canary=0', 'job=0']);
  });

  test('stops behind a read that does not hold', async () => {
    const world = createWorld({ canary: 1 });
    const steps = [op.probe('before', 'canary', 7), op.contain('drain', 'canary', 0)];
    const { kinds } = await run(world, steps, 'held');
    expect(world.writes).toEqual([]);
    expect(kinds).not.toContain('operation.planned');
  });

  test('goes on behind a group that may fail', async () => {
    const world = createWorld({ canary: 1 });
    const seals = op.group('seals', [op.seal('gone', 'nothing')], 'continue');
    await run(world, [seals, op.contain('drain', 'canary', 0)], 'review');
    expect(world.writes).toEqual(['canary=0']);
  });

  test('asks no probe behind a member that failed for good; the other member is done once', async () => {
    const world = createWorld({ canary: 1, job: 1 });
    const error = new AppError('unauthorized', 'The account may not.');
    world.failures.push({ verb: 'write', error, afterEffect: false });
    const { kinds } = await run(
      world,
      [
        op.group('contain', [op.contain('drain', 'canary', 0), op.contain('pause', 'job', 0)]),
        op.proof('is-drained', 'canary', 0),
      ],
      'held',
    );
    expect(world.writes).toHaveLength(1);
    expect(kinds).not.toContain('probe.observed');
    expect(kinds).not.toContain('containment.verified');
  });

  test('is tried again as a whole when a member fails for now, and does nothing twice', async () => {
    const world = createWorld({ canary: 1, job: 1 });
    const error = new AppError('unavailable', 'Not now.');
    world.failures.push({ verb: 'plan', error, afterEffect: false });
    const { activities, kinds } = await run(
      world,
      [
        op.seal('canary-seal', 'canary'),
        op.group('contain', [op.contain('drain', 'canary', 0), op.contain('pause', 'job', 0)]),
        op.proof('is-drained', 'canary', 0),
      ],
      'review',
    );
    expect(activities.slice(0, 2)).toEqual(['runStretch', 'writePostmortem']);
    expect([...world.writes].sort()).toEqual(['canary=0', 'job=0']);
    expect(count(kinds, 'operation.applied')).toBe(2);
    expect(count(kinds, 'evidence.sealed')).toBe(1);
  });
});

test('nothing is planned or changed when what the run carried could not be written', async () => {
  const world = createWorld({ canary: 1 });
  const running = await startEngine(
    playbookOf({ isolate: [op.contain('drain', 'canary', 0)] }),
    world,
  );
  engine = running;
  await running.stopWorker();
  const { id } = await running.open();
  const { store } = running.deps;
  const reference = { incidentId: id, generation: 1, carried: NOTHING_CARRIED };
  await loadIncident(running.deps, reference);
  let transactions = 0;
  // The first transaction is all but committed when the connection is lost.
  const transaction: Store['transaction'] = (work) =>
    store.transaction(async (tables) => {
      const answer = await work(tables);
      transactions += 1;
      if (transactions === 1) throw new AppError('unavailable', 'The connection was lost.');
      return answer;
    });
  const facts = [newFact({ key: 'run/one', kind: 'step.started', summary: 'Isolate begins.' })];
  const acted = act({ ...running.deps, store: { ...store, transaction } }, ATTEMPT, {
    ...{ ...reference, carried: { ...NOTHING_CARRIED, facts } },
    ...{ step: 'isolate', operation: 'drain', round: 1, stage: 'run', approvalId: null },
  });
  await expect(acted).rejects.toMatchObject({ code: 'unavailable' });
  expect(world.writes).toEqual([]);
  expect(await store.operations.ofIncident(id)).toEqual([]);
});
