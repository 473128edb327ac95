import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { DecisionCommand } from '../../domain/decision.ts';
import type { Incident } from '../../domain/incident.ts';
import { workflowIdOf } from '../../domain/incident.ts';
import type { Playbook } from '../../domain/playbook.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: wherever an incident stands, people can give it another playbook or other targets; what is in force stays, and
// nothing that was planned before is done. Method: small playbooks on a world of numbers, on real Temporal and Postgres.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const REASON = 'it is something else';
const REROUTE: DecisionCommand = { kind: 'reroute', playbook: 'second', reason: REASON };

/** Contains each object of the model. */
const containAll = {
  ...op.contain('drain', 'canary', 0),
  forEach: 'model.serving',
  with: { name: '${{ each.name }}', value: 0 },
};
const approval = op.approval('go-back', [op.set('alias-back', 'alias', 6)]);
const first = playbookOf({ isolate: [containAll], revert: [approval] });
const second: Playbook = {
  ...playbookOf({ isolate: [op.contain('other', 'other', 0)] }),
  name: 'second',
};

async function start(
  playbook: Playbook,
): Promise<{ readonly running: Engine; readonly world: World }> {
  const world = createWorld({ stable: 1, canary: 1, shadow: 1, other: 1, alias: 7 });
  const running = await startEngine(playbook, world, { others: [second], slack: true });
  engine = running;
  return { running, world };
}

async function untilTold(running: Engine, incident: Incident, kind: string): Promise<Incident> {
  return running.waitFor(incident, kind, (_, facts) => facts.some((fact) => fact.kind === kind));
}

/** Brings an incident to a wait. */
type Wait = (running: Engine) => Promise<Incident>;
const withStep = (...operations: Parameters<typeof playbookOf>[0]['audit'] & object): Playbook =>
  playbookOf({ isolate: [containAll], audit: operations });

const WAITS: readonly (readonly [string, Playbook, Wait])[] = [
  [
    'an approval',
    first,
    async (running) => untilTold(running, await running.open(), 'approval.requested'),
  ],
  [
    'a failure',
    withStep(op.probe('is-better', 'canary', 1)),
    async (running) => untilTold(running, await running.open(), 'incident.held'),
  ],
  [
    'a pause',
    withStep(op.probe('is-so', 'canary', 0)),
    async (running) => {
      const incident = await running.open();
      await running.decide(incident, 'ada', { kind: 'pause', reason: 'think' });
      return running.waitFor(incident, 'the pause', ({ paused }) => paused);
    },
  ],
  [
    'a timer',
    withStep({
      kind: 'wait',
      name: 'rest',
      title: 'rest',
      when: null,
      onFailure: 'hold',
      seconds: 3600,
    }),
    async (running) => untilTold(running, await running.open(), 'wait.started'),
  ],
  [
    'a cancel',
    first,
    async (running) => {
      const incident = await untilTold(running, await running.open(), 'approval.requested');
      await running.decide(incident, 'ada', { kind: 'cancel', reason: 'stop' });
      return untilTold(running, incident, 'incident.held');
    },
  ],
  [
    'the review',
    withStep(),
    async (running) => {
      const incident = await running.open();
      return running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    },
  ],
  [
    'a run that was ended from outside',
    first,
    async (running) => {
      const incident = await untilTold(running, await running.open(), 'approval.requested');
      await running.client.client.workflow.getHandle(workflowIdOf(incident.id, 1)).terminate();
      await running.reconciler.reconcile();
      return running.waitFor(incident, 'stuck', ({ state }) => state === 'stuck');
    },
  ],
];

describe('a reroute', () => {
  test.each(WAITS)('at %s goes on with the other playbook', async (...[, playbook, wait]) => {
    const { running, world } = await start(playbook);
    const incident = await wait(running);
    const decision = await running.decide(incident, 'ada', REROUTE);
    expect(decision).toMatchObject({ outcome: 'accepted' });
    if (incident.paused) await running.decide(incident, 'ada', { kind: 'resume' });
    const now = await running.waitFor(
      incident,
      'the other review',
      ({ phase, generation }) => phase === 'review' && generation === 2,
    );
    expect(now.playbookName).toBe('second');
    expect(world.values.get('other')).toBe(0);
    expect(world.values.get('alias')).toBe(7);
    // What was contained stays so, and was contained once.
    expect(new Set(world.writes).size).toBe(world.writes.length);
    const approvals = await running.store.approvals.list(
      { status: 'open', incidentId: incident.id },
      { cursor: null, limit: 10 },
    );
    expect(approvals.items).toEqual([]);
    const facts = await running.facts(incident);
    expect(facts.find(({ kind }) => kind === 'incident.rerouted')).toMatchObject({
      actor: 'ada',
      summary: expect.stringContaining(REASON),
      causes: [`decision/${decision.id}`],
    });
    expect(await verifyChain(facts)).toMatchObject({ verified: true });
  });

  test('to nowhere, or to where it goes already, is refused and changes nothing', async () => {
    const { running } = await start(first);
    const incident = await untilTold(running, await running.open(), 'approval.requested');
    for (const playbook of ['nobody-wrote-it', 'test']) {
      const refused = await running.decide(incident, 'ada', { ...REROUTE, playbook });
      expect(refused).toMatchObject({ outcome: 'refused' });
    }
    expect(await running.store.incidents.get(incident.id)).toMatchObject({ generation: 1 });
    await running.approveNext(incident);
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
  });
});

const at = (name: string) =>
  ({ cluster: 'kubernetes', namespace: 'ml', name, reason: REASON }) as const;

describe('targets', () => {
  test('that are added are contained too, the others not again; what was asked is asked anew', async () => {
    const { running, world } = await start(first);
    const incident = await untilTold(running, await running.open(), 'approval.requested');
    const added = await running.decide(incident, 'ada', {
      kind: 'target-add',
      role: 'canary',
      ...at('shadow'),
    });
    expect(added).toMatchObject({ outcome: 'accepted' });
    await running.waitFor(
      incident,
      'the second approval',
      ({ generation }, facts) =>
        generation === 2 && facts.filter(({ kind }) => kind === 'approval.requested').length === 2,
    );
    expect([...world.writes].sort()).toEqual(['canary=0', 'shadow=0', 'stable=0']);
    const facts = await running.facts(incident);
    expect(facts.some(({ kind }) => kind === 'approval.voided')).toBe(true);
    const rows = await running.store.messages.ofIncident(incident.id);
    expect(rows.some(({ purpose }) => purpose.endsWith('/card/void'))).toBe(true);
    await running.approveNext(incident);
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.values.get('alias')).toBe(6);
    expect(await verifyChain(await running.facts(incident))).toMatchObject({ verified: true });
  });

  test('that are removed are acted on no more, and stay as they are', async () => {
    const { running, world } = await start(first);
    const incident = await untilTold(running, await running.open(), 'approval.requested');
    await running.decide(incident, 'ada', { kind: 'target-remove', ...at('canary') });
    const now = await running.waitFor(
      incident,
      'the next run',
      ({ generation }) => generation === 2,
    );
    expect(now.targets?.entry?.serving.map(({ name }) => name)).toEqual(['stable']);
    await running.approveNext(incident);
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect([...world.writes].sort()).toEqual(['alias=6', 'canary=0', 'stable=0']);
  });

  test.each<[string, DecisionCommand]>([
    [
      'of an object that the inventory does not know',
      { kind: 'target-add', role: null, ...at('x') },
    ],
    ['of one that is a target', { kind: 'target-add', role: null, ...at('canary') }],
    ['of one that is none', { kind: 'target-remove', ...at('shadow') }],
  ])('a change %s is refused', async (...[, command]) => {
    const { running } = await start(first);
    const incident = await untilTold(running, await running.open(), 'approval.requested');
    expect(await running.decide(incident, 'ada', command)).toMatchObject({ outcome: 'refused' });
    expect(await running.store.incidents.get(incident.id)).toMatchObject({ generation: 1 });
  });

  test('never lose the last one', async () => {
    const { running } = await start(first);
    const incident = await untilTold(running, await running.open(), 'approval.requested');
    await running.decide(incident, 'ada', { kind: 'target-remove', ...at('canary') });
    const last = await running.decide(incident, 'ada', { kind: 'target-remove', ...at('stable') });
    expect(last).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('last') });
  });
});
