import pg from 'pg';
import { z } from 'zod';
import { toStoreError } from './database-error.ts';
import { migrationFiles } from './migrate.ts';
import { STORE_ROLES } from './role.ts';

/** What a database says of itself; nothing of it is changed. */
export interface DatabaseExamination {
  /** 180004 for 18.4. */
  readonly version: number;
  /** Milliseconds by which its clock is ahead of ours. */
  readonly clockSkewMs: number;
  /** What the login lacks to be migrated and worked with, by name; empty when nothing. */
  readonly missing: readonly string[];
  /** Migrations of this version that were not applied yet. */
  readonly pending: number;
}

const WITHIN_MS = 5_000;

const EXAMINE = `select current_setting('server_version_num')::int as version,
  extract(epoch from clock_timestamp()) * 1000 as "now",
  has_database_privilege(current_database(), 'CREATE') as "createsSchema",
  (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "createsRoles",
  array(select rolname::text from pg_roles where rolname = any($1::text[])
    and pg_has_role(current_user, oid, 'MEMBER')) as member,
  to_regnamespace('firebreak') is not null as "hasSchema"`;

const examined = z.object({
  version: z.number(),
  now: z.coerce.number(),
  createsSchema: z.boolean(),
  createsRoles: z.boolean(),
  member: z.array(z.string()),
  hasSchema: z.boolean(),
});

/** Names of the rights that the login lacks. Who is a member of every role already needs no right to make them. */
function missingOf(found: z.infer<typeof examined>): readonly string[] {
  const roles = Object.values(STORE_ROLES);
  const lacking = roles.filter((role) => !found.member.includes(role));
  return [
    ...(found.hasSchema || found.createsSchema ? [] : ['CREATE on the database']),
    ...(found.createsRoles ? [] : lacking.map((role) => `membership of role ${role}`)),
  ];
}

async function appliedNames(client: pg.Client, hasSchema: boolean): Promise<ReadonlySet<string>> {
  if (!hasSchema) return new Set();
  const { rows } = await client.query('select name from firebreak.migration_checksum');
  return new Set(
    z
      .array(z.object({ name: z.string() }))
      .parse(rows)
      .map(({ name }) => name),
  );
}

/**
 * Looks at the database that a URL names, within five seconds. Raises `unavailable` when it does not answer, `unauthorized` when it
 * lets nobody in or the schema may not be read.
 */
export async function examineDatabase(databaseUrl: string): Promise<DatabaseExamination> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: WITHIN_MS,
    query_timeout: WITHIN_MS,
    application_name: 'firebreak-doctor',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const sentAt = Date.now();
    const { rows } = await client.query(EXAMINE, [Object.values(STORE_ROLES)]);
    const [found] = z.tuple([examined]).parse(rows);
    const halfway = (sentAt + Date.now()) / 2;
    const owns = found.member.includes(STORE_ROLES.owner);
    if (owns) await client.query(`set role ${STORE_ROLES.owner}`);
    const applied = await appliedNames(client, found.hasSchema && owns);
    const files = await migrationFiles();
    return {
      version: found.version,
      clockSkewMs: Math.round(found.now - halfway),
      missing: missingOf(found),
      pending: files.filter(({ name }) => !applied.has(name)).length,
    };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
