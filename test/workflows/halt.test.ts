import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { createStore } from '../../store/database.ts';
import { programPath, quietTemporalRuntime } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { eventually } from './engine-incidents.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld, type World } from './world.ts';

// Goal: a halt is obeyed however it was given, by every kind of write, and nothing is lost by it. Method: small
// playbooks on a world of numbers, on real Temporal and Postgres; no API runs, so that rows and files alone halt.
const REASON = 'it goes wild';
const run = promisify(execFile);
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const playbook = playbookOf({
  isolate: [op.contain('drain', 'canary', 0), op.probe('drained', 'canary', 0)],
  redeploy: [op.approval('lift', [op.undo('lift-drain', ['drain'])])],
});

async function start(): Promise<{ readonly running: Engine; readonly world: World }> {
  const world = createWorld({ canary: 1 });
  const running = await startEngine(playbook, world);
  engine = running;
  return { running, world };
}

/** Runs the command line as a person would whose API does not answer. */
async function haltDirectly({ databaseUrl }: Engine): Promise<string> {
  const args = ['halt', '--all', '--reason', REASON, '--direct', '--json'];
  const program = await programPath();
  const { stdout } = await run(process.execPath, [join(program, 'cli', 'main.js'), ...args], {
    ...{ cwd: program, env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl } },
  });
  return stdout;
}

async function withOwner<T>({ databaseUrl }: Engine, sql: string): Promise<T | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(sql);
    return undefined;
  } finally {
    await client.end();
  }
}

/** A halt of everything, as the API writes it; answers what lifts it. */
async function haltAll({ databaseUrl }: Engine): Promise<() => Promise<void>> {
  const api = await createStore({ databaseUrl, role: 'api', poolSize: 1 });
  const all = { scope: 'all', subject: null } as const;
  const at = new Date().toISOString();
  await api.halts.begin({
    ...all,
    id: 'hlt_1',
    reason: REASON,
    haltedBy: 'ada',
    channel: 'cli',
    haltedAt: at,
  });
  return async () => {
    await api.halts.end({ ...all, by: 'grace', reason: 'mended', at });
    await api.close();
  };
}

type Way = (running: Engine) => Promise<() => Promise<unknown>>;

const WAYS: readonly (readonly [string, string, Way])[] = [
  ['a row', REASON, haltAll],
  [
    '`halt --direct`, with neither API nor worker to ask',
    REASON,
    async (running) => {
      expect(await haltDirectly(running)).toContain('"created":true');
      return () =>
        withOwner(
          running,
          `update firebreak.halt set resumed_at = now(), resumed_by = 'g', resumed_reason = 'r'`,
        );
    },
  ],
  [
    'a HALT file',
    REASON,
    async ({ haltPath }) => {
      await writeFile(haltPath, `${REASON}\n`);
      return () => rm(haltPath);
    },
  ],
  [
    'a HALT file that cannot be read',
    'cannot be read',
    async ({ haltPath }) => {
      await mkdir(haltPath);
      return () => rm(haltPath, { recursive: true });
    },
  ],
  [
    'halts that cannot be read',
    'cannot be read',
    async (running) => {
      await withOwner(running, 'revoke select on firebreak.halt from firebreak_worker');
      return () => withOwner(running, 'grant select on firebreak.halt to firebreak_worker');
    },
  ],
];

describe('an effect', () => {
  test.each(WAYS)(
    'that %s forbids is held with the reason, and done once when it is retried',
    async (...way) => {
      const [, reason, halt] = way;
      const { running, world } = await start();
      const lift = await halt(running);
      const incident = await running.open();
      const held = await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
      expect(held.stateReason).toContain(reason);
      expect(held.owner).not.toBeNull();
      expect(world.writes).toEqual([]);
      // A person who tries again under the halt is held again.
      await running.decide(incident, 'ada', { kind: 'retry' });
      await running.waitFor(
        incident,
        'the second hold',
        ({ state }, facts) =>
          state === 'held' && facts.filter(({ kind }) => kind === 'incident.held').length === 2,
      );
      expect(world.writes).toEqual([]);
      await lift();
      await running.decide(incident, 'ada', { kind: 'retry' });
      await running.waitFor(incident, 'the approval', (_, facts) =>
        facts.some(({ kind }) => kind === 'approval.requested'),
      );
      expect(world.writes).toEqual(['canary=0']);
    },
  );
});

describe('what is in force while everything is halted', () => {
  test('is not written again by the watch, and not taken back by a stand-down or a lift', async () => {
    const { running, world } = await start();
    const incident = await running.open();
    await running.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    const lift = await haltAll(running);
    world.values.set('canary', 1);
    await running.client.client.workflow.execute('containmentWatch', {
      taskQueue: running.client.taskQueue,
      workflowId: `watch-${incident.id}`,
    });
    await running.waitFor(incident, 'the lapse', (_, facts) =>
      facts.some(({ kind }) => kind === 'containment.lapsed'),
    );
    expect(world.values.get('canary')).toBe(1);
    world.values.set('canary', 0);
    await running.approveNext(incident);
    await running.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    await running.decide(incident, 'ada', { kind: 'stand-down', reason: 'false alarm' });
    await running.approveNext(incident);
    const facts = await running
      .waitFor(incident, 'the end of the stand-down', (_, seen) =>
        seen.some(({ kind }) => kind === 'stand-down.done'),
      )
      .then(() => running.facts(incident));
    expect(world.writes).toEqual(['canary=0']);
    expect(facts.find(({ kind }) => kind === 'stand-down.done')?.summary).toContain(REASON);
    // Lifted, the same way back is open.
    await lift();
    await eventually(
      async () => {
        const command = { kind: 'stand-down', reason: 'false alarm' } as const;
        const { outcome } = await running.decide(incident, 'ada', command);
        // Its end is told a moment before the incident is held again.
        return outcome === 'accepted' ? outcome : null;
      },
      () => 'the incident was never held again',
    );
    await running.approveNext(incident);
    await running.waitFor(incident, 'the way back', () => world.values.get('canary') === 1);
    expect(world.writes).toEqual(['canary=0', 'canary=1']);
  });
});
