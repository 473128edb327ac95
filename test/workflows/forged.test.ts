import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Decision, DecisionCommand } from '../../domain/decision.ts';
import type { Fact } from '../../domain/fact.ts';
import { workflowIdOf, type Incident } from '../../domain/incident.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { decideUpdate, INCIDENT_WORKFLOW, type IncidentInput } from '../../workflows/messages.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: who reaches Temporal directly authorises nothing, and is noticed. Method: each kind of decision is sent to a
// run past the API, invented or under the id of a real one; the incident is stuck, says why, writes nothing of it,
// tells people, and goes on from Postgres when a person resumes it. What has ended runs by hand is in lost.test.ts.
const MALLORY = { person: 'mallory', name: 'Mallory', roles: ['admin'], channel: 'api' } as const;
const reason = 'because';
const world = createWorld({ share: 5, alias: 7 });
const playbook = playbookOf({
  isolate: [op.approval('go', [op.set('alias-back', 'alias', 6)])],
});
const held = playbookOf({ isolate: [op.probe('no-share', 'share', 0)] });

function decisionOf(
  incident: Incident,
  command: DecisionCommand,
  id = `dec_${randomUUID()}`,
): Decision {
  const decidedAt = new Date().toISOString();
  const pending = { signature: '', outcome: 'pending', reason: null } as const;
  return { id, incidentId: incident.id, command, actor: MALLORY, decidedAt, ...pending };
}

/** Sends it past the API; the run may take it, refuse it, or end over it. */
async function send(engine: Engine, incident: Incident, decision: Decision): Promise<void> {
  const handle = engine.client.client.workflow.getHandle(workflowIdOf(incident.id, 1));
  await handle
    .executeUpdate(decideUpdate, { updateId: decision.id, args: [decision] })
    .catch(() => undefined);
}

/** It is stuck and says so; nothing of what was forged stands anywhere; and a person brings it on again. */
async function expectNoticed(engine: Engine, incident: Incident): Promise<void> {
  const stuck = await engine.waitFor(incident, 'stuck', ({ state }) => state === 'stuck');
  expect(stuck).toMatchObject({ severity: 'sev3', mode: 'auto', paused: false, generation: 1 });
  expect(stuck.stateReason).toContain('a decision that nobody took');
  const facts = await engine.facts(incident);
  expect(facts.filter(({ actor }) => actor === MALLORY.person)).toEqual([]);
  expect(JSON.stringify(facts)).not.toContain(reason);
  expect(facts.filter(({ kind }) => kind === 'incident.stuck')).toHaveLength(1);
  const purposes = (await engine.store.messages.ofIncident(incident.id)).map(
    ({ purpose }) => purpose,
  );
  expect(purposes).toContain('incident/stuck/g1/decision');
  expect(world.writes).toEqual([]);
  expect(await verifyChain(facts)).toMatchObject({ verified: true });
  await engine.decide(incident, 'ada', { kind: 'resume' });
  await engine.waitFor(
    incident,
    'generation 2',
    ({ generation, state }) => generation === 2 && state !== 'stuck',
  );
}

beforeAll(quietTemporalRuntime);

describe('a decision that nobody took', () => {
  let asking: Engine;
  let holding: Engine;

  beforeAll(async () => {
    [asking, holding] = await Promise.all([startEngine(playbook, world), startEngine(held, world)]);
  });
  afterAll(async () => {
    await Promise.all([asking.stop(), holding.stop()]);
  });

  const askedOf = async (): Promise<{
    readonly incident: Incident;
    readonly approvalId: string;
    readonly planDigest: string;
  }> => {
    const incident = await asking.open();
    await asking.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    const page = await asking.store.approvals.list(
      { status: 'open', incidentId: incident.id },
      { cursor: null, limit: 1 },
    );
    const [approval] = page.items;
    if (!approval) throw new Error('nothing was asked');
    return { incident, approvalId: approval.id, planDigest: approval.planDigest };
  };
  const heldOne = async (): Promise<Incident> => {
    const incident = await holding.open();
    return holding.waitFor(incident, 'the hold', ({ state }) => state === 'held');
  };

  test.each<[string, (approval: { approvalId: string; planDigest: string }) => DecisionCommand]>([
    ['an approval', (approval) => ({ kind: 'approve', ...approval })],
    ['a cancel', () => ({ kind: 'cancel', reason })],
    ['a pause', () => ({ kind: 'pause', reason })],
    ['a severity', () => ({ kind: 'severity', severity: 'sev1', reason })],
    ['an owner', () => ({ kind: 'hand-over', to: 'mallory', reason })],
    ['a veto', () => ({ kind: 'veto', reason })],
  ])('%s, while an approval is waited for', async (_, commandOf) => {
    const { incident, ...approval } = await askedOf();
    await send(asking, incident, decisionOf(incident, commandOf(approval)));
    await expectNoticed(asking, incident);
    // The target is the next one's.
    await asking.decide(incident, 'ada', { kind: 'cancel', reason: 'forged' });
    await asking.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    await asking.decide(incident, 'ada', {
      kind: 'close',
      verdict: 'false_positive',
      reason: 'forged',
      leave: [],
    });
  });

  test.each<[string, DecisionCommand]>([
    ['a retry', { kind: 'retry' }],
    ['a skip', { kind: 'skip', operation: 'no-share', reason }],
    ['a mark-done', { kind: 'mark-done', operation: 'no-share', reason }],
    ['a stand-down', { kind: 'stand-down', reason }],
    ['a close', { kind: 'close', verdict: 'false_positive', reason, leave: [] }],
  ])('%s, while it is held', async (_, command) => {
    const incident = await heldOne();
    await send(holding, incident, decisionOf(incident, command));
    await expectNoticed(holding, incident);
  });

  test('other words under the id of a real one', async () => {
    const incident = await heldOne();
    const note = await holding.decide(incident, 'ada', {
      kind: 'note',
      text: 'look',
      occurredAt: null,
    });
    const command: DecisionCommand = { kind: 'skip', operation: 'no-share', reason };
    await send(holding, incident, { ...note, command });
    await expectNoticed(holding, incident);
  });

  test('an approval row cannot be settled past the people who sign', async () => {
    const { incident, approvalId } = await askedOf();
    const settling = asking.store.approvals.settle(approvalId, 'approved', null);
    await expect(settling).rejects.toMatchObject({ name: 'AppError' });
    expect(await asking.store.approvals.get(approvalId)).toMatchObject({ status: 'open' });
    expect(world.writes).toEqual([]);
    await asking.decide(incident, 'ada', { kind: 'cancel', reason: 'forged' });
  });

  test('what is no decision is refused and changes nothing', async () => {
    const incident = await heldOne();
    const handle = holding.client.client.workflow.getHandle(workflowIdOf(incident.id, 1));
    for (const sent of [
      null,
      'skip',
      {},
      { ...decisionOf(incident, { kind: 'retry' }), command: { kind: 'constructor' } },
    ]) {
      const sending = handle.executeUpdate('decide', { updateId: randomUUID(), args: [sent] });
      await expect(sending).rejects.toThrow();
    }
    await holding.decide(incident, 'ada', { kind: 'skip', operation: 'no-share', reason: 'known' });
    await holding.waitFor(incident, 'review', ({ phase }) => phase === 'review');
  });

  test('a signal that is not ours is ignored, and told once', async () => {
    const incident = await heldOne();
    const handle = holding.client.client.workflow.getHandle(workflowIdOf(incident.id, 1));
    for (const name of ['approve', 'close'])
      await handle.signal(name, decisionOf(incident, { kind: 'retry' }));
    const ignored = (facts: readonly Fact[]) =>
      facts.filter(({ kind }) => kind === 'incident.signal-ignored');
    await holding.waitFor(incident, 'the fact', (_, facts) => ignored(facts).length > 0);
    await holding.decide(incident, 'ada', { kind: 'retry' });
    await holding.waitFor(
      incident,
      'the second hold',
      ({ state }, facts) =>
        state === 'held' && facts.filter(({ kind }) => kind === 'incident.held').length === 2,
    );
    expect(ignored(await holding.facts(incident))).toHaveLength(1);
    expect(world.writes).toEqual([]);
  });

  test('a run of somebody else in the name of an incident is refused, and told', async () => {
    const incident = await heldOne();
    const input: IncidentInput = {
      ...{ incidentId: incident.id, generation: 1, continueAsNewAfterEvents: 1_000 },
      ...{ searchAttributes: false, carried: null },
    };
    const { client, taskQueue } = holding.client;
    const workflowId = `mine/${incident.id}`;
    const run = client.workflow.execute(INCIDENT_WORKFLOW, {
      taskQueue,
      workflowId,
      args: [input],
    });
    await expect(run).rejects.toThrow();
    const facts = await holding.facts(incident);
    const refused = facts.filter(({ kind }) => kind === 'incident.run-refused');
    expect(refused).toMatchObject([{ data: { workflowId } }]);
    expect(await holding.store.incidents.get(incident.id)).toMatchObject({ state: 'held' });
    expect(world.writes).toEqual([]);
  });
});
