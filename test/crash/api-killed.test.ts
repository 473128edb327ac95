import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { withClient } from '../../store/test-database.ts';
import { closersAfterEach } from '../closers.ts';
import { freshDatabase, quietTemporalRuntime, temporalAddress } from '../harness.ts';
import { openGate } from './gate.ts';
import {
  DEPLOYMENT,
  openSmallWorld,
  personAt,
  raise,
  takeKeys,
  type IntakeAnswer,
  type Keys,
} from './small-installation.ts';
import { expectWholeLog } from './whole.ts';
import { makeOurBuildCurrent, startProcess, startWorkerProcess } from './worker.ts';

// Goal: an alert that was accepted becomes one incident that runs once, though the process that took it is killed with
// -9 before the commit, after it, or when it is about to start the run. Method: the process is one of its own. Before:
// a lock keeps its transaction from committing. After: the database tells of the commit; no worker runs. Starting: it
// has taken the work up, and a gate keeps it from Temporal. The sender, who may have no answer, sends again.
const CASES = [
  { role: 'api', moment: 'before the commit' },
  { role: 'api', moment: 'after the commit' },
  { role: 'all', moment: 'before the commit' },
  { role: 'all', moment: 'while it starts the run' },
] as const;
type Moment = (typeof CASES)[number]['moment'];
const ALERT = { name: 'OddScores', startsAt: new Date().toISOString() };
const LOOK_MS = 20;
/** A sign must be seen so often in a row: what passes is none. */
const LOOKS = 25;
const WAIT_MAX_MS = 60_000;
const TEST_MAX_MS = 300_000;

const closers = closersAfterEach();
beforeAll(quietTemporalRuntime);

interface Intake {
  readonly url: string;
  readonly keys: Keys;
  readonly databaseUrl: string;
  readonly kill: () => Promise<void>;
}

/** What the database shows when the moment has come, but for the commit itself, which it tells. */
const SIGNS: Readonly<Record<Exclude<Moment, 'after the commit'>, string>> = {
  'before the commit': `select from pg_locks join pg_database on database = pg_database.oid
    where datname = current_database() and not granted`,
  'while it starts the run': 'select from firebreak.outbox where leased',
};

/** Sends the alert and kills its taker at the moment; answers what the sender was told. */
async function killAt(moment: Moment, intake: Intake): Promise<IntakeAnswer> {
  return withClient(intake.databaseUrl, async (client) => {
    await client.query('listen outbox');
    const committed = once(client, 'notification');
    await client.query('begin');
    if (moment === 'before the commit') {
      await client.query('lock table firebreak.outbox in access exclusive mode');
    } else await client.query('rollback');
    const answer = raise(intake, ALERT);
    if (moment === 'after the commit') await committed;
    else {
      const deadline = Date.now() + WAIT_MAX_MS;
      let looks = 0;
      while (looks < LOOKS) {
        const { rowCount } = await client.query(SIGNS[moment]);
        looks = rowCount === 0 ? 0 : looks + 1;
        if (Date.now() > deadline) throw new Error(`no lasting sign of ${moment}`);
        await sleep(LOOK_MS);
      }
    }
    await intake.kill();
    await client.query('rollback');
    return answer;
  });
}

test.each(CASES)(
  'a process with role $role, killed $moment: one incident, which acts once',
  async ({ role, moment }) => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const world = await openSmallWorld(closers, database.url);
    const gate = await openGate(closers, temporalAddress());
    const places = { ...world.places, temporalAddress: gate.address };
    const first = await startProcess(places, role, closers);
    if (role === 'all') await makeOurBuildCurrent(places);
    const keys = await takeKeys(first.said);
    const gone = once(first.child, 'exit');
    if (moment === 'while it starts the run') gate.shut();
    const answer = await killAt(moment, {
      url: first.said.url,
      keys,
      databaseUrl: database.url,
      kill: async () => {
        first.child.kill('SIGKILL');
        await gone;
      },
    });
    expect(await gone).toEqual([null, 'SIGKILL']);
    if (moment === 'before the commit') expect(answer.status).toBeNull();
    // Intake does not wait for Temporal.
    if (moment === 'while it starts the run') expect(answer.status).toBe(202);
    gate.open();

    const second = await startProcess(places, role, closers);
    const api = { url: second.said.url, keys };
    const person = personAt(api);
    expect(await person.incidents()).toHaveLength(moment === 'before the commit' ? 0 : 1);
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
