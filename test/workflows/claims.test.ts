import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Incident } from '../../domain/incident.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: incidents that share a target never take each other's change for the state before.
// Method: two incidents of one playbook on a world of numbers, with real Temporal and Postgres.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

async function standDown(running: Engine, incident: Incident): Promise<void> {
  await running.decide(incident, 'ada', { kind: 'cancel', reason: 'over' });
  await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
  await running.decide(incident, 'ada', { kind: 'stand-down', reason: 'over' });
  await running.approveNext(incident);
  await running.waitFor(incident, 'the way back', (_, facts) =>
    facts.some(({ kind }) => kind === 'stand-down.done'),
  );
}

describe('two incidents on one target', () => {
  test('the second reverts after the first, and plans on what the first left', async () => {
    const world = createWorld({ alias: 7 });
    engine = await startEngine(
      playbookOf({
        revert: [
          op.approval('go-back', [op.set('alias-back', 'alias', 6)]),
          op.probe('back', 'alias', 6),
        ],
      }),
      world,
    );
    const first = await engine.open();
    await engine.waitFor(first, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    const second = await engine.open();
    await engine.waitFor(second, 'the wait', (_, facts) =>
      facts.some(({ kind }) => kind === 'claim.blocked'),
    );
    await engine.approveNext(first);
    await engine.waitFor(first, 'review', ({ phase }) => phase === 'review');
    await engine.decide(first, 'ada', {
      kind: 'close',
      verdict: 'confirmed',
      reason: 'done',
      leave: [],
    });
    await engine.approveNext(second);
    await engine.waitFor(second, 'review', ({ phase }) => phase === 'review');
    const planned = (await engine.facts(second)).find(({ kind }) => kind === 'operation.planned');
    expect(planned?.data).toMatchObject({ before: { value: 6 }, noChange: true });
    expect(world.writes).toEqual(['alias=6']);
  });

  test('the second joins the containment, the first leaves it, the last puts back what was before both', async () => {
    const world = createWorld({ canary: 3, share: 5 });
    engine = await startEngine(
      playbookOf({ isolate: [op.contain('drain', 'canary', 0), op.probe('no-share', 'share', 0)] }),
      world,
    );
    const first = await engine.open();
    await engine.waitFor(first, 'the hold', ({ state }) => state === 'held');
    const second = await engine.open();
    await engine.waitFor(second, 'the hold', ({ state }) => state === 'held');
    const planned = (await engine.facts(second)).find(({ kind }) => kind === 'operation.planned');
    expect(planned?.data).toMatchObject({ before: { value: 3 }, joins: first.id });
    await standDown(engine, first);
    expect(world.values.get('canary')).toBe(0);
    const left = (await engine.facts(first)).find(({ kind }) => kind === 'operation.reverted');
    expect(left?.data).toMatchObject({ leftTo: second.id });
    await standDown(engine, second);
    expect(world.values.get('canary')).toBe(3);
    expect(world.writes).toEqual(['canary=0', 'canary=3']);
  });

  test('the first lifts only when the second contains the target no more', async () => {
    const world = createWorld({ canary: 3, share: 0 });
    engine = await startEngine(
      playbookOf({
        isolate: [op.contain('drain', 'canary', 0), op.probe('no-share', 'share', 0)],
        redeploy: [op.approval('lift', [op.undo('lift-drain', ['drain'])])],
      }),
      world,
    );
    const first = await engine.open();
    await engine.waitFor(first, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    world.values.set('share', 5);
    const second = await engine.open();
    await engine.waitFor(second, 'the hold', ({ state }) => state === 'held');
    await engine.approveNext(first);
    await engine.waitFor(first, 'the wait', (_, facts) =>
      facts.some(({ kind, key }) => kind === 'claim.blocked' && key.endsWith(second.id)),
    );
    expect(world.values.get('canary')).toBe(0);
    await standDown(engine, second);
    await engine.waitFor(first, 'review', ({ phase }) => phase === 'review');
    expect(world.writes).toEqual(['canary=0', 'canary=3']);
  });
});
