import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import { startFirebreak } from '../../app/firebreak.ts';
import type { Fact } from '../../domain/fact.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import type { KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { withClient } from '../../store/test-database.ts';
import { closersAfterEach } from '../closers.ts';
import { settingsOf } from '../crash/settings.ts';
import {
  DEPLOYMENT,
  openSmallWorld,
  personAt,
  raise,
  takeKeys,
} from '../crash/small-installation.ts';
import { expectWholeLog } from '../crash/whole.ts';
import { makeOurBuildCurrent, startWorkerProcess } from '../crash/worker.ts';
import { freshDatabase, quietTemporalRuntime } from '../harness.ts';

// Goal: a worker that sleeps past its heartbeat time-out and wakes up while another one does its work sends nothing and
// records nothing. Method: it is stopped with SIGSTOP before its permit (the cluster holds back the read of its apply),
// or when the guard's question about its fence is answered with yes but that is not read yet (a lock keeps the question
// waiting); another worker process takes over, and while the cluster holds back that one's write, the first goes on and
// comes to its end. Several walls stand behind each other here (fence, age of the permit, deadline of the call,
// cancellation); each has a test of its own elsewhere.
const WAIT_MAX_MS = 120_000;
const LOOK_MS = 20;
const TEST_MAX_MS = 300_000;
const OPERATION = 'scale-away';
/** What the guard asks about the row, its fence included. */
const QUESTION = '%from firebreak.operation where incident_id = $1 and operation = $2%';

const closers = closersAfterEach();
beforeAll(quietTemporalRuntime);

/** Asks until the answer is yes. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}

/** A request that the cluster holds back. */
interface Held {
  /** Tells its sender: the activity and its attempt. */
  readonly arrived: Promise<string>;
  readonly letGo: () => void;
}

/** Holds back the first request of this method that comes when `isIt` says so. */
function holdBack(twin: KubernetesTwin, method: string, isIt: () => Promise<boolean>): Held {
  let letGo: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const arrived = new Promise<string>((resolve) => {
    let caught = false;
    let sender = '';
    const wait = async (): Promise<void> => {
      const agent = sender;
      if (caught || !(await isIt())) return;
      caught = true;
      resolve(agent);
      await gone;
    };
    const matches = (asked: FaultSubject): boolean => {
      if (asked.method !== method || asked.path !== DEPLOYMENT || caught) return false;
      sender = asked.agent;
      return true;
    };
    twin.faults.add({ kind: 'delay', until: wait }, { matches, times: Number.MAX_SAFE_INTEGER });
  });
  closers.push(() => {
    letGo();
    return Promise.resolve();
  });
  return { arrived, letGo };
}

async function isApplying(client: Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from firebreak.operation where operation = $1 and state = 'applying'`,
    [OPERATION],
  );
  return rowCount === 1;
}

async function isAsking(client: Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
    [QUESTION],
  );
  return (rowCount ?? 0) > 0;
}

/** Stops a worker whose question before a write has been answered with yes, but not yet read. */
async function stopWithPermit(url: string, worker: ChildProcess, read: Held): Promise<void> {
  await withClient(url, (watching) =>
    withClient(url, async (locking) => {
      await locking.query('begin');
      await locking.query('lock table firebreak.operation in access exclusive mode');
      read.letGo();
      await until('the guard', () => isAsking(watching));
      worker.kill('SIGSTOP');
      await locking.query('rollback');
    }),
  );
}

/** What the incident and the cluster tell in the end. */
interface Told {
  /** The attempt that slept. */
  readonly sleeper: string;
  /** The attempts that sent a write, in order. */
  readonly writers: readonly string[];
  readonly changes: readonly string[];
  readonly facts: readonly Fact[];
}

async function zombie(moment: 'before' | 'after'): Promise<Told> {
  const { url, drop } = await freshDatabase();
  closers.push(drop);
  const world = await openSmallWorld(closers, url);
  const places = { ...world.places, namesActivities: true };
  const firebreak = await startFirebreak(settingsOf(places, 'api'));
  closers.push(() => firebreak.stop());
  const api = { url: firebreak.url, keys: await takeKeys(firebreak) };
  const first = await startWorkerProcess(places, closers);
  closers.push(() => {
    first.kill('SIGCONT');
    return Promise.resolve();
  });
  await makeOurBuildCurrent(places);
  const sleeper = await withClient(url, async (client) => {
    const read = holdBack(world.twin, 'GET', () => isApplying(client));
    await raise(api, { name: 'OddScores', startsAt: new Date().toISOString() });
    const reader = await read.arrived;
    if (moment === 'after') await stopWithPermit(url, first, read);
    else first.kill('SIGSTOP');
    read.letGo();
    const write = holdBack(world.twin, 'PATCH', () => Promise.resolve(true));
    await startWorkerProcess(places, closers);
    await write.arrived;
    const gone = once(first, 'exit');
    first.kill('SIGCONT');
    // It ends in order: what it was doing when it was stopped comes to its end first.
    first.stdin?.end();
    expect(await gone).toEqual([0, null]);
    write.letGo();
    return reader;
  });
  const person = personAt(api);
  const { id } = await person.closeReviewed();
  const writers = world.twin.ledger
    .filter(({ method, path }) => method === 'PATCH' && path.startsWith(DEPLOYMENT))
    .map(({ agent }) => agent);
  return { sleeper, writers, changes: world.writes(), facts: await person.facts(id) };
}

test(
  'a worker that wakes up too late, before or after its permit, sends nothing and records nothing',
  async () => {
    // Side by side: most of it is waiting until the sleeping worker counts as dead.
    const ended = await Promise.allSettled((['before', 'after'] as const).map(zombie));
    for (const one of ended) {
      if (one.status === 'rejected') throw one.reason;
      const { sleeper, writers, changes, facts } = one.value;
      expect(changes).toEqual([`PATCH ${DEPLOYMENT}`]);
      expect(sleeper).toMatch(/^firebreak \w+\/\S+\/1$/u);
      expect(writers).not.toContain(sleeper);
      const kinds = facts
        .filter(({ operation }) => operation === OPERATION)
        .map(({ kind }) => kind)
        // The write that is held back may pass its deadline meanwhile: then the other worker looks for it.
        .filter((kind) => kind.startsWith('operation.') && kind !== 'operation.unknown');
      expect(kinds).toEqual(['operation.planned', 'operation.applied', 'operation.verified']);
      await expectWholeLog(facts);
    }
  },
  TEST_MAX_MS,
);
