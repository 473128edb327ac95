import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { addWork } from './outbox.ts';
import type { SelfCheck, SelfWatchTable } from './self-watch-table.ts';

const SOURCES_MAX = 10_000;

const BEGIN = {
  name: 'self-check-begin',
  text: `insert into firebreak.self_check (process, id, begun_at) values ($1, $2, $3)
    on conflict (process) do update set id = excluded.id, begun_at = excluded.begun_at, relayed_at = null,
      settled_at = null`,
};

const LATEST = {
  name: 'self-check-latest',
  text: `select id, begun_at as "begunAt", relayed_at as "relayedAt", settled_at as "settledAt"
    from firebreak.self_check where process = $1`,
};

const RELAYED = {
  name: 'self-check-relayed',
  text: `update firebreak.self_check set relayed_at = $2 where id = $1 and relayed_at is null`,
};

const WAITING = {
  name: 'self-check-waiting',
  text: `select exists (
    select from firebreak.self_check where relayed_at is not null and settled_at is null) as waiting`,
};

const CHECK_LOG = { name: 'self-check-log', text: `select firebreak.check_log() as chained` };

const SETTLE = {
  name: 'self-check-settle',
  text: `update firebreak.self_check set settled_at = $1 where relayed_at is not null and settled_at is null`,
};

const SEEN = {
  name: 'watchdog-seen',
  text: `insert into firebreak.source_watchdog as w (source, last_seen_at) values ($1, $2)
    on conflict (source) do update set last_seen_at = greatest(w.last_seen_at, excluded.last_seen_at)`,
};

const WATCHDOGS = {
  name: 'watchdog-list',
  text: `select source, last_seen_at as "lastSeenAt" from firebreak.source_watchdog order by source limit $1`,
};

const checkRow: z.ZodType<SelfCheck> = z.object({
  id: z.string(),
  begunAt: timestamp,
  relayedAt: timestamp.nullable(),
  settledAt: timestamp.nullable(),
});

async function begin(
  connection: Connection,
  { process, id, at }: Parameters<SelfWatchTable['begin']>[0],
): Promise<void> {
  await Promise.all([
    connection.write(BEGIN, [process, id, at]),
    addWork(connection, [{ kind: 'self-check', checkId: id }]),
  ]);
}

const waitingRow = z.object({ waiting: z.boolean() });
const chainedRow = z.object({ chained: z.boolean() });
const watchdogRow = z.object({ source: z.string(), lastSeenAt: timestamp });

async function settle(connection: Connection, at: string): Promise<void> {
  if (!(await firstRow(connection.rows(WAITING, [], waitingRow)))?.waiting) return;
  if (!(await firstRow(connection.rows(CHECK_LOG, [], chainedRow)))?.chained) {
    throw new AppError('internal', 'The log does not chain what it takes.');
  }
  await connection.write(SETTLE, [at]);
}

/** How the engine watches itself, over a connection; see the contract for what each function answers. */
export function createSelfWatchTable(connection: Connection): SelfWatchTable {
  return {
    begin: (check) => connection.atomic((transaction) => begin(transaction, check)),
    latest: (process) => firstRow(connection.rows(LATEST, [process], checkRow)),
    relayed: async (id, at) => {
      await connection.write(RELAYED, [id, at]);
    },
    settle: (at) => settle(connection, at),
    watchdogSeen: async (source, at) => {
      await connection.write(SEEN, [source, at]);
    },
    watchdogs: () => connection.rows(WATCHDOGS, [SOURCES_MAX], watchdogRow),
  };
}
