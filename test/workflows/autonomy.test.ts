import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { guard } from '../../activities/guard.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Incident, Mode } from '../../domain/incident.ts';
import type { Playbook, PlaybookOperation } from '../../domain/playbook.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import { ENTRY, eventually } from './engine-incidents.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: an effect that may not go on by itself waits for people and is never dropped, and what people say decides.
// Method: one engine on real Temporal and Postgres; a world whose values are the replicas of two models.

const group: PlaybookOperation = {
  kind: 'parallel',
  name: 'group',
  title: 'Both at once',
  when: null,
  onFailure: 'hold',
  operations: [op.contain('first', 'flag', 0), op.contain('second', 'lamp', 0)],
};

const playbook: Playbook = {
  ...playbookOf({
    isolate: [op.contain('drain', 'canary', 0), group, op.proof('is-drained', 'canary', 0)],
  }),
  // Any two of these three say that the alert is right.
  confirm: {
    probes: ['one', 'two', 'three'].map((name) => op.probe(`says-${name}`, name, 1)),
    needs: 2,
    withinSeconds: 0,
  },
};

const START = { canary: 1, flag: 1, lamp: 1, one: 1, two: 1, three: 0 };

let engine: Engine;
const world: World = createWorld(START);
/** How far the rules let every route go. */
let routeMode: Mode = 'auto';

beforeAll(async () => {
  await quietTemporalRuntime();
  engine = await startEngine(playbook, world, {
    rules: steadyRules({ modeOf: () => routeMode }),
  });
});
afterAll(() => engine.stop());
beforeEach(() => {
  for (const [name, value] of Object.entries(START)) world.values.set(name, value);
  world.writes.length = 0;
  world.serves = false;
  routeMode = 'auto';
});

async function inReview(incident: Incident): Promise<void> {
  await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
}

async function approvalsOf({ id }: Incident): Promise<readonly Approval[]> {
  const filter = { status: null, incidentId: id } as const;
  return (
    await engine.store.approvals.list(filter, { cursor: null, limit: 50 })
  ).items.toReversed();
}

/** Takes everything back and closes, so that the next test finds the world free. */
async function finish(incident: Incident): Promise<void> {
  // The row says review before the run has come to its wait.
  await eventually(
    async () => {
      const command = { kind: 'stand-down', reason: 'over' } as const;
      const { outcome } = await engine.decide(incident, 'ada', command);
      return outcome === 'accepted' ? outcome : null;
    },
    () => 'the stand-down was never accepted',
  );
  await engine.approveNext(incident);
  await engine.waitFor(incident, 'the way back', (_, facts) =>
    facts.some(({ kind }) => kind === 'stand-down.done'),
  );
  const verdict = { kind: 'close', verdict: 'confirmed', reason: 'over', leave: [] } as const;
  expect(await engine.decide(incident, 'ada', verdict)).toMatchObject({ outcome: 'accepted' });
}

describe('ask', () => {
  test('each effect waits for one responder; a group is asked about once', async () => {
    const incident = await engine.open({ mode: 'ask' });
    await engine.waitFor(incident, 'the question', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    expect(world.writes).toEqual([]);
    await expect(engine.approveNext(incident, ['linus'])).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await engine.approveNext(incident, ['grace']);
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    expect(world.writes.toSorted()).toEqual(['canary=0', 'flag=0', 'lamp=0']);
    const asked = await approvalsOf(incident);
    expect(
      asked.map(({ operation, approvalClass, quorum, plans }) => [
        operation,
        approvalClass,
        quorum,
        plans.length,
      ]),
    ).toEqual([
      ['drain', 'R1', { people: 1, roles: ['responder'] }, 1],
      ['group', 'R1', { people: 1, roles: ['responder'] }, 2],
    ]);
    await finish(incident);
  });

  test('what is rejected holds, changes nothing, and is asked for again on retry', async () => {
    const incident = await engine.open({ mode: 'ask' });
    await engine.approveNext(incident, ['ada']);
    const question = await engine.waitFor(
      incident,
      'the second question',
      (_, facts) => facts.filter(({ kind }) => kind === 'approval.requested').length === 2,
    );
    const [, second] = await approvalsOf(question);
    const { id: approvalId = '', planDigest = '' } = second ?? {};
    await engine.decide(incident, 'ada', { kind: 'reject', approvalId, planDigest, reason: 'no' });
    await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    expect(world.writes).toEqual(['canary=0']);
    await engine.decide(incident, 'ada', { kind: 'retry' });
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    expect(world.writes.toSorted()).toEqual(['canary=0', 'flag=0', 'lamp=0']);
    await finish(incident);
  });
});

describe('veto', () => {
  test('people are told the plans; a veto makes the effect wait for one of them', async () => {
    const incident = await engine.open({ vetoSeconds: 3600 });
    await engine.waitFor(incident, 'the time to veto', ({ vetoUntil }) => vetoUntil !== null);
    const opened = (await engine.facts(incident)).find(
      ({ kind }) => kind === 'incident.veto-opened',
    );
    expect(opened?.data).toMatchObject({
      plans: ['Set canary to 0.', 'Set flag to 0.', 'Set lamp to 0.'],
    });
    expect(world.writes).toEqual([]);
    expect(
      await engine.decide(incident, 'grace', { kind: 'veto', reason: 'we are deploying' }),
    ).toMatchObject({ outcome: 'accepted' });
    await engine.approveNext(incident, ['ada']);
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    expect((await approvalsOf(incident)).map(({ operation }) => operation)).toEqual([
      'drain',
      'group',
    ]);
    await finish(incident);
  });

  test('when nobody says no it goes on by itself, and is not told twice', async () => {
    const incident = await engine.open({ vetoSeconds: 1 });
    await inReview(incident);
    expect(await approvalsOf(incident)).toEqual([]);
    const facts = await engine.facts(incident);
    const opened = facts.filter(({ kind }) => kind === 'incident.veto-opened');
    expect(opened).toHaveLength(1);
    const applied = facts.find(({ kind }) => kind === 'operation.applied');
    const until = (await engine.store.incidents.get(incident.id))?.vetoUntil ?? '';
    expect(Date.parse(applied?.recordedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(until));
    await finish(incident);
  });
});

describe('confirm', () => {
  test.each<[string, () => void, string]>([
    ['say no', () => world.values.set('two', 0), 'failed'],
    ['have no data', () => world.values.delete('two'), 'inconclusive'],
  ])('too many probes %s: people are asked before the first effect', async (...values) => {
    const [, disturb, outcome] = values;
    disturb();
    const incident = await engine.open();
    const asking = await engine.waitFor(incident, 'the question', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    expect(world.writes).toEqual([]);
    expect(asking.mode).toBe('ask');
    const results = await engine.store.results.ofIncident(incident.id);
    expect(results.find(({ operation }) => operation === 'confirm')).toMatchObject({ outcome });
    const told = (await engine.facts(incident)).find(({ kind }) => kind === 'alert.unconfirmed');
    expect(told?.summary).toContain('1 of 3 probes hold, 2 must');
    await engine.approveNext(incident, ['ada']);
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    await finish(incident);
  });

  test('an incident that only observes goes on observing', async () => {
    world.values.set('two', 0);
    const incident = await engine.open({ mode: 'observe' });
    await inReview(incident);
    expect(await engine.store.incidents.get(incident.id)).toMatchObject({ mode: 'observe' });
    expect(world.writes).toEqual([]);
  });
});

describe('caps', () => {
  const serving = (name: string) =>
    ({
      cluster: 'world',
      namespace: '-',
      kind: 'Deployment',
      name,
      container: 'c',
      role: 'only',
    }) as const;

  test('the last healthy capacity is asked for at R2, with the reason', async () => {
    world.serves = true;
    const incident = await engine.open({ entry: { ...ENTRY, serving: [serving('canary')] } });
    await engine.approveNext(incident, ['ada']);
    await engine.waitFor(
      incident,
      'the second question',
      (_, facts) => facts.filter(({ kind }) => kind === 'approval.requested').length === 2,
    );
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    const [asked] = await approvalsOf(incident);
    expect(asked).toMatchObject({
      operation: 'drain',
      approvalClass: 'R2',
      quorum: { people: 1, roles: ['approver-model-owner'] },
    });
    expect(asked?.title).toContain('last healthy capacity of m');
    await finish(incident);
  });
});

describe('rules', () => {
  test('a route that is lowered lowers what it opened, where it is planned and at the guard', async () => {
    routeMode = 'ask';
    const incident = await engine.open({ mode: 'auto' });
    await engine.approveNext(incident, ['ada']);
    await engine.approveNext(incident, ['ada']);
    await inReview(incident);
    expect((await approvalsOf(incident)).map(({ operation }) => operation)).toEqual([
      'drain',
      'group',
    ]);
    const rows = await engine.store.operations.ofIncident(incident.id);
    const drain = rows.find(({ operation }) => operation === 'drain');
    if (!drain) throw new Error('no row');
    const { operation, target, round, generation, fence, planDigest: digest } = drain;
    const key = { incidentId: incident.id, operation, target, round };
    // The same effect, as a worker would have it that knows of no approval.
    const claim = {
      ...{ key, generation, fence, digest, approvalId: null, listedAs: operation },
      ...{ needsApproval: false, ensures: false },
    };
    const under = (rules: Parameters<typeof steadyRules>[0]): Promise<void> =>
      guard({ ...engine.deps, rules: steadyRules(rules) }, claim);
    await under({});
    for (const lowered of ['ask', 'observe'] as const) {
      await expect(under({ modeOf: () => lowered })).rejects.toThrow(/R1 needs an approval/);
    }
    const none = { number: () => null, follow: () => Promise.resolve(null) };
    await expect(under(none)).rejects.toThrow(/no rules that prove themselves/);
    // New rules are read before anything is decided by old ones.
    let number = 1;
    const moving = (times: number) => ({
      number: () => number,
      follow: () => Promise.resolve((number += (times -= 1) >= 0 ? 1 : 0)),
    });
    await under(moving(1));
    await expect(under(moving(9))).rejects.toThrow(/change faster than they can be read/);
    await finish(incident);
  });
});
