import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { workflowIdOf, type Incident } from '../../domain/incident.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { eventually } from './engine-incidents.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: Temporal's history is working memory: lost, reset, foreign or newer than the log, no decision is lost, nothing
// is done twice, and nothing is changed that Postgres does not know of. Method: a run's history is taken away, reset or
// contradicted while it waits, on real Temporal and Postgres; the reconciler is called by hand.
const NAMESPACE_SETTING = 'temporal-namespace-id';
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const drain = op.contain('drain', 'canary', 0);
const playbook = playbookOf({
  isolate: [drain],
  revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])],
});

interface Waiting {
  readonly running: Engine;
  readonly world: World;
  readonly incident: Incident;
}

/** An incident that has contained and waits for an approval. */
async function waiting(): Promise<Waiting> {
  const world = createWorld({ canary: 1, alias: 7 });
  const running = await startEngine(playbook, world);
  engine = running;
  const incident = await running.open();
  await running.waitFor(incident, 'the approval', (_, facts) =>
    facts.some(({ kind }) => kind === 'approval.requested'),
  );
  return { running, world, incident };
}

/** Takes an incident's run out of Temporal, as a lost file does. */
async function loseRun({ client }: Engine, { id }: Incident): Promise<void> {
  const { namespace } = client;
  const workflowExecution = { workflowId: workflowIdOf(id, 1) };
  await client.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
  await eventually(
    async () => ((await client.describe(id, 1)).state === 'missing' ? true : null),
    () => 'the run is still there',
  );
}

/** Ends it well: both people approve, nothing is done twice, the chain verifies. */
async function expectGoodEnd({ running, world, incident }: Waiting): Promise<void> {
  await running.approveNext(incident);
  await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
  expect(world.writes).toEqual(['canary=0', 'alias=6']);
  expect(await verifyChain(await running.facts(incident))).toMatchObject({ verified: true });
}

describe('a run that Temporal lost', () => {
  test('begins again from Postgres with its open approval', async () => {
    const given = await waiting();
    const { running, incident } = given;
    await loseRun(running, incident);
    expect(await running.reconciler.reconcile()).toEqual({ touched: 1, left: 0 });
    await running.waitFor(incident, 'generation 2', ({ generation }) => generation === 2);
    await expectGoodEnd(given);
    const asked = (await running.facts(incident)).filter(
      ({ kind }) => kind === 'approval.requested',
    );
    expect(asked).toHaveLength(1);
  });

  test('stays cancelled and held, whoever cancelled it', async () => {
    const { running, world, incident } = await waiting();
    await running.decide(incident, 'ada', { kind: 'cancel', reason: 'false alarm' });
    await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    await loseRun(running, incident);
    await running.reconciler.reconcile();
    await running.waitFor(
      incident,
      'the second hold',
      ({ state, stateReason }, facts) =>
        state === 'held' &&
        stateReason === 'cancelled: false alarm' &&
        facts.filter(({ kind }) => kind === 'incident.held').length === 2,
    );
    expect(world.writes).toEqual(['canary=0']);
    await running.decide(incident, 'ada', { kind: 'resume' });
    await expectGoodEnd({ running, world, incident });
  });

  test('looks again after the hold time that was running', async () => {
    const world = createWorld({ canary: 1 });
    world.holdMs = 3_000;
    const running = await startEngine(playbookOf({ isolate: [drain] }), world);
    engine = running;
    const incident = await running.open();
    await running.waitFor(incident, 'the containment', (_, facts) =>
      facts.some(({ kind }) => kind === 'operation.verified'),
    );
    await loseRun(running, incident);
    await running.reconciler.reconcile();
    world.values.set('canary', 1);
    const held = await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    expect(held.stateReason).toContain('after its hold time');
  });
});

test('a run that was reset by hand is ended and stuck, and goes on when a person resumes it', async () => {
  const given = await waiting();
  const { running, incident } = given;
  const { client, namespace } = running.client;
  const workflowId = workflowIdOf(incident.id, 1);
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    workflowTaskFinishEventId: first?.eventId ?? null,
    reason: 'by hand',
    requestId: incident.id,
  });
  expect(await running.reconciler.reconcile()).toEqual({ touched: 1, left: 0 });
  const stuck = await running.waitFor(incident, 'stuck', ({ state }) => state === 'stuck');
  expect(stuck).toMatchObject({ owner: 'on-call', generation: 1 });
  expect(await running.client.describe(incident.id, 1)).toMatchObject({ state: 'ended' });
  await running.decide(incident, 'ada', { kind: 'resume' });
  await expectGoodEnd(given);
});

test('on a foreign namespace everything holds: no run is begun again, and decisions wait', async () => {
  const given = await waiting();
  const { running, incident } = given;
  const { settings } = running.store;
  const ours = await settings.get(NAMESPACE_SETTING);
  await settings.put(NAMESPACE_SETTING, 'another');
  await loseRun(running, incident);
  expect(await running.reconciler.reconcile()).toEqual({ touched: 0, left: 1 });
  expect(await running.store.incidents.get(incident.id)).toMatchObject({ generation: 1 });
  await settings.put(NAMESPACE_SETTING, ours);
  expect(await running.reconciler.reconcile()).toEqual({ touched: 1, left: 0 });
  await expectGoodEnd(given);
});

/** Puts the log back to where it was before its last facts, as a restored database has it. */
async function putBack({ databaseUrl }: Engine, { id }: Incident, to: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    await client.query('delete from firebreak.fact where incident_id = $1 and sequence > $2', [
      id,
      to,
    ]);
    await client.query(
      `update firebreak.fact_head h set sequence = f.sequence, hash = f.hash, recorded_at = f.recorded_at
       from firebreak.fact f where f.incident_id = $1 and f.sequence = $2 and h.incident_id = $1`,
      [id, to],
    );
  } finally {
    await client.end();
  }
}

test('a log that is older than what its run was told: nothing is changed any more, and a person is asked', async () => {
  const given = await waiting();
  const { running, world, incident } = given;
  const facts = await running.facts(incident);
  const applied = facts.find(({ kind }) => kind === 'operation.applied');
  await putBack(running, incident, (applied?.sequence ?? 0) - 1);
  await running.approveNext(incident);
  const stuck = await running.waitFor(incident, 'stuck', ({ state }) => state === 'stuck');
  expect(stuck).toMatchObject({ owner: 'on-call', stateReason: expect.stringContaining('older') });
  expect(world.writes).toEqual(['canary=0']);
  expect(await verifyChain(await running.facts(incident))).toMatchObject({ verified: true });
});
