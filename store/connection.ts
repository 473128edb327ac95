import type { Pool, PoolClient, QueryResult } from 'pg';
import type { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { isLostRace, toStoreError } from './database-error.ts';

/** One SQL statement; a name prepares it once per connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** Something that statements run on: the pool, or one transaction. */
export interface Connection {
  /** All rows, parsed. Raises the codes of `toStoreError`, and `internal` when a row does not parse. */
  rows<T>(
    statement: Statement,
    values: readonly unknown[],
    row: z.ZodType<T>,
  ): Promise<readonly T[]>;
  /** Number of rows that were written. Raises the codes of `toStoreError`. */
  write(statement: Statement, values: readonly unknown[]): Promise<number>;
  /**
   * Runs `work` in one transaction: the running one, or a fresh one that commits when `work` resolves.
   * Raises what `work` raises and the codes of `toStoreError`.
   */
  atomic<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** True inside a transaction, where nothing can be tried again. */
  readonly transactional: boolean;
}

/** A row before it is parsed. */
type StoredRow = Record<string, unknown>;

interface Queryable {
  query(config: {
    name?: string;
    text: string;
    values: unknown[];
  }): Promise<QueryResult<StoredRow>>;
}

async function run(
  on: Queryable,
  statement: Statement,
  values: readonly unknown[],
): Promise<QueryResult<StoredRow>> {
  try {
    return await on.query({ ...statement, values: [...values] });
  } catch (error) {
    throw toStoreError(error);
  }
}

function parse<T>(result: QueryResult<StoredRow>, row: z.ZodType<T>): readonly T[] {
  return result.rows.map((stored) => {
    const parsed = row.safeParse(stored);
    if (parsed.success) return parsed.data;
    throw new AppError('internal', 'A stored row is not what this version expects.', {
      cause: parsed.error,
    });
  });
}

/** The first row, or null. */
export async function firstRow<T>(rows: Promise<readonly T[]>): Promise<T | null> {
  return (await rows)[0] ?? null;
}

/** The first row; raises `not_found` with `message` when there is none. */
export async function requireRow<T>(rows: Promise<readonly T[]>, message: string): Promise<T> {
  const row = (await rows)[0];
  if (row === undefined) throw new AppError('not_found', message);
  return row;
}

/** A connection over a pool: each statement on its own. */
export function poolConnection(pool: Pool): Connection {
  return {
    ...statementsOn(pool),
    transactional: false,
    atomic: (work) => inTransaction(pool, work),
  };
}

/**
 * Runs reads over one connection of the pool, each on its own: what a caller starts at once is one flight, and wakes one
 * server process. Raises the codes of `toStoreError`.
 */
export async function together<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = await checkOut(pool);
  try {
    return await work({
      ...statementsOn(client),
      transactional: false,
      atomic: () => Promise.reject(new AppError('internal', 'A flight of reads changes nothing.')),
    });
  } finally {
    client.release();
  }
}

function statementsOn(client: Queryable): Pick<Connection, 'rows' | 'write'> {
  return {
    rows: async (statement, values, row) => parse(await run(client, statement, values), row),
    write: async (statement, values) => (await run(client, statement, values)).rowCount ?? 0,
  };
}

/**
 * Statements of one transaction. What a caller starts at once is sent at once and runs in that order: the connection
 * is a pipeline. After one that fails, those behind it fail as well.
 */
function transactionConnection(client: PoolClient): Connection {
  const connection: Connection = {
    ...statementsOn(client),
    transactional: true,
    atomic: (work) => work(connection),
  };
  return connection;
}

async function checkOut(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toStoreError(error);
  }
}

async function inTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = await checkOut(pool);
  let broken = false;
  try {
    await run(client, { text: 'begin' }, []);
    const value = await work(transactionConnection(client));
    const end = await run(client, { text: 'commit' }, []);
    // A commit after a statement that failed and was caught answers ROLLBACK, without any error.
    if (end.command !== 'COMMIT') {
      throw new AppError(
        'internal',
        'The transaction was rolled back: a failed statement was ignored.',
      );
    }
    return value;
  } catch (error) {
    broken = await run(client, { text: 'rollback' }, []).then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}

/** How often a transaction that lost a race is run again. */
const RACE_ATTEMPTS_MAX = 8;

/**
 * Runs `work` in one transaction, and again when it lost a race (unique violation, deadlock, serialisation),
 * at most eight times. Inside a running transaction it runs once: only the outermost can start over. Raises
 * `unavailable` when every race was lost.
 */
export async function withRaces<T>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  if (connection.transactional) return work(connection);
  let last: unknown;
  for (let attempt = 0; attempt < RACE_ATTEMPTS_MAX; attempt += 1) {
    try {
      return await connection.atomic(work);
    } catch (error) {
      if (!isLostRace(error)) throw error;
      last = error;
    }
  }
  throw new AppError('unavailable', 'Others wrote the same rows too often meanwhile.', {
    cause: last,
  });
}
