// Goal: what a database lacks is named before a start fails over it, and nothing is changed. Method: an empty database, a
// migrated one, and a login without any right, on the real server.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import { examineDatabase } from './examine.ts';
import { migrationFiles } from './migrate.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  testClusterUrl,
  withClient,
  type TestDatabase,
} from './test-database.ts';

const LOGIN = `login_${randomBytes(6).toString('hex')}`;
let empty: TestDatabase;
let migrated: TestDatabase;

beforeAll(async () => {
  [empty, migrated] = await Promise.all([createEmptyDatabase(), createTestDatabase()]);
  await withClient(testClusterUrl(), (client) =>
    client.query(`create role ${LOGIN} login password 'pw'`),
  );
});
afterAll(async () => {
  await Promise.all([empty.drop(), migrated.drop()]);
  await withClient(testClusterUrl(), (client) => client.query(`drop role ${LOGIN}`));
});

function as(login: string, { url }: TestDatabase): string {
  const address = new URL(url);
  address.username = login;
  address.password = 'pw';
  return address.href;
}

test('a migrated database lacks nothing, and its clock is ours', async () => {
  const found = await examineDatabase(migrated.url);
  expect(found).toMatchObject({ missing: [], pending: 0 });
  expect(found.version).toBeGreaterThanOrEqual(150_000);
  expect(Math.abs(found.clockSkewMs)).toBeLessThan(5_000);
});

test('an empty database has every migration before it, and stays empty', async () => {
  const found = await examineDatabase(empty.url);
  expect(found).toMatchObject({ missing: [], pending: (await migrationFiles()).length });
  const schemas = await withClient(empty.url, (client) =>
    client.query("select from pg_namespace where nspname = 'firebreak'"),
  );
  expect(schemas.rowCount).toBe(0);
});

test('a login without rights is told which ones', async () => {
  expect((await examineDatabase(as(LOGIN, empty))).missing).toEqual([
    'CREATE on the database',
    'membership of role firebreak_owner',
    'membership of role firebreak_api',
    'membership of role firebreak_worker',
  ]);
  expect((await examineDatabase(as(LOGIN, migrated))).missing).toHaveLength(3);
});

test('a server that is not there, and a login that is unknown', async () => {
  const nowhere = 'postgresql://a:b@127.0.0.1:1/c';
  await expect(examineDatabase(nowhere)).rejects.toMatchObject({ code: 'unavailable' });
  const error: unknown = await examineDatabase(as('nobody_known', empty)).catch(
    (reason: unknown) => reason,
  );
  expect(isAppError(error) && error.code).toBe('unauthorized');
  expect(String(error)).not.toContain('pw@');
});
