import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { isRunning } from '../../app/embedded/process-identity.ts';
import { readTemporalRecord, type TemporalRecord } from '../../app/embedded/temporal-file.ts';
import { startFirebreak } from '../../app/firebreak.ts';
import { closersAfterEach } from '../closers.ts';
import { freshDatabase, quietTemporalRuntime, temporalCliPath } from '../harness.ts';
import { bundleOf, settingsOf } from './settings.ts';
import { DEPLOYMENT, openSmallWorld, personAt, raise, takeKeys } from './small-installation.ts';
import { expectWholeLog } from './whole.ts';

// Goal: Temporal may die at any moment: intake goes on, what was accepted becomes an incident, an effect under way
// happens once. Method: the whole of Firebreak in this process on a Temporal of its own, which is killed with -9 before
// the first alert and again at the write; Firebreak itself starts it again.
const TEST_MAX_MS = 240_000;
const CHANGE_MAX_MS = 60_000;
const LOOK_MS = 5;
const RAISED_MAX = 10;

const closers = closersAfterEach();
beforeAll(quietTemporalRuntime);

/** True when something listens on the port. */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until it is so. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + CHANGE_MAX_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Kills the Temporal server of a data folder, once it runs, and waits until nobody listens. */
async function killTemporal(dataDir: string): Promise<{ readonly isAway: () => Promise<boolean> }> {
  const running = (): TemporalRecord | null => {
    const record = readTemporalRecord(dataDir);
    return record && isRunning(record) ? record : null;
  };
  await until('Temporal runs', () => running() !== null);
  const record = running();
  if (!record) throw new Error('Temporal ended by itself');
  const isAway = async (): Promise<boolean> => !(await listens(record.port));
  process.kill(record.pid, 'SIGKILL');
  await until('Temporal is away', isAway);
  return { isAway };
}

test(
  'Temporal killed before an alert and at the write: intake answers 202, the incident ends, the effect happened once',
  async () => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const world = await openSmallWorld(closers, database.url);
    const { dataDir } = world.places;
    const bundle = await bundleOf(world.places);
    const firebreak = await startFirebreak({
      ...settingsOf(world.places, 'all'),
      temporal: null,
      temporalCliPath: temporalCliPath(),
      bundle,
    });
    closers.push(() => firebreak.stop());
    const api = { url: firebreak.url, keys: await takeKeys(firebreak) };
    const person = personAt(api);
    const startsAt = new Date().toISOString();
    let raised = 0;
    let takenWhileAway = 0;
    const raiseWhileAway = async (): Promise<void> => {
      raised += 1;
      const name = `OddScores${raised.toString()}`;
      const { isAway } = await killTemporal(dataDir);
      expect(await raise(api, { name, startsAt })).toMatchObject({ status: 202 });
      if (await isAway()) takenWhileAway += 1;
    };
    const atWrite = new Promise<void>((resolve) => {
      world.atWrite('delay', resolve);
    });
    await raiseWhileAway();
    await raiseWhileAway();
    await atWrite;
    await raiseWhileAway();
    // A new server takes a moment, and so may the answer: once it must have come while nobody was there to be told of the alert.
    while (takenWhileAway === 0 && raised < RAISED_MAX) await raiseWhileAway();
    expect(takenWhileAway).toBeGreaterThan(0);

    const { id } = await person.closeReviewed();
    expect(await person.incidents()).toHaveLength(1);
    expect(world.writes()).toEqual([`PATCH ${DEPLOYMENT}`]);
    const facts = await person.facts(id);
    await expectWholeLog(facts);
    const kinds = facts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);
    expect(facts.filter(({ kind }) => kind.startsWith('alert.'))).toHaveLength(raised);
  },
  TEST_MAX_MS,
);
