import { describe, expect, test } from '@jest/globals';
import { delivery, deliveryOf, routedAlert, type AlertWish } from './test-delivery.ts';
import { useStores } from './test-store.ts';
import type { Foreseen } from './foreseen.ts';

// Goal: what is foreseen is what then happens. Method: each alert is foreseen, then accepted, on the real tables; the facts
// of its incident say how it came in.

const stores = useStores();

async function foreseen(wish: AlertWish): Promise<Foreseen> {
  const item = routedAlert(wish);
  const { receivedAt } = delivery(wish);
  if (item.kind !== 'alert' || item.routing === null) throw new Error('no routed alert');
  return stores
    .api()
    .alerts.foresee({ incoming: item.incoming, routing: item.routing, at: receivedAt });
}

async function accepted(wish: AlertWish): Promise<{ incidentId: string; duplicate: boolean }> {
  const [receipts] = await stores.api().alerts.accept([deliveryOf([routedAlert(wish)])]);
  const [receipt] = receipts ?? [];
  return { incidentId: receipt?.incidentId ?? 'none', duplicate: receipt?.duplicate ?? false };
}

async function close(incidentId: string): Promise<void> {
  await stores.worker().alerts.drain(incidentId);
  await stores.worker().transaction(async (tables) => {
    await tables.incidents.stopAccepting(incidentId);
    const closedAt = '2026-11-23T10:00:00.000Z';
    await tables.incidents.change(incidentId, { state: 'closed', phase: 'closed', closedAt });
  });
}

describe('an alert', () => {
  test('opens, repeats and joins as foreseen', async () => {
    const first: AlertWish = { name: 'first', incidentKey: 'a' };
    expect(await foreseen(first)).toEqual({ duplicateOf: null, would: 'open', incidentId: null });
    const { incidentId } = await accepted(first);
    const again = await foreseen(first);
    expect(again).toMatchObject({ would: 'join', incidentId });
    expect(again.duplicateOf).not.toBeNull();
    expect((await accepted(first)).duplicate).toBe(true);
    const second: AlertWish = { name: 'second', incidentKey: 'a' };
    expect(await foreseen(second)).toEqual({ duplicateOf: null, would: 'join', incidentId });
    expect((await accepted(second)).incidentId).toBe(incidentId);
  });

  test('reopens what was closed lately, and opens anew after its window', async () => {
    const first = await accepted({ name: 'closed', incidentKey: 'b', reopenWindowSeconds: 60 });
    await close(first.incidentId);
    const soon: AlertWish = { name: 'soon', incidentKey: 'b', reopenWindowSeconds: 60 };
    expect(await foreseen(soon)).toMatchObject({ would: 'reopen', incidentId: first.incidentId });
    const late: AlertWish = { ...soon, reopenWindowSeconds: 1 };
    expect(await foreseen(late)).toMatchObject({ would: 'open', incidentId: null });
    expect((await accepted(soon)).incidentId).toBe(first.incidentId);
  });

  test('attaches to the incident that holds its target', async () => {
    const { incidentId } = await accepted({ name: 'holder', incidentKey: 'c' });
    const target = 'kubernetes/Deployment/ml/web';
    await stores.worker().claims.take({ incidentId, targets: [target], mode: 'shared' });
    const other: AlertWish = { name: 'other', incidentKey: 'd', claimTargets: [target] };
    expect(await foreseen(other)).toMatchObject({ would: 'attach', incidentId });
    expect((await accepted(other)).incidentId).toBe(incidentId);
  });

  test('that is over opens nothing', async () => {
    const over: AlertWish = { name: 'over', incidentKey: 'e', status: 'resolved' };
    expect(await foreseen(over)).toMatchObject({ would: 'nothing', incidentId: null });
    expect((await accepted(over)).incidentId).toBe('none');
  });
});
