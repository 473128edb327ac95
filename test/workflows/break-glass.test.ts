// Goal: what one person approved alone happens within the time of the broken glass and under every other check, told to everybody, and never
// after it. Method: the real activities, admission and database over a world of numbers; the clock of the engine is moved by hand.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ActOutcome } from '../../activities/activity.ts';
import { breakGlass, closeReview, type ByHand } from '../../api/breaking-glass.ts';
import { statusOf } from '../../app/status-view.ts';
import { tellBreakGlass } from '../../app/break-glass-telling.ts';
import { createReviewWatch } from '../../app/review-watch.ts';
import { createTestKey } from '../../app/test-key.ts';
import type { Role } from '../../domain/approval.ts';
import { DEFAULT_BREAK_GLASS, type ReviewedBreak } from '../../domain/break-glass.ts';
import { SCOPES } from '../../domain/scope.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { createStore } from '../../store/database.ts';
import { withClient, type TestDatabase } from '../../store/test-database.ts';
import type { Store } from '../../store/tables.ts';
import { freshDatabase, unique } from '../harness.ts';
import { createIncidents, ENTRY } from './engine-incidents.ts';
import { HoldBench } from './hold-bench.ts';

const MINUTE_MS = 60_000;
const PEOPLE: readonly (readonly [string, readonly Role[]])[] = [
  ['ada', ['approver-model-owner']],
  ['grace', ['approver-security']],
  ['root', ['admin']],
  ['rita', ['admin']],
  ['vic', ['viewer']],
];
const key = createTestKey();

let database: TestDatabase;
let api: Store;
let worker: Store;

beforeAll(async () => {
  database = await freshDatabase();
  api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 8 });
  for (const [id, roles] of PEOPLE) {
    const mail = `${id}@lab.test`;
    await api.people.put({ id, name: id, roles, slackUser: null, mail, active: true });
  }
});
afterAll(async () => {
  await api.close();
  await worker.close();
  await database.drop();
});

async function bench(): Promise<HoldBench> {
  const model = unique('model');
  const entry = { ...ENTRY, model, registryName: model, serving: [] };
  const incident = await createIncidents({ api, worker }).open({ entry });
  return new HoldBench(incident, { api, worker, key, destroys: 'nothing' });
}

const deps = () => ({
  store: api,
  clock: () => new Date(),
  breakGlass: () => DEFAULT_BREAK_GLASS,
  holding: { destroys: () => 'nothing' as const, inventory: () => [], written: () => [] },
});

async function handOf(person: string): Promise<ByHand> {
  const who = await api.people.get(person);
  if (!who) throw new Error(`no person ${person}`);
  return {
    actor: { person, name: person, roles: who.roles, channel: 'cli' },
    caller: { person: who, canApprove: true, scopes: SCOPES },
  };
}

/** The secret of a key of Ada's, made by two administrators. */
async function keyOfAda(): Promise<string> {
  const secret = `fbg_${randomUUID()}`;
  const at = new Date().toISOString();
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const asked = { person: 'ada', askedBy: 'root', askedAt: at, expiresAt };
  const { id } = await api.breakGlass.askKey(asked);
  await api.breakGlass.confirmKey(id, { by: 'rita', at });
  await api.breakGlass.takeKey(id, { by: 'ada', at, sha256: sha256Hex(secret) });
  return secret;
}

const open = async (at: HoldBench, secret: string): Promise<ReviewedBreak> =>
  breakGlass(
    deps(),
    { incidentId: at.incident.id, key: secret, reason: 'nobody else is awake' },
    await handOf('ada'),
  );

/** The revert, approved by Ada alone. */
async function approvedAlone(at: HoldBench): Promise<string> {
  const approvalId = await at.opened('approve-revert');
  await open(at, await keyOfAda());
  await at.answerAlone(approvalId, 'ada');
  return approvalId;
}

const reasonOf = ({ outcome, reason }: ActOutcome): string => `${outcome}: ${reason ?? ''}`;

describe('what one person approved alone', () => {
  test('happens in its time', async () => {
    const at = await bench();
    const approvalId = await approvedAlone(at);
    expect(reasonOf(await at.act('revert', approvalId))).toBe('succeeded: ');
    expect(at.world.writes).toEqual(['stable=6']);
  });

  test.each<[string, (at: HoldBench) => Promise<void> | void, RegExp]>([
    [
      'once its time is over',
      (at) => {
        at.now = () => new Date(Date.now() + 31 * MINUTE_MS);
      },
      /good until/u,
    ],
    [
      'while everything is halted',
      async () => {
        const halt = { scope: 'all', subject: null, reason: 'stop', haltedBy: 'ada' } as const;
        const haltedAt = new Date().toISOString();
        await api.halts.begin({ id: unique('halt'), ...halt, channel: 'cli', haltedAt });
      },
      /halted everything/u,
    ],
    [
      'under a legal hold that comes afterwards, though nothing is destroyed',
      async ({ incident }) => {
        const placed = { reason: 'r', placedBy: 'lea', channel: 'cli' };
        const hold = { scope: 'incident', subject: incident.id } as const;
        const placedAt = new Date().toISOString();
        await api.legalHolds.place({ id: unique('hold'), ...hold, ...placed, placedAt });
      },
      /under legal hold/u,
    ],
    [
      'when the world moved',
      (at) => {
        at.world.values.set('stable', 3);
      },
      /moved since the plan/u,
    ],
  ])('does not happen %s', async (_what, then, why) => {
    const at = await bench();
    const approvalId = await approvedAlone(at);
    await then(at);
    expect(reasonOf(await at.act('revert', approvalId))).toMatch(why);
    expect(at.world.writes).toEqual([]);
    const lifted = { scope: 'all', subject: null, by: 'root', reason: 'r' } as const;
    await api.halts.end({ ...lifted, at: new Date().toISOString() });
  });

  test('is never the way back of a containment', async () => {
    const at = await bench();
    await at.act('drain');
    await open(at, await keyOfAda());
    for (const asked of ['lift', 'stand-down'] as const) {
      const approvalId = await at.opened(asked);
      await expect(at.answerAlone(approvalId, 'ada')).rejects.toMatchObject({ code: 'refused' });
    }
  });
});

test('a key is confirmed by neither who asked nor whose it is, and taken by nobody else, once', async () => {
  const at = new Date().toISOString();
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const { breakGlass: keys } = api;
  const { id } = await keys.askKey({ person: 'ada', askedBy: 'root', askedAt: at, expiresAt });
  for (const by of ['root', 'ada']) expect(await keys.confirmKey(id, { by, at })).toBeNull();
  const take = (by: string) => keys.takeKey(id, { by, at, sha256: sha256Hex(unique('s')) });
  expect(await take('ada')).toBeNull();
  expect(await keys.confirmKey(id, { by: 'rita', at: expiresAt })).toBeNull();
  expect(await keys.confirmKey(id, { by: 'rita', at })).toMatchObject({ confirmedBy: 'rita' });
  expect(await keys.confirmKey(id, { by: 'rita', at })).toBeNull();
  expect(await take('rita')).toBeNull();
  expect(await take('ada')).toMatchObject({ takenAt: at });
  expect(await take('ada')).toBeNull();
  expect(await keys.revokeKey(id, { by: 'root', at })).toMatchObject({ revokedAt: at });
});

test('a key breaks the glass once, however many ask at the same time', async () => {
  const [one, two] = [await bench(), await bench()];
  const secret = await keyOfAda();
  const tried = await Promise.allSettled([open(one, secret), open(two, secret), open(one, secret)]);
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('the database approves by one person over glass that is broken, and over none that is not', async () => {
  const at = await bench();
  const approvalId = await at.opened('approve-revert');
  const approval = await api.approvals.get(approvalId);
  const { planDigest } = approval ?? { planDigest: '' };
  // A row that says of itself that glass was broken.
  const brokenGlass = { id: 'brk_none', reason: 'r', brokenAt: 'x', endsAt: 'y' };
  await api.decisions.insert({
    ...{ id: unique('dec'), incidentId: at.incident.id, signature: 's', decidedAt: 'now' },
    command: { kind: 'approve', approvalId, planDigest },
    actor: { person: 'ada', name: 'ada', roles: [], channel: 'cli', brokenGlass },
  });
  const forged = api.approvals.settle(approvalId, 'approved', null);
  await expect(forged).rejects.toMatchObject({ code: 'refused' });
});

test.each([
  [
    'nobody alone',
    `insert into firebreak.break_glass_key (id, person_id, asked_by, asked_at, expires_at)
      values ('k', 'ada', 'ada', now(), now() + interval '1 day')`,
    '23514',
  ],
  [
    'for a year',
    `insert into firebreak.break_glass_key (id, person_id, asked_by, asked_at, expires_at)
      values ('k', 'ada', 'root', now(), now() + interval '1 year')`,
    '23514',
  ],
  [
    'confirmed from the start',
    `insert into firebreak.break_glass_key (id, person_id, asked_by, asked_at, expires_at, confirmed_by, confirmed_at)
      values ('k', 'ada', 'root', now(), now() + interval '1 day', 'rita', now())`,
    'FB005',
  ],
])('the database makes no key %s', async (_what, text, code) => {
  const made = withClient(database.url, (client) => client.query(text));
  await expect(made).rejects.toMatchObject({ code });
});

describe('people', () => {
  test('are told of the break, of each yes and of the review, once each, by rows and facts', async () => {
    const at = await bench();
    const approvalId = await at.opened('approve-revert');
    const { glassBreak } = await open(at, await keyOfAda());
    await at.answerAlone(approvalId, 'ada');
    const telling = {
      ...{ store: worker, written: () => [], channels: { slack: true, mail: true } },
      // Root gets every mail, and so no other one of the same.
      mailTo: ['root@lab.test'],
    };
    const tell = () => tellBreakGlass(telling, glassBreak.id);
    await tell();
    await tell();
    // The live card shows it until somebody else has looked at it.
    const shown = async () => (await statusOf(worker, at.incident.id, null))?.broken.length;
    expect(await shown()).toBe(1);
    const own = { by: 'ada', at: new Date().toISOString(), channel: 'cli', finding: 'mine' };
    await expect(api.breakGlass.closeReview(glassBreak.id, own)).rejects.toMatchObject({
      code: 'refused',
    });
    const grace = await handOf('grace');
    await closeReview(deps(), { id: glassBreak.id, finding: 'it held' }, grace);
    expect(await shown()).toBe(0);
    await tell();
    const facts = await createIncidents({ api, worker }).facts(at.incident);
    const told = facts.filter(({ kind }) => kind.startsWith('break-glass.'));
    expect(told.map(({ kind, actor }) => `${kind} ${actor}`)).toEqual([
      'break-glass.broken ada',
      'break-glass.used ada',
      'break-glass.reviewed grace',
    ]);
    expect(told.map(({ summary }) => summary)).toEqual([
      expect.stringContaining('nobody else is awake'),
      expect.stringContaining(`approved ${approvalId} alone`),
      expect.stringContaining('it held'),
    ]);
    const rows = (await worker.messages.ofIncident(at.incident.id)).filter(({ purpose }) =>
      purpose.startsWith('break-glass/'),
    );
    expect(
      rows.map(
        ({ channel, recipients }) =>
          `${channel} ${(recipients ?? []).map(({ address }) => address).join()}`,
      ),
    ).toEqual([
      ...['slack ', 'mail ', 'slack ', 'mail '],
      ...Array.from({ length: 2 }, () => 'mail ada@lab.test,grace@lab.test,rita@lab.test'),
      ...['slack ', 'mail '],
      'mail ada@lab.test,grace@lab.test,rita@lab.test',
    ]);
  });

  test('are told once of a review that nobody closed in time', async () => {
    const at = await bench();
    const { glassBreak } = await open(at, await keyOfAda());
    const channels = { slack: false, mail: true };
    const watch = (hours: number) =>
      createReviewWatch({
        ...{ store: api, messages: worker, channels },
        now: () => new Date(Date.now() + hours * 60 * MINUTE_MS),
      });
    const early = watch(71);
    await early.round();
    expect(early.overdue()).toEqual([]);
    const late = watch(73);
    await late.round();
    await late.round();
    expect(late.overdue().map(({ id }) => id)).toContain(glassBreak.id);
    const told = (await worker.messages.ofIncident(at.incident.id)).map(({ purpose }) => purpose);
    expect(told.filter((purpose) => purpose.endsWith('/overdue'))).toEqual([
      `break-glass/${glassBreak.id}/overdue`,
    ]);
  });
});
