import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: once isolate and revert are verified the rest wakes nobody, until it gets worse. Method: one playbook with a question
// before and after that point, on real Temporal and Postgres; what would be mailed stands in rows.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const playbook = playbookOf({
  isolate: [op.contain('drain', 'canary', 0), op.proof('is-drained', 'canary', 0)],
  revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])],
  redeploy: [
    op.approval('lift', [op.undo('lift-drain', ['drain'])]),
    op.probe('is-better', 'alias', 8),
  ],
});

test('a stabilised incident mails no more, until its severity rises', async () => {
  const world = createWorld({ canary: 1, alias: 7 });
  const running = await startEngine(playbook, world);
  engine = running;
  const incident = await running.open();
  const mailed = async (part: string): Promise<boolean> =>
    (await running.store.messages.ofIncident(incident.id)).some(
      ({ channel, purpose }) => channel === 'mail' && purpose.startsWith(part),
    );
  const first = await running.approveNext(incident);
  expect(await mailed(`approval/${first}`)).toBe(true);
  await running.waitFor(incident, 'stabilised', ({ stabilisedAt }) => stabilisedAt !== null);
  const second = await running.approveNext(incident);
  expect(second).not.toBe(first);
  expect(await mailed(`approval/${second}`)).toBe(false);
  await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
  expect(await mailed('held/is-better/1')).toBe(false);
  // Less bad is no reason to wake anybody, worse is.
  for (const [severity, mails] of [
    ['sev4', false],
    ['sev1', true],
  ] as const) {
    await running.decide(incident, 'ada', { kind: 'severity', severity, reason: 'seen' });
    await running.decide(incident, 'ada', { kind: 'retry' });
    const round = mails ? '3' : '2';
    await running.waitFor(
      incident,
      `hold ${round}`,
      ({ state }, facts) =>
        state === 'held' &&
        facts.filter(({ kind }) => kind === 'incident.held').length === Number(round),
    );
    expect(await mailed(`held/is-better/${round}`)).toBe(mails);
  }
});
