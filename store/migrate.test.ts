import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import { migrate, MIGRATIONS_DIRECTORY, migrationFiles } from './migrate.ts';
import { createEmptyDatabase, withClient } from './test-database.ts';
import type { TestDatabase } from './test-database.ts';

// Goal: a database is brought to this version once, by whoever comes first, and never past a file that was
// changed under it. Method: an empty database and a copy of the migrations that a test may spoil.

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await createEmptyDatabase();
  directory = await mkdtemp(path.join(tmpdir(), 'firebreak-migrations-'));
  await cp(MIGRATIONS_DIRECTORY, directory, { recursive: true });
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
  await database.drop();
});

async function names(): Promise<readonly string[]> {
  return (await migrationFiles(directory)).map((file) => file.name);
}

describe('migrate', () => {
  test('applies every file once, and later only what is new', async () => {
    expect((await migrate(database.url, directory)).applied).toEqual(await names());
    expect((await migrate(database.url, directory)).applied).toEqual([]);
    await writeFile(path.join(directory, '9000-more.sql'), 'create table firebreak.more ();');
    expect((await migrate(database.url, directory)).applied).toEqual(['9000-more']);
  });

  test('several at once wait for each other and apply each file once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => migrate(database.url, directory)),
    );
    expect(answers.flatMap((answer) => answer.applied)).toEqual(await names());
  });

  test('refuses a file that was edited after it was applied, naming it and the line', async () => {
    await migrate(database.url, directory);
    const edited = path.join(directory, '0002-fact.sql');
    const lines = (await readFile(edited, 'utf8')).split('\n');
    await writeFile(edited, lines.with(6, `${lines[6] ?? ''} -- a small change`).join('\n'));
    const error: unknown = await migrate(database.url, directory).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'conflict', field: '0002-fact.sql' });
    expect(isAppError(error) && error.message).toContain('Migration 0002-fact.sql:7 was edited');
  });

  test('names the file alone when an older version applied it', async () => {
    await migrate(database.url, directory);
    await withClient(database.url, (client) =>
      client.query('alter table firebreak.migration_checksum drop column applied'),
    );
    await appendFile(path.join(directory, '0002-fact.sql'), '-- more\n');
    await expect(migrate(database.url, directory)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Migration 0002-fact.sql was edited'),
    });
  });

  test('touches nothing of a schema that belongs to somebody else', async () => {
    const look = () =>
      withClient(database.url, async (client) => {
        const { rows } = await client.query<Record<string, unknown>>(
          `select relname, nspacl::text from pg_namespace n left join pg_class c on c.relnamespace = n.oid
            where nspname = 'firebreak'`,
        );
        return rows;
      });
    await withClient(database.url, async (client) => {
      await client.query('create schema firebreak');
      await client.query('create table firebreak.incident (theirs int)');
    });
    const before = await look();
    await expect(migrate(database.url, directory)).rejects.toMatchObject({
      code: 'conflict',
      field: 'DATABASE_URL',
    });
    expect(await look()).toEqual(before);
  });

  test('refuses a database that a newer version migrated', async () => {
    await writeFile(path.join(directory, '9000-more.sql'), 'create table firebreak.more ();');
    await migrate(database.url, directory);
    await expect(migrate(database.url)).rejects.toMatchObject({
      code: 'conflict',
      field: '9000-more.sql',
    });
  });

  test('leaves nothing of a run that failed half-way; the mended file then applies', async () => {
    await writeFile(path.join(directory, '9000-more.sql'), 'create table firebreak.more ();');
    await writeFile(path.join(directory, '9001-bad.sql'), 'select from firebreak.no_such_table;');
    await expect(migrate(database.url, directory)).rejects.toMatchObject({ code: 'internal' });
    const rows = await withClient(database.url, async (client) => {
      const result = await client.query(`select from pg_tables where schemaname = 'firebreak'
        and tablename in ('incident', 'more')`);
      return result.rowCount;
    });
    expect(rows).toBe(0);
    await writeFile(path.join(directory, '9001-bad.sql'), 'create table firebreak.good ();');
    expect((await migrate(database.url, directory)).applied).toEqual(await names());
  });

  test('tells an unreachable database from a broken one', async () => {
    await expect(migrate('postgres://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test('works for a login that is no superuser but may create roles and owns the database', async () => {
    const login = `login_${path.basename(directory).replaceAll(/\W/g, '').toLowerCase()}`;
    const url = new URL(database.url);
    await withClient(database.url, async (client) => {
      await client.query(`create role ${login} login createrole password 'p'`);
      await client.query(`grant firebreak_owner, firebreak_api, firebreak_worker to ${login}`);
      await client.query(`alter database ${url.pathname.slice(1)} owner to ${login}`);
    });
    url.username = login;
    url.password = 'p';
    expect((await migrate(url.href, directory)).applied).toEqual(await names());
    await withClient(database.url, async (client) => {
      await client.query(`alter database ${url.pathname.slice(1)} owner to current_user`);
      await client.query(`drop owned by ${login}`);
      await client.query(`drop role ${login}`);
    });
  });
});
