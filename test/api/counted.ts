import { z } from 'zod';

const TABLES = [
  'delivery',
  'alert',
  'incident',
  'outbox',
  'fact',
  'lineage_node',
  'lineage_edge',
] as const;

const number = z.coerce.number();

/** Rows of every table that intake may write. */
export const countsSchema = z.record(z.enum(TABLES), number);
/** Rows by table. */
export type Counts = z.infer<typeof countsSchema>;

/** Counts them in one statement. */
export const COUNTED = `select ${TABLES.map(
  (table) => `(select count(*) from firebreak.${table}) as ${table}`,
).join(', ')}`;

/** What was added between two counts; tables that gained nothing are left out. */
export function added(before: Counts, after: Counts): Partial<Counts> {
  const changes = TABLES.map((table) => [table, after[table] - before[table]] as const);
  return Object.fromEntries(changes.filter(([, change]) => change !== 0));
}
