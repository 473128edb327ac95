import { once } from 'node:events';
import { beforeAll, expect, test } from '@jest/globals';
import { startFirebreak } from '../../app/firebreak.ts';
import type { Fact } from '../../domain/fact.ts';
import { closersAfterEach } from '../closers.ts';
import { freshDatabase, quietTemporalRuntime } from '../harness.ts';
import { settingsOf } from './settings.ts';
import { DEPLOYMENT, openSmallWorld, personAt, raise, takeKeys } from './small-installation.ts';
import { expectWholeLog } from './whole.ts';
import { makeOurBuildCurrent, startWorkerProcess } from './worker.ts';

// Goal: a worker that is killed with -9 around its first effect loses and repeats nothing. Method: API here, worker
// in a process of its own, which the cluster's twin kills the moment the write arrives; then a second worker.
const WAIT_MAX_MS = 120_000;
// Above the sum of the waits, so that a wait in vain says what it waited for.
const TEST_MAX_MS = 600_000;

const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

const KINDS = ['cut-before', 'cut-after'] as const;

interface Crash {
  readonly kind: (typeof KINDS)[number];
  /** How the first worker ended: code and signal. */
  readonly end: readonly unknown[];
  /** What had changed in the cluster when it was killed. */
  readonly writesAtKill: readonly string[];
  /** What has changed in all. */
  readonly writes: readonly string[];
  readonly facts: readonly Fact[];
}

/** One incident whose first worker is killed around its first write. */
async function crashAround(kind: Crash['kind']): Promise<Crash> {
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const world = await openSmallWorld(closers, database.url);
  const { places } = world;
  const firebreak = await startFirebreak(settingsOf(places, 'api'));
  closers.push(() => firebreak.stop());
  const first = await startWorkerProcess(places, closers);
  await makeOurBuildCurrent(places);
  const killed = once(first, 'exit', { signal: AbortSignal.timeout(WAIT_MAX_MS) });
  world.atWrite(kind, () => {
    first.kill('SIGKILL');
  });
  const api = { url: firebreak.url, keys: await takeKeys(firebreak) };
  await raise(api, { name: 'OddScores', startsAt: new Date().toISOString() });
  const end = await killed;
  const writesAtKill = world.writes();
  await startWorkerProcess(places, closers);
  const person = personAt(api);
  const { id } = await person.closeReviewed();
  return { kind, end, writesAtKill, writes: world.writes(), facts: await person.facts(id) };
}

test(
  'a worker killed with -9 before and after its first effect: the incident ends, the effect happened once',
  async () => {
    // Side by side: most of it is waiting until Temporal misses the dead worker's heartbeat.
    const crashes = await Promise.allSettled(KINDS.map(crashAround));
    for (const crash of crashes) if (crash.status === 'rejected') throw crash.reason;
    const ended = crashes.flatMap((crash) => (crash.status === 'fulfilled' ? [crash.value] : []));
    const write = `PATCH ${DEPLOYMENT}`;
    expect(ended).toMatchObject([
      { kind: 'cut-before', end: [null, 'SIGKILL'], writesAtKill: [], writes: [write] },
      { kind: 'cut-after', end: [null, 'SIGKILL'], writesAtKill: [write], writes: [write] },
    ]);
    for (const { facts } of ended) {
      await expectWholeLog(facts);
      const kinds = facts
        .filter(({ operation }) => operation === 'scale-away')
        .map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);
      expect(kinds).toContain('operation.verified');
    }
  },
  TEST_MAX_MS,
);
