import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { migrate, migrationFiles } from './migrate.ts';

/** A fresh, migrated database of one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, also while connections are open. */
  drop(): Promise<void>;
}

/** Admin URL of an empty cluster, set by the global set-up of the tests. */
export const TEST_DATABASE_VARIABLE = 'FIREBREAK_TEST_DATABASE_URL';

const TEMPLATE_LOCK_KEY = 7_265_105_318;

/** The admin URL of the test cluster. Raises `unavailable` when the set-up named none. */
export function testClusterUrl(): string {
  // eslint-disable-next-line no-restricted-properties -- jest's global set-up can tell tests in no other way
  const url = process.env[TEST_DATABASE_VARIABLE];
  if (url === undefined || url === '') {
    throw new AppError('unavailable', `${TEST_DATABASE_VARIABLE} names no test database.`);
  }
  return url;
}

/** The same cluster, another database. */
export function databaseUrlOf(clusterUrl: string, database: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `work` on a connection to a database and closes it. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A fresh, empty database. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const cluster = testClusterUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withClient(cluster, (client) => client.query(`create database ${name}`));
  return testDatabase(cluster, name);
}

/** A fresh database, cloned from a template that this version's migrations were applied to once. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const cluster = testClusterUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  const files = await migrationFiles();
  const template = `template_${sha256Hex(files.map((file) => file.sha256).join()).slice(0, 16)}`;
  await withClient(cluster, async (client) => {
    await client.query(`select pg_advisory_lock(${TEMPLATE_LOCK_KEY.toString()})`);
    await ensureTemplate(client, cluster, template);
    await client.query(`create database ${name} template ${template} strategy file_copy`);
  });
  return testDatabase(cluster, name);
}

async function ensureTemplate(client: pg.Client, cluster: string, template: string): Promise<void> {
  const { rowCount } = await client.query(
    'select from pg_database where datname = $1 and datistemplate',
    [template],
  );
  if (rowCount !== 0) return;
  // One without the mark was left by a run that died half-way.
  await client.query(`drop database if exists ${template} with (force)`);
  await client.query(`create database ${template}`);
  await migrate(databaseUrlOf(cluster, template));
  await client.query(`alter database ${template} is_template true`);
}

function testDatabase(cluster: string, name: string): TestDatabase {
  return {
    url: databaseUrlOf(cluster, name),
    drop: () =>
      withClient(cluster, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}
