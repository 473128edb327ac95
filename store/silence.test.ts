// Goal: a silence keeps alerts from opening incidents and loses none: they are kept, counted, listed, and taken in again
// when it is over. Method: the real tables as the API's role, times as the test says.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { SilenceMatcher } from '../domain/silence.ts';
import { deliveryOf, routedAlert } from './test-delivery.ts';
import type { AlertWish } from './test-delivery.ts';
import { openIncident, useStores } from './test-store.ts';
import type { NewSilence } from './silence-table.ts';

const stores = useStores();
const BEGINS = '2026-11-23T09:00:00.000Z';
const ENDS = '2026-11-23T11:00:00.000Z';
const DURING = '2026-11-23T10:00:00.000Z';
const AFTER = '2026-11-23T12:00:00.000Z';

let count = 0;

/** Silences the alerts of a name; others of the file are not touched by it. */
async function silence(name: string, change: Partial<NewSilence> = {}): Promise<string> {
  count += 1;
  const matchers: readonly SilenceMatcher[] = [{ name: 'alertname', operator: '=', value: name }];
  const { id } = await stores.api().silences.put({
    ...{ id: `sil-${count.toString()}`, matchers, startsAt: BEGINS, endsAt: ENDS, owner: 'ml' },
    ...{ reason: 'node drain', createdBy: 'mona', channel: 'cli', createdAt: BEGINS, ...change },
  });
  return id;
}

async function accept(wish: AlertWish, at = DURING) {
  const alert = routedAlert({ incidentKey: wish.name ?? '', ...wish });
  const [receipts = []] = await stores.api().alerts.accept([deliveryOf([alert], at)]);
  const [receipt] = receipts;
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
}

async function stillFiring(at = AFTER): Promise<readonly string[]> {
  const alerts = await stores.api().silences.stillFiring(at, 100);
  return alerts.map(({ alert }) => alert.labels['alertname'] ?? '');
}

describe('a silence', () => {
  test('keeps, counts and lists what would have opened an incident', async () => {
    const id = await silence('drain');
    const receipt = await accept({ name: 'drain' });
    expect(receipt).toEqual({
      ...{ alertId: receipt.alertId, duplicate: false, incidentId: null, silencedBy: id },
    });
    await accept({ name: 'drain', startsAt: '2026-11-23T09:59:00.000Z' });
    expect(await stores.api().silences.get(id)).toMatchObject({
      ...{ suppressedCount: 2, lastSuppressedAt: DURING, owner: 'ml', endedAt: null },
    });
    const { items } = await stores.api().silences.alertsOf(id, { cursor: null, limit: 10 });
    expect(items.map((item) => item.incoming?.alert.title)).toEqual(['Alert drain', 'Alert drain']);
  });

  test('counts a repetition once, and opens nothing for it', async () => {
    const id = await silence('repeats');
    const first = await accept({ name: 'repeats' });
    const again = await accept({ name: 'repeats' });
    expect(again).toEqual({ ...first, duplicate: true });
    expect((await stores.api().silences.get(id))?.suppressedCount).toBe(1);
  });

  test('hides nothing from an incident that is open', async () => {
    const open = await openIncident(stores.api(), 'open');
    await silence('open');
    const later = await accept({
      ...{ name: 'open', incidentKey: 'key-open', startsAt: '2026-11-23T09:59:00.000Z' },
    });
    expect(later.incidentId).toBe(open);
  });

  test.each<[string, Partial<NewSilence>, string]>([
    ['before it begins', { startsAt: AFTER, endsAt: '2026-11-23T13:00:00.000Z' }, DURING],
    ['when it is over', {}, AFTER],
    ['of something else', { matchers: [{ name: 'alertname', operator: '=', value: 'x' }] }, DURING],
  ])('does not hold %s', async (name, change, at) => {
    await silence(name, change);
    expect((await accept({ name }, at)).incidentId).not.toBeNull();
  });

  test('ended by a person holds no longer, once', async () => {
    const id = await silence('ended');
    const end = { by: 'sam', reason: 'done', at: DURING };
    expect(await stores.api().silences.end(id, end)).toBe(true);
    expect(await stores.api().silences.end(id, end)).toBe(false);
    expect((await accept({ name: 'ended' })).incidentId).not.toBeNull();
    const page = { cursor: null, limit: 100 };
    const { items } = await stores.api().silences.list({ state: 'expired', now: DURING }, page);
    expect(items.find((one) => one.id === id)).toMatchObject({
      endedBy: 'sam',
      endedReason: 'done',
    });
  });

  test('cannot be removed, nor ended anew', async () => {
    const id = await silence('kept');
    await stores.api().silences.end(id, { by: 'sam', reason: 'done', at: DURING });
    await expect(stores.sql('delete from firebreak.silence')).rejects.toThrow(/never changed/);
    const anew = `update firebreak.silence set ended_at = now() where id = '${id}'`;
    await expect(stores.sql(anew)).rejects.toThrow(/ended already/);
  });
});

describe('when a silence is over', () => {
  test('a repetition of what it suppressed opens the incident, with its first bytes', async () => {
    await silence('returns');
    const { alertId } = await accept({ name: 'returns' });
    const back = await accept({ name: 'returns' }, AFTER);
    expect(back).toEqual({ alertId, duplicate: true, incidentId: expect.any(String) });
    const id = back.incidentId ?? '';
    const facts = await stores.api().facts.page(id, 0, 10);
    expect(facts.map(({ kind }) => kind)).toEqual(['incident.opened', 'alert.received']);
    const rows = await stores.sql(
      `select encode(delivery_sha256, 'hex') as sha from firebreak.alert where id = $1`,
      [alertId],
    );
    const [{ sha }] = z.tuple([z.object({ sha: z.string() })]).parse(rows);
    expect(facts[1]?.data).toMatchObject({ alertId, rawSha256: sha });
    expect((await stores.api().incidents.get(id))?.alertCount).toBe(1);
    expect(await accept({ name: 'returns' }, AFTER)).toEqual(back);
    expect((await stores.api().incidents.get(id))?.alertCount).toBe(1);
  });

  test('two repetitions at once count it once', async () => {
    await silence('races');
    await accept({ name: 'races' });
    await Promise.all([0, 1, 2].map(() => accept({ name: 'races' }, AFTER)));
    const { incidentId } = await accept({ name: 'races' }, AFTER);
    expect((await stores.api().incidents.get(incidentId ?? ''))?.alertCount).toBe(1);
  });

  test('what another silence keeps quiet goes over to that one', async () => {
    const first = await silence('goes-over');
    await accept({ name: 'goes-over' });
    const second = await silence('goes-over', {
      startsAt: ENDS,
      endsAt: '2026-11-24T00:00:00.000Z',
    });
    const again = await accept({ name: 'goes-over' }, AFTER);
    expect(again).toMatchObject({ incidentId: null, silencedBy: second });
    expect((await stores.api().silences.get(first))?.suppressedCount).toBe(1);
    expect((await stores.api().silences.get(second))?.suppressedCount).toBe(1);
  });

  test('what still fires is told until it is taken in; what was resolved is not', async () => {
    await silence('still');
    await silence('solved');
    await accept({ name: 'still' });
    await accept({ name: 'solved' });
    await accept({ name: 'solved', status: 'resolved' });
    expect(await stillFiring(DURING)).not.toContain('still');
    const told = await stillFiring();
    expect(told).toContain('still');
    expect(told).not.toContain('solved');
    await accept({ name: 'still' }, AFTER);
    expect(await stillFiring()).not.toContain('still');
    await stores.api().silences.readmitted(AFTER);
    expect(await stillFiring()).toEqual([]);
  });
});

describe('a snooze', () => {
  test('is a fact of its incident, and the newest one holds', async () => {
    const incidentId = await openIncident(stores.api(), 'snoozed');
    const wanted = {
      ...{ id: 'snz-1', incidentId, endsAt: ENDS, reason: 'waiting for the vendor' },
      ...{ person: 'mona', name: 'Mona', channel: 'cli', createdAt: DURING },
    };
    expect(await stores.worker().silences.snoozedUntil(incidentId)).toBeNull();
    await stores.api().silences.snooze(wanted);
    await stores.api().silences.snooze(wanted);
    expect(await stores.worker().silences.snoozedUntil(incidentId)).toBe(ENDS);
    await stores.api().silences.snooze({ ...wanted, id: 'snz-2', endsAt: DURING, reason: 'back' });
    expect(await stores.worker().silences.snoozedUntil(incidentId)).toBe(DURING);
    const facts = await stores.api().facts.page(incidentId, 0, 10);
    expect(
      facts.filter(({ kind }) => kind === 'incident.snoozed').map(({ summary }) => summary),
    ).toEqual([
      `Mona asked for quiet until ${ENDS}: waiting for the vendor`,
      'Mona ended the quiet: back',
    ]);
  });
});
