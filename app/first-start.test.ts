// Goal: the token of the first start is a way in for a day and no more: kept in a file that only its owner reads, good for 24
// hours, and never an approval. Method: the first start on a real database, then the token at every door that gives power.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApi } from '../api/test-api.ts';
import { FIRST_REVISION, setUpDesk } from '../api/test-desk.ts';
import { BOOTSTRAP_ADMIN, type RulePerson } from '../domain/rules.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { createStore } from '../store/database.ts';
import type { Store } from '../store/tables.ts';
import { withClient } from '../store/test-database.ts';
import { freshDatabase, tempDir } from '../test/harness.ts';
import { ADMIN_TOKEN_FILE, firstStart } from './first-start.ts';
import { SCOPES } from '../domain/scope.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let store: Store;
let dataDir: string;
let token: string;

beforeAll(async () => {
  database = await freshDatabase();
  store = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 2 });
  dataDir = await tempDir();
  // Of an earlier database, and readable by everyone.
  await writeFile(join(dataDir, ADMIN_TOKEN_FILE), 'old', { mode: 0o644 });
  const first = await firstStart(store, {
    configuration: { sources: [] },
    dataDir,
    now: new Date(),
  });
  token = first.adminToken ?? '';
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('it is kept in a file that its owner alone reads', async () => {
  const path = join(dataDir, ADMIN_TOKEN_FILE);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toBe(`${token}\n`);
});

test('it is made once', async () => {
  const again = await firstStart(store, {
    configuration: { sources: [] },
    dataDir,
    now: new Date(),
  });
  expect(again).toEqual({ adminToken: null, sources: [] });
  expect(await readFile(join(dataDir, ADMIN_TOKEN_FILE), 'utf8')).toBe(`${token}\n`);
});

test('it is good for 24 hours, and cannot approve', async () => {
  const found = await store.people.byToken(sha256Hex(token));
  expect(found).toMatchObject({ person: { id: BOOTSTRAP_ADMIN }, canApprove: false });
  const expires = await withClient(database.url, (client) =>
    client.query<{ hours: string }>(
      `select extract(epoch from expires_at - now()) / 3600 as hours from firebreak.token`,
    ),
  );
  const hours = Number(expires.rows[0]?.hours);
  expect([hours > 23.9, hours <= 24]).toEqual([true, true]);
  await withClient(database.url, (client) =>
    client.query(`update firebreak.token set expires_at = now() - interval '1 second'`),
  );
  expect(await store.people.byToken(sha256Hex(token))).toBeNull();
});

describe('a token made through the API', () => {
  const APPROVERS: readonly RulePerson[] = (
    ['approver-security', 'approver-model-owner'] as const
  ).map((role): RulePerson => ({
    ...{ id: role, name: role, roles: [role], slackUser: null, mail: null },
    ...{ active: true, origin: 'file' },
  }));
  /** What a token that `by` makes for `whom` may do. */
  async function made({
    by,
    whom,
    armed,
    two = false,
  }: {
    readonly by: string;
    readonly whom: string;
    readonly armed: boolean;
    /** Whether two people could approve a change of the rules. */
    readonly two?: boolean | undefined;
  }): Promise<string> {
    const { app, memory } = createTestApi();
    await app.close();
    const people = two ? APPROVERS : [];
    const rules = { ...FIRST_REVISION.rules, people };
    const revision = { ...FIRST_REVISION, armed, rules };
    const desk = { ...setUpDesk(memory), revision: () => revision };
    const api = createTestApi({ rules: desk });
    const admin = {
      name: 'x',
      roles: ['admin' as const],
      slackUser: null,
      mail: null,
      active: true,
    };
    for (const id of [BOOTSTRAP_ADMIN, 'new']) api.memory.people.set(id, { ...admin, id });
    api.memory.tokens.set(sha256Hex('fb_boot'), {
      ...{ personId: BOOTSTRAP_ADMIN, canApprove: false, scopes: SCOPES },
    });
    api.memory.people.set('sven', { ...admin, id: 'sven', slackUser: 'T1/U1' });
    const reply = await api.app.inject({
      method: 'POST',
      url: `/api/v1/people/${whom}/tokens`,
      headers: { authorization: `Bearer ${by}` },
      payload: { label: 'x', scopes: ['read', 'decide'], expiresAt: '2026-11-24T10:00:00.000Z' },
    });
    await api.app.close();
    const { canApprove, pending } = reply.json<{ canApprove: boolean; pending: boolean }>();
    return pending ? 'once confirmed' : canApprove ? 'yes' : 'no';
  }

  test.each([
    { by: 'fb_boot', whom: BOOTSTRAP_ADMIN, armed: false, approves: 'no' },
    { by: 'fb_admin', whom: BOOTSTRAP_ADMIN, armed: false, approves: 'no' },
    // While it is set up one administrator gives everybody theirs.
    { by: 'fb_boot', whom: 'approver-security', armed: false, approves: 'yes' },
    { by: 'fb_boot', whom: 'new', armed: true, approves: 'yes' },
    { by: 'fb_admin', whom: 'new', armed: true, approves: 'yes' },
    // As soon as two people could approve, a first key takes a second hand, which the first day's token is not.
    { by: 'fb_admin', whom: 'new', armed: true, two: true, approves: 'once confirmed' },
    { by: 'fb_boot', whom: 'new', armed: true, two: true, approves: 'no' },
    { by: 'fb_admin', whom: 'approver-security', armed: true, two: true, approves: 'no' },
    { by: 'fb_admin', whom: 'new', armed: false, two: true, approves: 'yes' },
    // Afterwards nobody gets one in the name of somebody who has one.
    { by: 'fb_boot', whom: 'approver-security', armed: true, approves: 'no' },
    { by: 'fb_admin', whom: 'approver-security', armed: true, approves: 'no' },
    // Whoever answers in Slack has a way of their own.
    { by: 'fb_admin', whom: 'sven', armed: false, approves: 'yes' },
    { by: 'fb_admin', whom: 'sven', armed: true, approves: 'no' },
  ])(
    'by $by for $whom, two people needed $armed, there $two: approves $approves',
    async ({ approves, ...asked }) => {
      expect(await made(asked)).toBe(approves);
    },
  );
});
