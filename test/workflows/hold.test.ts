import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { DecisionCommand } from '../../domain/decision.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: what does not hold is never called a success, whatever people answer.
// Method: a world that moves during the hold time, and people's answers to it, on real Temporal and Postgres.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const playbook = playbookOf({
  isolate: [op.contain('drain', 'canary', 0), op.proof('is-drained', 'canary', 0)],
});

/** An incident whose containment somebody undid during its hold time. */
async function lapsed(): Promise<{
  readonly running: Engine;
  readonly world: ReturnType<typeof createWorld>;
  readonly incident: Awaited<ReturnType<Engine['open']>>;
}> {
  const world = createWorld({ canary: 1 });
  world.holdMs = 1_000;
  const running = await startEngine(playbook, world);
  engine = running;
  const incident = await running.open();
  await running.waitFor(incident, 'the containment', (_, facts) =>
    facts.some(({ kind }) => kind === 'probe.observed'),
  );
  world.values.set('canary', 1);
  await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
  return { running, world, incident };
}

describe('what does not hold after its hold time', () => {
  test.each<[string, boolean, DecisionCommand, string]>([
    ['is looked at again on retry', true, { kind: 'retry' }, 'succeeded'],
    ['is looked at again on resume', true, { kind: 'resume' }, 'succeeded'],
    [
      'succeeds when a person did it and it holds',
      true,
      { kind: 'mark-done', operation: 'drain', reason: 'by hand' },
      'succeeded',
    ],
    [
      'is no success when a person says so and it does not hold',
      false,
      { kind: 'mark-done', operation: 'drain', reason: 'by hand' },
      'inconclusive',
    ],
    [
      'is no success when a person goes on without it',
      false,
      { kind: 'skip', operation: 'drain', reason: 'not needed' },
      'inconclusive',
    ],
  ])('%s', async (...values) => {
    const [, mended, command, outcome] = values;
    const { running, world, incident } = await lapsed();
    if (mended) world.values.set('canary', 0);
    expect(await running.decide(incident, 'ada', command)).toMatchObject({ outcome: 'accepted' });
    await running.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    const facts = await running.facts(incident);
    const ended = facts.find(({ key }) => key === 'step/isolate/ended');
    expect(ended?.data).toEqual({ outcome });
    const contained = facts.some(({ kind }) => kind === 'containment.verified');
    expect(contained).toBe(outcome === 'succeeded');
  });

  test('holds again when nothing changed, and after a stand-down only the close is left', async () => {
    const { running, world, incident } = await lapsed();
    await running.decide(incident, 'ada', { kind: 'retry' });
    await running.waitFor(
      incident,
      'the second hold',
      ({ state }, facts) =>
        state === 'held' && facts.filter(({ kind }) => kind === 'incident.held').length === 2,
    );
    await running.decide(incident, 'ada', { kind: 'stand-down', reason: 'false alarm' });
    await running.approveNext(incident);
    await running.waitFor(incident, 'the way back', (_, facts) =>
      facts.some(({ kind }) => kind === 'stand-down.done'),
    );
    await running.untilRun(incident, 'held');
    for (const kind of ['retry', 'resume'] as const) {
      expect(await running.decide(incident, 'ada', { kind })).toMatchObject({
        outcome: 'refused',
        reason: 'The incident was stood down: close it.',
      });
    }
    const closed = await running.decide(incident, 'ada', {
      kind: 'close',
      verdict: 'false_positive',
      reason: 'nothing',
      leave: [],
    });
    expect(closed).toMatchObject({ outcome: 'accepted' });
    expect(world.values.get('canary')).toBe(1);
  });
});
