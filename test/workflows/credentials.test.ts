import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { guard } from '../../activities/guard.ts';
import { CREDENTIALS, type Credential, type WritingCredential } from '../../domain/credential.ts';
import type { Fact } from '../../domain/fact.ts';
import type { Incident } from '../../domain/incident.ts';
import { WATCH_WORKFLOW } from '../../workflows/messages.ts';
import { quietTemporalRuntime, unique } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: where each credential has a process of its own, every effect happens in the one that has its credential, nothing
// happens where it is missing, and that is told. Method: workers with one credential each on real Temporal and Postgres;
// the guard in each is the only thing that lets a write through.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const BOTH = ['isolate', 'revert'] as const;
const playbook = playbookOf({
  isolate: [
    op.probe('before', 'canary', 1),
    op.group('contain', [op.contain('drain', 'canary', 0), op.contain('pause', 'job', 0)]),
    op.proof('is-drained', 'canary', 0),
  ],
  revert: [
    op.approval('go-back', [op.undo('resume', ['pause']), op.set('alias-back', 'alias', 6)]),
  ],
});

async function startSplit(
  world: World,
  others: readonly WritingCredential[] = BOTH,
): Promise<Engine> {
  engine = await startEngine(playbook, world, { apart: { serves: ['read'], others } });
  return engine;
}

const waiting = (running: Engine, incident: Incident): Promise<Incident> =>
  running.waitFor(incident, 'the approval', (_, facts) =>
    facts.some(({ kind }) => kind === 'approval.requested'),
  );

const held =
  (times: number) =>
  ({ state }: Incident, facts: readonly Fact[]): boolean =>
    state === 'held' && facts.filter(({ kind }) => kind === 'incident.held').length === times;

/** Each activity that changes something, with the end of its queue's name. */
async function queuesOf({ client }: Engine, incident: Incident): Promise<readonly string[]> {
  const { events } = await client.client.workflow
    .getHandle(`incident/${incident.id}/1`)
    .fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    const name = scheduled?.activityType?.name ?? '';
    const queue = scheduled?.taskQueue?.name?.replace(client.taskQueue, '') ?? '';
    return ['act', 'runStretch', 'standDown'].includes(name) ? [`${name}${queue}`] : [];
  });
}

/** One round of the containment watch. */
async function watch({ client }: Engine): Promise<void> {
  await client.client.workflow.execute(WATCH_WORKFLOW, {
    taskQueue: client.taskQueue,
    workflowId: unique('watch'),
  });
}

const mailsOf = async ({ store }: Engine, { id }: Incident): Promise<string> =>
  (await store.messages.ofIncident(id)).map(({ text }) => text).join('\n');

describe('credentials apart', () => {
  test('each effect runs with its own, also the undo of what another step did, and everything goes back by parts', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    const running = await startSplit(world);
    const incident = await running.open();
    await running.approveNext(incident);
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(await queuesOf(running, incident)).toEqual([
      'runStretch/isolate',
      'act/isolate',
      'act/revert',
    ]);
    await running.decide(incident, 'ada', { kind: 'stand-down', reason: 'nothing was wrong' });
    await running.approveNext(incident);
    await running.waitFor(incident, 'the way back', (_, facts) =>
      facts.some(({ kind }) => kind === 'stand-down.done'),
    );
    // Newest first: the alias, which isolating has no right to, then the canary.
    expect(world.writes.slice(-2)).toEqual(['alias=7', 'canary=1']);
    expect((await queuesOf(running, incident)).slice(3)).toEqual([
      'standDown/isolate',
      'standDown/revert',
      'standDown/isolate',
    ]);
    const [done] = (await running.facts(incident)).filter(({ kind }) => kind === 'stand-down.done');
    expect(done?.data).toEqual({ failed: [] });
  });

  test('without a process for it an effect is held, told and not done; it goes on once there is one', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    const running = await startSplit(world, ['revert']);
    const incident = await running.open();
    const { owner, stateReason } = await running.waitFor(incident, 'the hold', held(1));
    expect(owner).not.toBeNull();
    expect(stateReason).toContain("No process with the credential 'isolate'");
    expect(world.writes).toEqual([]);
    expect(await mailsOf(running, incident)).toContain("credential 'isolate'");

    await running.stopWorker();
    running.split(['read'], BOTH);
    await running.startWorker();
    await running.decide(incident, 'ada', { kind: 'retry' });
    await waiting(running, incident);
    expect([...world.writes].sort()).toEqual(['canary=0', 'job=0']);
  });

  test('what is brought back is written again by the process that has the credential; without one people are told', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    const running = await startSplit(world);
    const incident = await running.open();
    await waiting(running, incident);
    world.values.set('canary', 1);
    await watch(running);
    expect(world.values.get('canary')).toBe(0);

    await running.stopWorker();
    running.split(['read'], ['revert']);
    await running.startWorker();
    world.values.set('canary', 1);
    await watch(running);
    expect(world.values.get('canary')).toBe(1);
    expect(await mailsOf(running, incident)).toContain(
      "no process has the credential 'isolate' to write it again",
    );
  });

  test('who only observes plans with what it looks with', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    const running = await startSplit(world, []);
    const incident = await running.open({ mode: 'observe' });
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    const kinds = (await running.facts(incident)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'operation.would-have')).toHaveLength(3);
    expect(world.writes).toEqual([]);
  });

  test('the guard lets no write through without its credential, whoever calls it', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    engine = await startEngine(playbook, world);
    const incident = await engine.open();
    await waiting(engine, incident);
    const rows = await engine.store.operations.ofIncident(incident.id);
    const [row] = rows.filter(({ operation }) => operation === 'drain');
    if (!row) throw new Error('nothing was drained');
    const { fence, generation, operation: listedAs, planDigest: digest } = row;
    const what = { key: row, fence, generation, listedAs, digest, approvalId: null };
    const claim = { ...what, needsApproval: false, ensures: false };
    await guard(engine.deps, claim);
    const serves = new Set<Credential>(['read', 'revert']);
    await expect(guard({ ...engine.deps, serves }, claim)).rejects.toMatchObject({
      code: 'refused',
      message: "Refused: this process has not the credential 'isolate'.",
    });
  });

  test('an incident goes on when its installation is split, and when it is put together again', async () => {
    const world = createWorld({ canary: 1, job: 1, alias: 7 });
    engine = await startEngine(playbook, world);
    const incident = await engine.open();
    await waiting(engine, incident);
    await engine.stopWorker();
    engine.split(['read'], BOTH);
    await engine.startWorker();
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.values).toEqual(
      new Map([
        ['canary', 0],
        ['job', 1],
        ['alias', 6],
      ]),
    );
    // The first call finds out; from then on each goes where its credential is.
    expect(await queuesOf(engine, incident)).toEqual([
      'runStretch',
      'act',
      'act/isolate',
      'act/revert',
    ]);
    await engine.stopWorker();
    engine.split(CREDENTIALS, BOTH);
    await engine.startWorker();
    await engine.decide(incident, 'ada', { kind: 'stand-down', reason: 'nothing was wrong' });
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'the way back', (_, facts) =>
      facts.some(({ kind }) => kind === 'stand-down.done'),
    );
    expect(world.values).toEqual(
      new Map([
        ['canary', 1],
        ['job', 1],
        ['alias', 7],
      ]),
    );
  });
});
