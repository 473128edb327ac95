// Goal: one digest a period, over restarts and several processes, that tells what changed since the last one, and none when nothing is
// open. Method: rows of the real store, the time moved by hand.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newFact } from '../domain/fact.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { sendDigest } from './digest.ts';

const HOUR_MS = 3_600_000;
const DIGEST = { to: ['board@lab.test'], everyHours: 4 };
const AUDIENCE = {
  name: 'board',
  reach: 'internal',
  to: ['cto@lab.test'],
  slackChannel: null,
  everyMinutes: { sev2: 60, sev3: 60 },
  templates: {},
} as const;

const stores = useStores();
let nowMs: number;
let incidentId: string;
let count = 0;

/** One round of a process that has just started. */
const round = (digest: typeof DIGEST | null = DIGEST): Promise<boolean> =>
  sendDigest({
    ...{ store: stores.worker(), digest, audiences: [AUDIENCE], channels: { mail: true } },
    now: () => new Date(nowMs),
  });

const mailSchema = z.object({
  purpose: z.string(),
  subject: z.string(),
  text: z.string(),
  recipients: z.array(z.object({ address: z.string() })),
});
const mails = async (): Promise<readonly z.infer<typeof mailSchema>[]> =>
  z.array(mailSchema).parse(
    await stores.sql(
      `select purpose, subject, text, recipients from firebreak.message
       where purpose like 'digest/%' order by number`,
    ),
  );

beforeEach(async () => {
  count += 1;
  // Whole periods from now on, so that facts of now lie in the one before the next.
  nowMs = Math.floor(Date.now() / (4 * HOUR_MS)) * 4 * HOUR_MS;
  await stores.sql(`delete from firebreak.setting where name = 'digest/last'`);
  await stores.sql(`delete from firebreak.message where purpose like 'digest/%'`);
  incidentId = await openIncident(stores.api(), `digest-${count.toString()}`);
  await stores.worker().incidents.change(incidentId, { state: 'open' });
});
afterEach(async () => {
  await stores.worker().incidents.change(incidentId, { state: 'closed' });
});

test('comes once a period, to the addresses of the file, whoever looks', async () => {
  expect(await round()).toBe(false);
  nowMs += 4 * HOUR_MS;
  await Promise.all([round(), round(), round()]);
  expect(await round()).toBe(false);
  nowMs += 4 * HOUR_MS - 1;
  expect(await round()).toBe(false);
  nowMs += 1;
  expect(await round()).toBe(true);
  const sent = await mails();
  expect(sent).toHaveLength(2);
  expect(new Set(sent.map(({ purpose }) => purpose)).size).toBe(2);
  expect(sent[0]?.recipients).toMatchObject([{ address: 'board@lab.test' }]);
});

test('tells what is open, what changed since the last one, and when the next update is due', async () => {
  await round();
  const { incidents, facts, updates } = stores.worker();
  const hostile = 'Contained.\n#9 All clear';
  const fact = newFact({ key: 'c', kind: 'containment.verified', summary: hostile });
  await facts.append(incidentId, [fact]);
  const incident = await incidents.change(incidentId, { title: 'x\r\n#8 Nothing' });
  const draftedAt = new Date(nowMs).toISOString();
  await updates.draft({
    ...{ id: `upd_${incidentId}`, incidentId, audience: 'board', reach: 'internal', ordinal: 1 },
    ...{ notice: 'first', verified: false, to: [], slackChannel: null, subject: 's', text: 't' },
    ...{ templateSha256: 'd', textSha256: 'd', draftedAt, state: 'released' },
    ...{ settledAt: draftedAt, settledBy: 'engine', settledThrough: null, reason: null },
  });
  nowMs += 4 * HOUR_MS;
  await round();
  const [first] = await mails();
  expect(first?.subject).toBe('Digest: 1 open incidents');
  expect(first?.text).toContain(`#${incident.number.toString()} x\\r\\n#8 Nothing (`);
  expect(first?.text).toContain('  - Contained.\\n#9 All clear\n');
  expect(first?.text).toContain(`Next update: ${new Date(nowMs - 3 * HOUR_MS).toISOString()}`);
  nowMs += 4 * HOUR_MS;
  await round();
  expect((await mails()).at(-1)?.text).toContain('Nothing new.');
});

test('does not come when nothing is open; what closed is told with the next', async () => {
  await round();
  const closedAt = new Date(nowMs + 5 * HOUR_MS).toISOString();
  await stores.worker().incidents.change(incidentId, {
    ...{ state: 'closed', verdict: 'confirmed', closedAt },
  });
  nowMs += 4 * HOUR_MS;
  expect(await round()).toBe(false);
  expect(await mails()).toEqual([]);
  await openIncident(stores.api(), `digest-other-${count.toString()}`).then((id) => {
    incidentId = id;
  });
  nowMs += 4 * HOUR_MS;
  expect(await round()).toBe(true);
  expect((await mails())[0]?.text).toMatch(/Closed since then:\n#\d+ .*: confirmed/u);
});

test('comes to nobody where nobody is named', async () => {
  await round(null);
  nowMs += 8 * HOUR_MS;
  expect(await round(null)).toBe(false);
});
