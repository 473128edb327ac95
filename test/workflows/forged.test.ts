import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Decision, DecisionCommand } from '../../domain/decision.ts';
import type { Incident } from '../../domain/incident.ts';
import { decideUpdate, wakeSignal } from '../../workflows/messages.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: what is sent straight to Temporal decides nothing and is raised, whatever it says.
// Method: updates and signals beside the API, to a run that is held before its first effect, on real servers.
const world = createWorld({ canary: 1, share: 5 });
let engine: Engine;
let incident: Incident;

beforeAll(async () => {
  await quietTemporalRuntime();
  engine = await startEngine(
    playbookOf({ isolate: [op.probe('no-share', 'share', 0), op.contain('drain', 'canary', 0)] }),
    world,
  );
  incident = await engine.open();
  await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
});
afterAll(() => engine.stop());

async function send(decision: Pick<Decision, 'command'> & Partial<Decision>): Promise<unknown> {
  const id = decision.id ?? randomUUID();
  const actor = { person: 'ada', name: 'Ada', roles: ['admin'], channel: 'api' } as const;
  const sent: Decision = {
    id,
    incidentId: incident.id,
    actor,
    decidedAt: new Date().toISOString(),
    signature: '',
    outcome: 'pending',
    reason: null,
    ...decision,
  };
  const handle = engine.client.client.workflow.getHandle(`incident/${incident.id}/1`);
  return handle.executeUpdate(decideUpdate, { updateId: randomUUID(), args: [sent] });
}

const forgedFacts = async (): Promise<number> =>
  (await engine.facts(incident)).filter(({ kind }) => kind === 'decision.forged').length;

describe('an update that nobody signed', () => {
  const reason = 'because';
  test.each<DecisionCommand>([
    { kind: 'skip', operation: 'no-share', reason },
    { kind: 'mark-done', operation: 'no-share', reason },
    { kind: 'retry' },
    { kind: 'resume' },
    { kind: 'pause', reason },
    { kind: 'cancel', reason },
    { kind: 'stand-down', reason },
    { kind: 'severity', severity: 'sev4', reason },
    { kind: 'hand-over', to: 'mallory' },
    { kind: 'close', verdict: 'false_positive', reason, leave: [] },
  ])('$kind changes nothing and is raised', async (command) => {
    const before = await forgedFacts();
    await expect(send({ command })).resolves.toEqual({
      outcome: 'refused',
      reason: 'Nobody decided that.',
    });
    await engine.waitFor(
      incident,
      'the fact',
      (_, facts) => facts.filter(({ kind }) => kind === 'decision.forged').length > before,
    );
    const now = await engine.store.incidents.get(incident.id);
    expect(now).toMatchObject({ state: 'held', paused: false, severity: incident.severity });
    expect(world.writes).toEqual([]);
  });

  test('a wake signal of anybody only wakes', async () => {
    const handle = engine.client.client.workflow.getHandle(`incident/${incident.id}/1`);
    await handle.signal(wakeSignal);
    expect(await engine.store.incidents.get(incident.id)).toMatchObject({ state: 'held' });
    expect(world.writes).toEqual([]);
  });
});
