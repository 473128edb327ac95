import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError } from '../../domain/error.ts';
import { cardOf } from '../../domain/message.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: the engine's promises hold on real Temporal and Postgres; method: small playbooks on a world of numbers.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

describe('an incident', () => {
  test('runs five steps, asks two people, closes with a verdict, and its chain verifies', async () => {
    const world = createWorld({ canary: 1, alias: 7 });
    engine = await startEngine(
      playbookOf({
        isolate: [
          op.seal('logs', 'canary'),
          op.contain('drain', 'canary', 0),
          op.probe('drained', 'canary', 0),
        ],
        revert: [
          op.approval('go-back', [op.set('alias-back', 'alias', 6)]),
          op.probe('is-back', 'alias', 6),
        ],
        redeploy: [op.approval('lift', [op.undo('lift-drain', ['drain'])])],
      }),
      world,
    );
    const incident = await engine.open();
    await engine.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    expect(world.values.get('alias')).toBe(7);
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'the alias back', () => world.values.get('alias') === 6);
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    const closed = await engine.decide(incident, 'ada', {
      kind: 'close',
      verdict: 'confirmed',
      reason: 'seen',
      leave: [],
    });
    expect(closed).toMatchObject({ outcome: 'accepted', reason: null });
    await engine.waitFor(incident, 'the end', ({ state }) => state === 'closed');
    expect(world.writes).toEqual(['canary=0', 'alias=6', 'canary=1']);
    expect(await verifyChain(await engine.facts(incident))).toMatchObject({ verified: true });
  });

  test('observe mode probes and plans, writes nothing, and waits for nothing that it did not do', async () => {
    const world = createWorld({ canary: 1, alias: 7 });
    const drained = { ...op.probe('drained', 'canary', 0), withinSeconds: 3_600 };
    engine = await startEngine(
      playbookOf({
        isolate: [op.contain('drain', 'canary', 0), drained],
        revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])],
      }),
      world,
    );
    const incident = await engine.open({ mode: 'observe' });
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual([]);
    const facts = await engine.facts(incident);
    const wouldHave = facts.filter(({ kind }) => kind === 'operation.would-have');
    expect(wouldHave.map(({ operation }) => operation)).toEqual(['drain', 'alias-back']);
  });

  test('an approval whose condition does not hold is skipped: nobody is asked, nothing is changed', async () => {
    const world = createWorld({ canary: 1, alias: 7 });
    const unwanted = op.approval('unwanted', [op.set('alias-away', 'alias', 5)]);
    engine = await startEngine(
      playbookOf({
        revert: [{ ...unwanted, when: 'false' }, op.probe('still-there', 'alias', 7)],
      }),
      world,
    );
    const incident = await engine.open();
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual([]);
    const facts = await engine.facts(incident);
    const told = facts.filter(({ operation }) => operation === 'unwanted');
    expect(told.map(({ kind }) => kind)).toEqual(['operation.skipped']);
    const ended = facts.find(({ key }) => key === 'step/revert/ended');
    expect(ended?.data).toEqual({ outcome: 'succeeded' });
  });

  test('a lost answer is looked at, adopted, and the effect happened once', async () => {
    const world = createWorld({ canary: 1 });
    world.failures.push({
      verb: 'write',
      error: new AppError('outcome_unknown', 'The connection was cut.'),
      afterEffect: true,
    });
    engine = await startEngine(playbookOf({ isolate: [op.contain('drain', 'canary', 0)] }), world);
    const incident = await engine.open();
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual(['canary=0']);
    const kinds = (await engine.facts(incident)).map(({ kind }) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['operation.unknown', 'operation.applied', 'operation.verified']),
    );
  });

  test('what does not hold is held for a person; after a retry it goes on', async () => {
    const world = createWorld({ canary: 1, share: 5 });
    engine = await startEngine(
      playbookOf({ isolate: [op.contain('drain', 'canary', 0), op.probe('no-share', 'share', 0)] }),
      world,
    );
    const incident = await engine.open();
    const held = await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    expect(held).toMatchObject({ owner: 'on-call' });
    expect(world.values.get('canary')).toBe(0);
    world.values.set('share', 0);
    expect(await engine.decide(incident, 'ada', { kind: 'retry' })).toMatchObject({
      outcome: 'accepted',
    });
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual(['canary=0']);
  });

  test('a cancelled incident keeps its containment; a stand-down takes it back, approved', async () => {
    const world = createWorld({ canary: 1, gate: 1, later: 1 });
    engine = await startEngine(
      playbookOf({
        isolate: [
          op.contain('drain', 'canary', 0),
          op.contain('close', 'gate', 0),
          op.proof('drained', 'canary', 0),
        ],
        revert: [op.approval('never', [op.set('later', 'later', 2)])],
      }),
      world,
    );
    const incident = await engine.open();
    await engine.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    await engine.decide(incident, 'ada', { kind: 'cancel', reason: 'false alarm' });
    await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    expect(world.values.get('canary')).toBe(0);
    expect(await engine.store.incidents.get(incident.id)).toMatchObject({
      containedAt: expect.any(String),
    });
    const refused = await engine.decide(incident, 'ada', {
      kind: 'close',
      verdict: 'false_positive',
      reason: 'nothing',
      leave: [],
    });
    expect(refused).toMatchObject({ outcome: 'refused' });
    await engine.decide(incident, 'ada', { kind: 'stand-down', reason: 'false alarm' });
    // Whoever wants it is who asked for it.
    const approval = await engine.store.approvals.get(await engine.approveNext(incident));
    expect(approval).toMatchObject({ requestedBy: 'ada' });
    await engine.waitFor(incident, 'the way back', (_, facts) =>
      facts.some(({ kind }) => kind === 'stand-down.done'),
    );
    expect(await engine.store.incidents.get(incident.id)).toMatchObject({
      ...{ state: 'held', stateReason: expect.stringContaining('Close it.') },
      // Nobody may be told that it is contained any more.
      containedAt: null,
    });
    expect(Object.fromEntries(world.values)).toEqual({ canary: 1, gate: 1, later: 1 });
    expect(world.writes).toEqual(['canary=0', 'gate=0', 'gate=1', 'canary=1']);
  });

  test('a world that moved between plan and approval voids the plan and people are asked anew', async () => {
    const world = createWorld({ alias: 7 });
    engine = await startEngine(
      playbookOf({ revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])] }),
      world,
      { slack: true },
    );
    const incident = await engine.open();
    await engine.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    world.values.set('alias', 8);
    const first = await engine.approveNext(incident);
    await engine.waitFor(incident, 'the void', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.voided'),
    );
    expect(world.values.get('alias')).toBe(8);
    const second = await engine.approveNext(incident);
    expect(second).not.toBe(first);
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual(['alias=6']);
    const conflict = (await engine.facts(incident)).find(
      ({ kind }) => kind === 'operation.conflict',
    );
    expect(conflict?.data).toMatchObject({
      differences: [{ path: 'value', before: 7, observed: 8 }],
    });
    const rows = await engine.store.messages.ofIncident(incident.id);
    const edits = rows.filter((row) => cardOf(row)?.isEdit === true);
    const opened = rows.find(({ purpose }) => purpose === 'opened');
    expect(opened?.subject).toContain(incident.title);
    expect(opened?.text).toMatch(/^Playbook: .+\. Mode: auto\.$/u);
    // Whoever looks at the first card must not see an open approval.
    expect(edits.some(({ purpose }) => purpose.endsWith('/card/void'))).toBe(true);
    expect(edits.every(({ channel }) => channel === 'slack')).toBe(true);
  });

  test('a run that was ended from outside is stuck, and goes on from Postgres when a person resumes it', async () => {
    const world = createWorld({ canary: 1, alias: 7 });
    engine = await startEngine(
      playbookOf({
        isolate: [op.contain('drain', 'canary', 0)],
        revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])],
      }),
      world,
    );
    const incident = await engine.open();
    await engine.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    await engine.client.terminate(incident.id, 1, 'by hand');
    await engine.reconciler.reconcile();
    await engine.waitFor(incident, 'stuck', ({ state }) => state === 'stuck');
    await engine.decide(incident, 'ada', { kind: 'resume' });
    await engine.waitFor(incident, 'generation 2', ({ generation }) => generation === 2);
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual(['canary=0', 'alias=6']);
    expect(await verifyChain(await engine.facts(incident))).toMatchObject({ verified: true });
  });

  test('a decision sent while no worker runs is taken once one does', async () => {
    const world = createWorld({ canary: 1, share: 5 });
    engine = await startEngine(playbookOf({ isolate: [op.probe('no-share', 'share', 0)] }), world);
    const incident = await engine.open();
    await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    await engine.stopWorker();
    const decided = engine.decide(incident, 'ada', {
      kind: 'skip',
      operation: 'no-share',
      reason: 'known',
    });
    await engine.startWorker();
    expect(await decided).toMatchObject({ outcome: 'accepted' });
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
  });
});
