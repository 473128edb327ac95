// Goal: what destroys is refused under a legal hold through every door, naming the hold; what destroys nothing goes on; and
// no single writer ends a hold. Method: the real activities and admission on real rows and a world of numbers; each door is
// walked up to, the hold is placed, and the door is tried.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActOutcome } from '../../activities/activity.ts';
import { releaseHold } from '../../api/legal-holding.ts';
import { recordLegalHold } from '../../app/legal-hold-facts.ts';
import { createTestKey } from '../../app/test-key.ts';
import type { Role } from '../../domain/approval.ts';
import type { Destroys } from '../../domain/destruction.ts';
import { isAppError } from '../../domain/error.ts';
import type { HoldSubject } from '../../domain/legal-hold.ts';
import { createStore } from '../../store/database.ts';
import { withClient, type TestDatabase } from '../../store/test-database.ts';
import type { Store } from '../../store/tables.ts';
import { freshDatabase, unique } from '../harness.ts';
import { createIncidents, ENTRY } from './engine-incidents.ts';
import { HoldBench } from './hold-bench.ts';
import { SCOPES } from '../../domain/scope.ts';

const PEOPLE: readonly (readonly [string, readonly Role[]])[] = [
  ['ada', ['approver-model-owner']],
  ['grace', ['approver-security']],
  ['lea', ['legal']],
  ['lou', ['legal', 'commander']],
  ['max', ['commander']],
];
const key = createTestKey();

let database: TestDatabase;
let api: Store;
let worker: Store;
let model: string;

beforeAll(async () => {
  database = await freshDatabase();
  api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 8 });
  for (const [id, roles] of PEOPLE) {
    await api.people.put({ id, name: id, roles, slackUser: null, mail: null, active: true });
  }
});
afterAll(async () => {
  await api.close();
  await worker.close();
  await database.drop();
});
beforeEach(() => {
  model = unique('model');
});

async function bench(destroys: Destroys = { what: 'what only it has' }): Promise<HoldBench> {
  const entry = { ...ENTRY, model, registryName: model, serving: [] };
  const incident = await createIncidents({ api, worker }).open({ entry });
  return new HoldBench(incident, { api, worker, key, destroys });
}

const HOLD = (): HoldSubject => ({ scope: 'model', subject: model });

async function place(hold: HoldSubject = HOLD()): Promise<string> {
  const id = unique('hold');
  const placedAt = new Date().toISOString();
  const what = { reason: 'the regulator asks', placedBy: 'lea', channel: 'cli', placedAt };
  await api.legalHolds.place({ id, ...hold, ...what });
  return id;
}

async function say(holdId: string, person: string): Promise<string | null> {
  const who = await api.people.get(person);
  if (!who) throw new Error(`no person ${person}`);
  const actor = { person, name: person, roles: who.roles, channel: 'cli' };
  const by = { actor, caller: { person: who, canApprove: true, scopes: SCOPES } };
  const deps = { store: api, newId: () => unique('id'), clock: () => new Date() };
  const { hold } = await releaseHold(deps, { holdId, reason: 'over' }, by);
  return hold.releasedAt;
}

const messageOf = (error: unknown): string => (isAppError(error) ? error.message : 'no AppError');
const reasonOf = ({ outcome, reason }: ActOutcome): string => `${outcome}: ${reason ?? ''}`;

/** Walks up to a door; what it answers tries the door, and says how it was refused. */
type Door = (at: HoldBench) => Promise<() => Promise<string>>;

const DOORS: readonly (readonly [string, Door])[] = [
  [
    'the plan of an effect that goes on by itself',
    (at) => Promise.resolve(async () => reasonOf(await at.act('drain'))),
  ],
  [
    'the plan that people would be asked about',
    (at) => Promise.resolve(async () => JSON.stringify(await at.ask('approve-revert'))),
  ],
  [
    'the question about an undo',
    async (at) => {
      await at.act('drain');
      return async () => JSON.stringify(await at.ask('lift'));
    },
  ],
  [
    'the question about a stand-down',
    async (at) => {
      await at.act('drain');
      return async () => JSON.stringify(await at.ask('stand-down'));
    },
  ],
  [
    'an answer to a question that was asked before',
    async (at) => {
      const approvalId = await at.opened('approve-revert');
      return () => at.answer(approvalId, 'ada').then(() => 'admitted', messageOf);
    },
  ],
  [
    'an answer about an undo that was asked before',
    async (at) => {
      await at.act('drain');
      const approvalId = await at.opened('stand-down');
      return () => at.answer(approvalId, 'ada').then(() => 'admitted', messageOf);
    },
  ],
  [
    'the guard, for an effect that two people approved before',
    async (at) => {
      const approvalId = await at.approved('approve-revert');
      return async () => reasonOf(await at.act('revert', approvalId));
    },
  ],
  [
    'the guard, for an undo that two people approved before',
    async (at) => {
      await at.act('drain');
      const approvalId = await at.approved('lift');
      return async () => reasonOf(await at.act('lift-drain', approvalId));
    },
  ],
  [
    'the guard, for a stand-down that two people approved before',
    async (at) => {
      await at.act('drain');
      const approvalId = await at.approved('stand-down');
      return async () => (await at.standDown(approvalId)).failed.join('; ');
    },
  ],
  [
    'the guard, for the renewal of a containment that somebody moved back',
    async (at) => {
      await at.act('drain');
      at.world.values.set('canary', 1);
      return async () => {
        await at.watch();
        const told = await worker.messages.ofIncident(at.incident.id);
        return told.map(({ text }) => text).join('; ');
      };
    },
  ],
];

describe('under a legal hold', () => {
  test.each(DOORS)('%s is shut, and names the hold', async (_name, door) => {
    const at = await bench();
    const attemptDoor = await door(at);
    const before = [...at.world.writes];
    const id = await place();
    const refused = await attemptDoor();
    expect(at.world.writes).toEqual(before);
    expect(refused).toContain(`lea placed legal hold ${id} on model ${model}`);
    expect(refused).toContain(`firebreak legal-hold release ${id}`);
  });

  test('what destroys nothing goes on: containment, its undo, and what people approved', async () => {
    const at = await bench('nothing');
    await place();
    expect(reasonOf(await at.act('drain'))).toBe('succeeded: ');
    expect(reasonOf(await at.act('revert', await at.approved('approve-revert')))).toBe(
      'succeeded: ',
    );
    expect(reasonOf(await at.act('lift-drain', await at.approved('lift')))).toBe('succeeded: ');
    expect(at.world.writes).toEqual(['canary=0', 'stable=6', 'canary=1']);
  });

  test('a no is taken all the same', async () => {
    const at = await bench();
    const approvalId = await at.opened('approve-revert');
    await place();
    expect(await at.answer(approvalId, 'ada', 'reject')).toMatchObject({ outcome: 'pending' });
  });

  test('a hold on something else shuts nothing', async () => {
    const at = await bench();
    await place({ scope: 'model', subject: `${model}-other` });
    expect(reasonOf(await at.act('drain'))).toBe('succeeded: ');
  });
});

describe('a legal hold', () => {
  test('ends by legal and another who commands, and what it refused can be done', async () => {
    const at = await bench();
    const approvalId = await at.approved('approve-revert');
    const id = await place();
    expect(await say(id, 'lea')).toBeNull();
    expect(await say(id, 'lea')).toBeNull();
    await expect(say(id, 'ada')).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await say(id, 'max')).not.toBeNull();
    await expect(say(id, 'lou')).rejects.toMatchObject({ code: 'conflict' });
    expect(reasonOf(await at.act('revert', approvalId))).toBe('succeeded: ');
    await recordLegalHold({ store: worker, inventory: () => [] }, id);
    await recordLegalHold({ store: worker, inventory: () => [] }, id);
    const told = (await createIncidents({ api, worker }).facts(at.incident))
      .filter(({ kind }) => kind.startsWith('legal-hold.'))
      .map(({ kind, actor }) => `${kind} ${actor}`);
    expect(told).toEqual([
      'legal-hold.placed lea',
      'legal-hold.word lea',
      'legal-hold.word lea',
      'legal-hold.word max',
      'legal-hold.ended engine',
    ]);
  });

  test('does not end by one person of both roles', async () => {
    const id = await place();
    expect(await say(id, 'lou')).toBeNull();
    expect(await say(id, 'lou')).toBeNull();
    expect(await say(id, 'lea')).not.toBeNull();
  });

  test('is not got around by writing its end: the database asks for the words itself', async () => {
    const at = await bench();
    const approvalId = await at.approved('approve-revert');
    const id = await place();
    const now = new Date().toISOString();
    await expect(api.legalHolds.end(id, now)).rejects.toMatchObject({ code: 'refused' });
    await say(id, 'lea');
    await expect(api.legalHolds.end(id, now)).rejects.toMatchObject({ code: 'refused' });
    await expect(worker.legalHolds.end(id, now)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(
      withClient(database.url, (client) =>
        client.query(`update firebreak.legal_hold set subject = 'x' where id = $1`, [id]),
      ),
    ).rejects.toMatchObject({ code: 'FB002' });
    expect(reasonOf(await at.act('revert', approvalId))).toContain(`legal hold ${id}`);
    expect(at.world.writes).toEqual([]);
  });
});

test('while the holds cannot all be read nothing that destroys goes on', async () => {
  const at = await bench();
  const kept = await bench('nothing');
  const approvalId = await at.approved('approve-revert');
  await withClient(database.url, (client) =>
    client.query(`insert into firebreak.legal_hold (id, scope, subject, reason, placed_by, channel, placed_at)
      select 'many-' || n, 'model', 'many', 'r', 'lea', 'cli', now() from generate_series(1, 1001) n`),
  );
  const words = 'whether it is under a legal hold cannot be read';
  expect(reasonOf(await at.act('drain'))).toContain(words);
  expect(reasonOf(await at.act('revert', approvalId))).toContain(words);
  expect(at.world.writes).toEqual([]);
  expect(reasonOf(await kept.act('drain'))).toBe('succeeded: ');
});
