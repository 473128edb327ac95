import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyChain } from '../../evidence/chain.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf, startEngine, type Engine } from './engine.ts';
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
    await engine.approveNext(incident);
    expect(world.values.get('alias')).toBe(7);
    await engine.waitFor(incident, 'the alias back', () => world.values.get('alias') === 6);
    await engine.approveNext(incident);
    await engine.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    const closed = await engine.decide(incident, 'ada', {
      kind: 'close',
      verdict: 'confirmed',
      reason: 'seen',
      leave: [],
    });
    expect(closed).toMatchObject({ outcome: 'accepted' });
    await engine.waitFor(incident, 'the end', ({ state }) => state === 'closed');
    expect(world.writes).toEqual(['canary=0', 'alias=6', 'canary=1']);
    expect(await verifyChain(await engine.facts(incident))).toMatchObject({ verified: true });
  });
});
