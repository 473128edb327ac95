import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { runner } from 'node-pg-migrate';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { sqlStateOf, toStoreError } from './database-error.ts';
import { STORE_ROLES } from './role.ts';

const SCHEMA = 'firebreak';
const MIGRATION_TABLE = 'migration';
/** The key of the advisory lock that migrators of one database queue on. */
const LOCK_KEY = 7_265_105_317;
const LOCK_WAIT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 10_000;

interface MigrationFile {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/** Where the migrations of this version lie. */
export const MIGRATIONS_DIRECTORY = path.join(import.meta.dirname, 'migrations');

/** The migration files of a directory in order, each with its SHA-256. */
export async function migrationFiles(
  directory: string = MIGRATIONS_DIRECTORY,
): Promise<readonly MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const bytes = await readFile(path.join(directory, file));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { name: file.slice(0, -'.sql'.length), text: bytes.toString('utf8'), sha256 };
    }),
  );
}

/**
 * Brings a database to this version: roles, schema, then each pending file of `directory`, all in one
 * transaction, and answers the names that were applied. Several migrators wait for each other (two minutes
 * at most). Raises `conflict` naming the file when an applied one was edited or is gone, `unauthorized` when
 * the login may not create roles or schema, `unavailable` when the database cannot be reached.
 */
export async function migrate(
  databaseUrl: string,
  directory: string = MIGRATIONS_DIRECTORY,
): Promise<{ readonly applied: readonly string[] }> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'firebreak-migrate',
  });
  // A connection that breaks between two statements reports here; the next statement fails and tells.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set lock_timeout = ${LOCK_WAIT_MS.toString()}`);
    await client.query(`select pg_advisory_lock(${LOCK_KEY.toString()})`);
    await refuseForeign(client);
    await ensureRoles(client);
    await ensureSchema(client);
    return { applied: await applyPending(client, directory) };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs one statement and answers the SQLSTATE when it is one of `tolerated`, else null. */
async function tolerating(
  client: pg.Client,
  text: string,
  tolerated: readonly string[],
): Promise<string | null> {
  try {
    await client.query(text);
    return null;
  } catch (error) {
    const state = sqlStateOf(toStoreError(error));
    if (state !== null && tolerated.includes(state)) return state;
    throw error;
  }
}

/** Roles belong to the whole cluster, so a migrator of another database may be creating them as well. */
async function ensureRoles(client: pg.Client): Promise<void> {
  for (const role of Object.values(STORE_ROLES)) {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rowCount === 0) await tolerating(client, `create role ${role} nologin`, ['42710', '23505']);
    // 42501: another administrator made the role; who runs a pool as it must be a member, and that is checked there.
    if (!(await maySetRole(client, role))) {
      await tolerating(client, `grant ${role} to current_user`, ['42501', '23505', 'XX000']);
    }
  }
}

async function maySetRole(client: pg.Client, role: string): Promise<boolean> {
  const { rows } = await client.query(
    `select pg_has_role(current_user, $1,
       case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) as may`,
    [role],
  );
  return z.tuple([z.object({ may: z.boolean() })]).parse(rows)[0].may;
}

async function ensureSchema(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [SCHEMA]);
  if (rowCount === 0) {
    await client.query(`create schema ${SCHEMA} authorization ${STORE_ROLES.owner}`);
  }
  await client.query(`set role ${STORE_ROLES.owner}`);
  await client.query(
    `create table if not exists ${SCHEMA}.migration_checksum (name text primary key, sha256 text not null)`,
  );
  // What was applied, so that the line can be told where a file was edited; empty for what older versions applied.
  await client.query(
    `alter table ${SCHEMA}.migration_checksum add column if not exists applied text not null default ''`,
  );
}

/** A schema of our name that is not ours belongs to another application: nothing of it is touched. */
async function refuseForeign(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    'select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = $1',
    [SCHEMA],
  );
  const [schema] = z.array(z.object({ owner: z.string() })).parse(rows);
  if (schema === undefined || schema.owner === STORE_ROLES.owner) return;
  throw new AppError(
    'conflict',
    `The schema ${SCHEMA} of this database belongs to ${schema.owner}, not to ${STORE_ROLES.owner}: is DATABASE_URL the database of another application?`,
    { field: 'DATABASE_URL' },
  );
}

async function appliedNames(client: pg.Client): Promise<readonly string[]> {
  const { rowCount } = await client.query(
    'select from pg_tables where schemaname = $1 and tablename = $2',
    [SCHEMA, MIGRATION_TABLE],
  );
  if (rowCount === 0) return [];
  const { rows } = await client.query(`select name from ${SCHEMA}.${MIGRATION_TABLE} order by id`);
  return z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map((row) => row.name);
}

async function applyPending(client: pg.Client, directory: string): Promise<readonly string[]> {
  const files = await migrationFiles(directory);
  const applied = await appliedNames(client);
  await refuseEdited(client, files, applied);
  // Written before the files run: a crash in between leaves no applied file without its checksum.
  for (const file of files.filter(({ name }) => !applied.includes(name))) {
    await client.query(
      `insert into ${SCHEMA}.migration_checksum (name, sha256, applied) values ($1, $2, $3)
       on conflict (name) do update set sha256 = excluded.sha256, applied = excluded.applied`,
      [file.name, file.sha256, file.text],
    );
  }
  const ran = await runner({
    dbClient: client,
    dir: directory,
    direction: 'up',
    migrationsSchema: SCHEMA,
    migrationsTable: MIGRATION_TABLE,
    singleTransaction: true,
    noLock: true,
    log: () => undefined,
  });
  return ran.map((migration) => migration.name);
}

const recordedRow = z.object({ name: z.string(), sha256: z.string(), applied: z.string() });

/** The number of the first line that differs, counted from 1. */
function firstDifference(before: string, after: string): number {
  const [old, edited] = [before.split('\n'), after.split('\n')];
  const at = edited.findIndex((line, index) => line !== old[index]);
  return (at === -1 ? edited.length : at) + 1;
}

/** `0002-fact.sql:17`, or the name alone when nobody knows what was applied. */
function placeOf(file: MigrationFile, applied: string): string {
  const name = `${file.name}.sql`;
  return applied === '' ? name : `${name}:${firstDifference(applied, file.text).toString()}`;
}

async function refuseEdited(
  client: pg.Client,
  files: readonly MigrationFile[],
  applied: readonly string[],
): Promise<void> {
  const { rows } = await client.query(
    `select name, sha256, applied from ${SCHEMA}.migration_checksum`,
  );
  const recorded = z.array(recordedRow).parse(rows);
  for (const name of applied) {
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) {
      throw new AppError(
        'conflict',
        `Migration ${name}.sql was applied to this database but is not part of this version; run the version that wrote it, or a newer one.`,
        { field: `${name}.sql` },
      );
    }
    const row = recorded.find((candidate) => candidate.name === name);
    if (row?.sha256 !== file.sha256) {
      const place = placeOf(file, row?.applied ?? '');
      throw new AppError(
        'conflict',
        `Migration ${place} was edited after it was applied to this database; migrations only go forward, so restore the file and add a new one.`,
        { field: `${name}.sql` },
      );
    }
  }
}
