// Goal: an alert costs the database the same in a large incident as in a small one, also while the planner knows the
// tables as small. Method: alerts of one incident in small batches; the rows that the server read are counted by itself.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createStore } from './database.ts';
import { deliveryOf, routedAlert } from './test-delivery.ts';
import { useStores } from './test-store.ts';

const stores = useStores();
const BATCH = 20;
const BATCHES = 60;
/** While the table is a few pages long the server may well read all of it; a plan kept from then reads 150 and more. */
const READ_EACH_MAX = 50;

const READ = `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_user_tables
  where schemaname = 'firebreak' and relname = 'alert'`;

async function rowsRead(): Promise<number> {
  const rows = await stores.sql(READ);
  return z.tuple([z.object({ read: z.number() })]).parse(rows)[0].read;
}

describe('the cost of an alert', () => {
  test('does not grow with its incident', async () => {
    const before = await rowsRead();
    const store = await createStore({ databaseUrl: stores.url(), role: 'api', poolSize: 1 });
    const numbers = Array.from({ length: BATCH }, (_, index) => index);
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const alerts = numbers.map((n) =>
        routedAlert({ name: `alert-${(batch * BATCH + n).toString()}` }),
      );
      const [receipts = []] = await store.alerts.accept([deliveryOf(alerts)]);
      expect(new Set(receipts.map(({ incidentId }) => incidentId)).size).toBe(1);
    }
    // A server tells what a session read at the latest when the session ends.
    await store.close();
    expect((await rowsRead()) - before).toBeLessThan(BATCH * BATCHES * READ_EACH_MAX);
  });
});
