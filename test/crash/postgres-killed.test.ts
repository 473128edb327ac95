import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { acceptedSchema } from '../../api/contract.ts';
import { cacheFolder } from '../../app/cache-folder.ts';
import { startEmbeddedServers, type EmbeddedServers } from '../../app/embedded/servers.ts';
import { startFirebreak } from '../../app/firebreak.ts';
import { withClient } from '../../store/test-database.ts';
import { closersAfterEach } from '../closers.ts';
import { quietTemporalRuntime, tempDir } from '../harness.ts';
import { bundleOf, settingsOf } from './settings.ts';
import {
  DEPLOYMENT,
  openSmallWorld,
  personAt,
  raise,
  takeKeys,
  type IntakeAnswer,
} from './small-installation.ts';
import { expectWholeLog } from './whole.ts';
import { makeOurBuildCurrent } from './worker.ts';

// Goal: Postgres may die at any moment: intake says 503 with Retry-After and never takes what it cannot keep, what it
// took is there afterwards, an effect under way happens once. Method: a Postgres of the test's own under our supervisor,
// killed with -9 while many senders send, each until it is told 202, and again at the write.
const SENDERS = 30;
const KILL_AFTER = 5;
const SEND_MAX_MS = 60_000;
const REST_MS = 20;
const TEST_MAX_MS = 240_000;

const closers = closersAfterEach();
beforeAll(quietTemporalRuntime);

async function ownPostgres(): Promise<{ readonly url: string; readonly kill: () => void }> {
  const servers: EmbeddedServers = await startEmbeddedServers({
    dataDir: await tempDir(),
    cacheDir: cacheFolder(process.env),
    log: () => undefined,
    temporal: null,
    orphanGraceSeconds: 0,
  });
  closers.push(() => servers.stop());
  const { postgres } = servers;
  if (!postgres) throw new Error('Postgres did not start');
  return {
    url: postgres.url,
    kill: () => {
      process.kill(postgres.identity().pid, 'SIGKILL');
    },
  };
}

/** Sends until it is told 202; answers everything that it was told. */
async function sendUntilTaken(
  send: () => Promise<IntakeAnswer>,
  taken: () => void,
): Promise<readonly IntakeAnswer[]> {
  const answers: IntakeAnswer[] = [];
  const deadline = Date.now() + SEND_MAX_MS;
  while (Date.now() < deadline) {
    const answer = await send();
    answers.push(answer);
    if (answer.status === 202) {
      taken();
      return answers;
    }
    await sleep(REST_MS);
  }
  throw new Error(`never taken: ${JSON.stringify(answers.at(-1))}`);
}

test(
  'Postgres killed at intake and at the write: 503 meanwhile, nothing accepted is lost, the effect happened once',
  async () => {
    const { url: databaseUrl, kill } = await ownPostgres();
    const world = await openSmallWorld(closers, databaseUrl);
    const bundle = await bundleOf(world.places);
    const firebreak = await startFirebreak({ ...settingsOf(world.places, 'all'), bundle });
    closers.push(() => firebreak.stop());
    await makeOurBuildCurrent(world.places);
    const api = { url: firebreak.url, keys: await takeKeys(firebreak) };
    world.atWrite('delay', kill);

    let taken = 0;
    const startsAt = new Date().toISOString();
    const told = await Promise.all(
      Array.from({ length: SENDERS }, async (_, sender) => {
        // One after the other, so that some come before the kill, some while Postgres is away.
        await sleep(sender * REST_MS);
        return sendUntilTaken(
          () => raise(api, { name: `OddScores${sender.toString()}`, startsAt }),
          () => {
            taken += 1;
            if (taken === KILL_AFTER) kill();
          },
        );
      }),
    );
    const refused = told.flat().filter(({ status }) => status !== 202);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, retryAfter } of refused) {
      expect(status).toBe(503);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    }

    const person = personAt(api);
    const { id } = await person.closeReviewed();
    expect(await person.incidents()).toHaveLength(1);
    expect(world.writes()).toEqual([`PATCH ${DEPLOYMENT}`]);
    const facts = await person.facts(id);
    await expectWholeLog(facts);
    const kinds = facts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);

    const receipts = told.flatMap((answers) =>
      answers.filter(({ status }) => status === 202).map(({ body }) => acceptedSchema.parse(body)),
    );
    const accepted = receipts.flatMap(({ alerts }) => alerts.map(({ alertId }) => alertId));
    const stored = await withClient(databaseUrl, async (client) => {
      const { rows } = await client.query('select id from firebreak.alert');
      return z.array(z.object({ id: z.string() })).parse(rows);
    });
    expect(stored.map((row) => row.id).sort()).toEqual([...accepted].sort());
    expect(accepted).toHaveLength(SENDERS);
  },
  TEST_MAX_MS,
);
