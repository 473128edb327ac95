import { z } from 'zod';
import type { Fact } from '../domain/fact.ts';
import { appendFacts, FACT_COLUMNS, factRow } from './append.ts';
import { hex } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { PAGE_ROWS_MAX } from './page.ts';
import type { FactTable } from './tables.ts';

const PAGE = {
  name: 'fact-page',
  text: `select ${FACT_COLUMNS} from firebreak.fact
    where incident_id = $1 and sequence > $2 order by sequence limit $3`,
};

const HEAD = {
  name: 'fact-head',
  text: `select sequence, hash from firebreak.fact_head where incident_id = $1`,
};

const HOLDS = {
  name: 'fact-holds',
  text: `select from firebreak.fact where incident_id = $1 and sequence = $2 and encode(hash, 'hex') = $3`,
};

/** Rows that a walk over a whole log reads at once. */
const WALK_ROWS = 500;
const EMPTY_HASH = '0'.repeat(64);
const headRow = z.object({ sequence: z.number(), hash: hex });

/** A row of which only that it is there counts. */
const presentRow = z.object({});

async function* walk(connection: Connection, incidentId: string): AsyncGenerator<Fact> {
  let after = 0;
  for (;;) {
    const facts = await connection.rows(PAGE, [incidentId, after, WALK_ROWS], factRow);
    yield* facts;
    const last = facts.at(-1);
    if (last === undefined || facts.length < WALK_ROWS) return;
    after = last.sequence;
  }
}

/** The log over a connection; see the contract for what each function answers. */
export function createFactTable(connection: Connection): FactTable {
  return {
    append: (incidentId, facts) => appendFacts(connection, incidentId, facts),
    page: (incidentId, after, limit) =>
      connection.rows(PAGE, [incidentId, after, Math.min(limit, PAGE_ROWS_MAX)], factRow),
    all: (incidentId) => walk(connection, incidentId),
    head: async (incidentId) =>
      (await firstRow(connection.rows(HEAD, [incidentId], headRow))) ?? {
        sequence: 0,
        hash: EMPTY_HASH,
      },
    holds: async (incidentId, { sequence, hash }) =>
      (await connection.rows(HOLDS, [incidentId, sequence, hash], presentRow)).length === 1,
  };
}
