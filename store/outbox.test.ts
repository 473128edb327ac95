import { describe, expect, test } from '@jest/globals';
import type { OutboxRow, OutboxWork } from './outbox-table.ts';
import { delivery } from './test-delivery.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: work for the relay is delivered until it is done, by one relay at a time, and a wake is never lost.
// Method: several relays over one table; each test takes what is its own.

const stores = useStores();
const LEASE_MS = 60_000;

async function emptied(): Promise<void> {
  await stores.sql('delete from firebreak.outbox');
}

function message(n: number): OutboxWork {
  return { kind: 'send-message', messageId: `msg_${n.toString()}` };
}

async function leaseAll(limit = 100): Promise<readonly OutboxRow[]> {
  return stores.worker().outbox.lease(limit, LEASE_MS);
}

describe('the outbox', () => {
  test('hands a row to one of many relays, oldest first', async () => {
    await emptied();
    for (let n = 0; n < 20; n += 1) await stores.worker().outbox.add(message(n));
    expect((await leaseAll(3)).map((row) => row.work)).toEqual([0, 1, 2].map(message));
    const leases = await Promise.all(Array.from({ length: 6 }, () => leaseAll(5)));
    const ids = leases.flat().map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = await leaseAll();
    expect(ids.length + rest.length).toBe(17);
    expect(await stores.api().outbox.depth()).toBe(20);
  });

  test('hands a row out again when its lease ran out, until it is done', async () => {
    await emptied();
    await stores.worker().outbox.add(message(1));
    const [first] = await stores.worker().outbox.lease(1, 0);
    const [second] = await leaseAll();
    expect(second).toEqual({ ...first, attempts: 2 });
    expect(await leaseAll()).toEqual([]);
    await stores.worker().outbox.done(second?.id ?? '');
    expect(await stores.worker().outbox.depth()).toBe(0);
  });

  test('hands a postponed row out when its time has come', async () => {
    await emptied();
    await stores.worker().outbox.add(message(1));
    const [row] = await leaseAll();
    await stores.worker().outbox.later(row?.id ?? '', 3_600_000, 'Temporal is away.');
    expect(await leaseAll()).toEqual([]);
    await stores.worker().outbox.later(row?.id ?? '', 0, 'Temporal is away.');
    expect(await leaseAll()).toEqual([{ ...row, attempts: 2 }]);
  });

  test('keeps one waiting wake per incident, and a new one beside the one under way', async () => {
    await emptied();
    const wake = { kind: 'wake-incident', incidentId: 'inc_w' } as const;
    await Promise.all(Array.from({ length: 8 }, () => stores.api().outbox.add(wake)));
    expect(await stores.api().outbox.depth()).toBe(1);
    const [underWay] = await leaseAll();
    await stores.api().outbox.add(wake);
    expect(await stores.api().outbox.depth()).toBe(2);
    // The one under way failed: the newer one says the same.
    await stores.worker().outbox.later(underWay?.id ?? '', 0, 'No.');
    expect(await stores.api().outbox.depth()).toBe(1);
    expect((await leaseAll()).map((row) => row.work)).toEqual([wake]);
  });

  test('gives several wakes of one incident as one', async () => {
    await emptied();
    const wake = { kind: 'wake-incident', incidentId: 'inc_w' } as const;
    await stores.api().outbox.add(wake);
    const [expired] = await stores.worker().outbox.lease(1, 0);
    await stores.api().outbox.add(wake);
    const leased = await leaseAll();
    expect(leased).toHaveLength(1);
    expect(leased[0]?.id).not.toBe(expired?.id);
    expect(await stores.api().outbox.depth()).toBe(1);
  });

  test('does not let a relay deliver a wake before the alert behind it can be seen', async () => {
    const id = await openIncident(stores.api(), 'hidden');
    await emptied();
    await stores.api().outbox.add({ kind: 'wake-incident', incidentId: id });
    let leasedMeanwhile: readonly OutboxRow[] | null = null;
    await stores.api().transaction(async (tables) => {
      await tables.alerts.accept([delivery({ name: 'hidden-2', incidentKey: 'key-hidden' })]);
      leasedMeanwhile = await leaseAll();
    });
    expect(leasedMeanwhile).toEqual([]);
    expect(await leaseAll()).toHaveLength(1);
  });
});
