import { once } from 'node:events';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { withClient } from '../../store/test-database.ts';
import { freshDatabase, quietTemporalRuntime } from '../harness.ts';
import type { Closers } from '../lane/lane.ts';
import {
  DEPLOYMENT,
  openSmallWorld,
  personAt,
  raise,
  takeKeys,
  type IntakeAnswer,
  type Keys,
} from './small-installation.ts';
import type { Places } from './settings.ts';
import { expectWholeLog } from './whole.ts';
import { makeOurBuildCurrent, startProcess, startWorkerProcess } from './worker.ts';

// Goal: an alert that was accepted becomes one incident that runs once, though the process that took it is killed with
// -9 before or after the commit. Method: the API in a process of its own; before: a lock keeps its transaction from
// committing; after: the database tells of the commit. No worker runs until the API is back, or the killed process
// was one itself. The sender, who may have no answer, sends again.
const TEST_MAX_MS = 240_000;
const ALERT = { name: 'OddScores', startsAt: new Date().toISOString() };

const closers: Closers = [];
beforeAll(quietTemporalRuntime);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Intake {
  readonly url: string;
  readonly keys: Keys;
  readonly kill: () => Promise<void>;
}

/** Sends the alert and kills its taker while its transaction waits for a lock, or as soon as it has committed. */
async function killAround(
  moment: 'before' | 'after',
  { databaseUrl }: Places,
  intake: Intake,
): Promise<IntakeAnswer> {
  return withClient(databaseUrl, async (client) => {
    if (moment === 'after') {
      const committed = once(client, 'notification');
      await client.query('listen outbox');
      const answer = raise(intake, ALERT);
      await committed;
      await intake.kill();
      return answer;
    }
    await client.query('begin');
    await client.query('lock table firebreak.outbox in access exclusive mode');
    const answer = raise(intake, ALERT);
    let waits = 0;
    while (waits === 0) {
      const { rowCount } = await client.query('select from pg_locks where not granted');
      waits = rowCount ?? 0;
    }
    await intake.kill();
    await client.query('rollback');
    return answer;
  });
}

test.each([
  ['api', 'before'],
  ['api', 'after'],
  ['all', 'before'],
  ['all', 'after'],
] as const)(
  'a process with role %s, killed %s the commit of an alert: one incident, which acts once',
  async (role, moment) => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const world = await openSmallWorld(closers, database.url);
    const { places } = world;
    const first = await startProcess(places, role, closers);
    if (role === 'all') await makeOurBuildCurrent(places);
    const keys = await takeKeys(first.said);
    const gone = once(first.child, 'exit');
    const answer = await killAround(moment, places, {
      url: first.said.url,
      keys,
      kill: async () => {
        first.child.kill('SIGKILL');
        await gone;
      },
    });
    expect(await gone).toEqual([null, 'SIGKILL']);
    if (moment === 'before') expect(answer.status).toBeNull();

    const second = await startProcess(places, role, closers);
    const api = { url: second.said.url, keys };
    const person = personAt(api);
    expect(await person.incidents()).toHaveLength(moment === 'before' ? 0 : 1);
    if (role === 'api') await startWorkerProcess(places, closers);
    if (role === 'api') await makeOurBuildCurrent(places);
    expect(await raise(api, ALERT)).toMatchObject({ status: 202 });
    const { id } = await person.closeReviewed();
    expect(await person.incidents()).toHaveLength(1);
    expect(world.writes()).toEqual([`PATCH ${DEPLOYMENT}`]);
    const facts = await person.facts(id);
    await expectWholeLog(facts);
    const kinds = facts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'alert.received')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);
  },
  TEST_MAX_MS,
);
