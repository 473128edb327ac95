import { z } from 'zod';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { PendingSignIn, PendingSignInTable } from './pending-sign-in-table.ts';

/** Old rows that one statement clears away. */
const CLEARED_MAX = 1000;

const BEGIN = {
  name: 'pending-sign-in-begin',
  text: `with cleared as (
      delete from firebreak.pending_sign_in where sha256 in (
        select sha256 from firebreak.pending_sign_in where began_at <= $5 limit $6
        for update skip locked)
    )
    insert into firebreak.pending_sign_in (sha256, next, former, began_at) values ($1, $2, $3, $4)`,
};

const TAKE = {
  name: 'pending-sign-in-take',
  text: `delete from firebreak.pending_sign_in where sha256 = $1 and began_at > $2
    returning sha256, next, former, began_at as "beganAt"`,
};

const pendingRow: z.ZodType<PendingSignIn> = z.object({
  sha256: z.string(),
  next: z.string(),
  former: z.string().nullable(),
  beganAt: timestamp,
});

/** Pending sign-ins over a connection; see the contract for what each function answers. */
export function createPendingSignInTable(connection: Connection): PendingSignInTable {
  return {
    begin: async ({ sha256, next, former, beganAt }, since) => {
      await connection.write(BEGIN, [sha256, next, former, beganAt, since, CLEARED_MAX]);
    },
    take: ({ sha256, since }) => firstRow(connection.rows(TAKE, [sha256, since], pendingRow)),
  };
}
