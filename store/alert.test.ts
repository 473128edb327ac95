import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ALERT_FACTS_MAX } from './alert-fact.ts';
import { delivery, deliveryOf, routedAlert } from './test-delivery.ts';
import type { AlertWish } from './test-delivery.ts';
import { useStores } from './test-store.ts';

// Goal: nothing that was delivered is lost or taken twice, and each alert is in exactly the incident that it
// belongs to. Method: the real tables, as the API's role, also with many callers at once.

const stores = useStores();

async function acceptOne(wish: AlertWish): Promise<{
  readonly alertId: string;
  readonly incidentId: string | null;
  readonly duplicate: boolean;
}> {
  const [receipts] = await stores.api().alerts.accept([delivery(wish)]);
  const receipt = receipts?.[0];
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
}

async function kindsOf(incidentId: string | null): Promise<readonly string[]> {
  const facts = await stores.api().facts.page(incidentId ?? '', 0, 1000);
  return facts.map((fact) => fact.kind);
}

async function workOf(incidentId: string | null): Promise<readonly string[]> {
  const rows = await stores.sql(
    'select kind from firebreak.outbox where incident_id = $1 order by id',
    [incidentId],
  );
  return z
    .array(z.object({ kind: z.string() }))
    .parse(rows)
    .map((row) => row.kind);
}

async function close(incidentId: string, closedAt: string): Promise<void> {
  await stores.worker().alerts.drain(incidentId);
  await stores.worker().transaction(async (tables) => {
    expect(await tables.incidents.stopAccepting(incidentId)).toBe('ok');
    await tables.incidents.change(incidentId, { state: 'closed', phase: 'closed', closedAt });
  });
}

describe('an alert', () => {
  test('opens an incident with its facts, counters and start', async () => {
    const receipt = await acceptOne({ name: 'opens', incidentKey: 'opens' });
    expect(receipt).toMatchObject({ duplicate: false });
    expect(receipt.incidentId).toMatch(/^inc_[a-z2-7]{16}$/);
    const incident = await stores.api().incidents.get(receipt.incidentId ?? '');
    expect(incident).toMatchObject({
      key: 'opens',
      state: 'pending',
      generation: 1,
      alertCount: 1,
      openedAt: '2026-11-23T10:00:05.000Z',
      onsetAt: '2026-11-23T10:00:00.000Z',
      model: 'fraud-detector',
    });
    expect(await kindsOf(receipt.incidentId)).toEqual(['incident.opened', 'alert.received']);
    expect(await workOf(receipt.incidentId)).toEqual(['start-incident']);
    const page = await stores
      .api()
      .alerts.ofIncident(receipt.incidentId ?? '', { cursor: null, limit: 10 });
    expect(page.items.map((item) => item.incoming?.alert.title)).toEqual(['Alert opens']);
    expect(page.next).toBeNull();
  });

  test('names the suspect of an incident that knew none, and changes none that it knew', async () => {
    const suspects: (string | null | undefined)[] = [];
    for (const suspect of [null, 'dataset:a', 'dataset:b']) {
      const name = `names-${suspect ?? 'none'}`;
      const { incidentId } = await acceptOne({ name, incidentKey: 'names', suspect });
      suspects.push((await stores.api().incidents.get(incidentId ?? ''))?.suspect);
    }
    expect(suspects).toEqual([null, 'dataset:a', 'dataset:a']);
  });

  test('delivered a thousand times is one alert and changes nothing after the first', async () => {
    const wish = { name: 'again', incidentKey: 'again' };
    const first = await acceptOne(wish);
    const thousand = Array.from({ length: 1000 }, () => delivery(wish));
    const batches = Array.from({ length: 10 }, (_, n) => thousand.slice(n * 100, n * 100 + 100));
    const answers = await Promise.all(batches.map((batch) => stores.api().alerts.accept(batch)));
    const receipts = answers.flat(2);
    expect(receipts).toHaveLength(1000);
    expect(new Set(receipts.map((receipt) => JSON.stringify(receipt)))).toEqual(
      new Set([JSON.stringify({ ...first, duplicate: true })]),
    );
    const incident = await stores.api().incidents.get(first.incidentId ?? '');
    expect(incident?.alertCount).toBe(1);
    expect(await kindsOf(first.incidentId)).toHaveLength(2);
    expect(await workOf(first.incidentId)).toEqual(['start-incident']);
  });

  test('racing with itself and with others of its key ends in one incident', async () => {
    const wishes = Array.from({ length: 24 }, (_, n) => ({
      name: `race-${(n % 8).toString()}`,
      incidentKey: 'race',
    }));
    const receipts = await Promise.all(wishes.map(acceptOne));
    expect(new Set(receipts.map((receipt) => receipt.incidentId)).size).toBe(1);
    expect(receipts.filter((receipt) => !receipt.duplicate)).toHaveLength(8);
    expect(new Set(receipts.map((receipt) => receipt.alertId)).size).toBe(8);
    const id = receipts[0]?.incidentId ?? '';
    expect((await stores.api().incidents.get(id))?.alertCount).toBe(8);
    expect((await kindsOf(id)).filter((kind) => kind === 'incident.opened')).toHaveLength(1);
    expect(await workOf(id)).toEqual(['start-incident', 'wake-incident']);
    expect(await stores.chainLength(id)).toBe(9);
  });

  test('of a known fingerprint with a new start is a flap', async () => {
    const first = await acceptOne({ name: 'flap', incidentKey: 'flap' });
    const wish = { name: 'flap', incidentKey: 'flap', startsAt: '2026-11-23T10:10:00.000Z' };
    const second = await acceptOne(wish);
    expect(second).toMatchObject({ incidentId: first.incidentId, duplicate: false });
    expect(await kindsOf(first.incidentId)).toEqual([
      'incident.opened',
      'alert.received',
      'alert.received',
      'alert.flapped',
    ]);
  });

  test('after close reopens within the window, with the next generation', async () => {
    const first = await acceptOne({ name: 'back', incidentKey: 'back' });
    await close(first.incidentId ?? '', '2026-11-23T12:00:00.000Z');
    const wish = {
      name: 'back',
      incidentKey: 'back',
      startsAt: '2026-11-23T12:30:00.000Z',
      receivedAt: '2026-11-23T12:30:05.000Z',
    };
    const second = await acceptOne(wish);
    expect(second.incidentId).toBe(first.incidentId);
    const incident = await stores.api().incidents.get(first.incidentId ?? '');
    expect(incident).toMatchObject({ state: 'pending', generation: 2, closedAt: null });
    expect(await kindsOf(first.incidentId)).toEqual([
      'incident.opened',
      'alert.received',
      'incident.reopened',
      'alert.received',
    ]);
    const rows = await stores.sql(
      `select work from firebreak.outbox where incident_id = $1 order by id`,
      [first.incidentId],
    );
    expect(rows).toEqual([
      { work: { kind: 'start-incident', incidentId: first.incidentId, generation: 1 } },
      { work: { kind: 'start-incident', incidentId: first.incidentId, generation: 2 } },
    ]);
  });

  test('after the window opens a new incident; racing ones reopen once', async () => {
    const first = await acceptOne({ name: 'late', incidentKey: 'late' });
    await close(first.incidentId ?? '', '2026-11-23T12:00:00.000Z');
    const later = await acceptOne({
      name: 'late',
      incidentKey: 'late',
      startsAt: '2026-11-23T13:00:01.000Z',
      receivedAt: '2026-11-23T13:00:01.000Z',
    });
    expect(later.incidentId).not.toBe(first.incidentId);
    await close(later.incidentId ?? '', '2026-11-23T14:00:00.000Z');
    const racing = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        acceptOne({
          name: `late-${n.toString()}`,
          incidentKey: 'late',
          receivedAt: '2026-11-23T14:30:00.000Z',
        }),
      ),
    );
    expect(new Set(racing.map((one) => one.incidentId))).toEqual(new Set([later.incidentId]));
    expect((await stores.api().incidents.get(later.incidentId ?? ''))?.generation).toBe(2);
  });

  test('about a target that an open incident holds attaches to it and opens nothing', async () => {
    const holder = await acceptOne({ name: 'holder', incidentKey: 'holder' });
    const target = 'kubernetes/Deployment/fraud/holder';
    await stores.worker().claims.take({
      incidentId: holder.incidentId ?? '',
      targets: [target],
      mode: 'shared',
    });
    const wish = { name: 'consequence', incidentKey: 'other', claimTargets: ['x/y/z/a', target] };
    const attached = await acceptOne(wish);
    expect(attached.incidentId).toBe(holder.incidentId);
    expect((await kindsOf(holder.incidentId)).at(-1)).toBe('alert.attached');
    expect(await workOf(holder.incidentId)).toEqual(['start-incident', 'wake-incident']);
    const rows = await stores.sql(
      `select count(*)::int as n from firebreak.incident where incident_key = 'other'`,
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  test('that is over attaches to the accepting incident of its key, else to none', async () => {
    const alone = await acceptOne({ name: 'over', incidentKey: 'over', status: 'resolved' });
    expect(alone).toMatchObject({ incidentId: null, duplicate: false });
    const opened = await acceptOne({ name: 'over', incidentKey: 'over' });
    const wish = { incidentKey: 'over', status: 'resolved' } as const;
    const resolved = await acceptOne({ ...wish, name: 'over-2' });
    expect(resolved.incidentId).toBe(opened.incidentId);
    expect((await kindsOf(opened.incidentId)).at(-1)).toBe('alert.resolved');
    await close(opened.incidentId ?? '', '2026-11-23T12:00:00.000Z');
    const afterClose = await acceptOne({ ...wish, name: 'over-3' });
    expect(afterClose.incidentId).toBeNull();
  });
});

describe('a delivery', () => {
  test('keeps what it could not read, beside what it could', async () => {
    const alerts = [
      {
        kind: 'quarantined',
        alert: {
          source: 'prometheus',
          dedupeKey: 'q1',
          problem: 'No \0 start.',
          field: 'startsAt',
        },
      },
      routedAlert({ name: 'good', incidentKey: 'good' }),
      { kind: 'alert', incoming: incomingOf('unrouted'), routing: null },
    ] as const;
    const [receipts] = await stores.api().alerts.accept([deliveryOf(alerts)]);
    expect(receipts?.map((receipt) => [receipt.incidentId === null, receipt.problem])).toEqual([
      [true, 'No \0 start.'],
      [false, undefined],
      [true, undefined],
    ]);
    const again = await stores.api().alerts.accept([deliveryOf(alerts)]);
    expect(again[0]?.every((receipt) => receipt.duplicate)).toBe(true);
    const rows = await stores.sql(`select raw from firebreak.delivery where sha256 = sha256($1)`, [
      deliveryOf(alerts).raw,
    ]);
    expect(rows).toEqual([{ raw: deliveryOf(alerts).raw }]);
  });

  test.each([
    ['NUL', 'a\0b'],
    ['a lone surrogate', 'a\ud800b'],
    ['quotes and braces', `'"{}\\,$1`],
    ['right to left marks', '\u202egnp.exe'],
  ])('takes a title with %s', async (name, title) => {
    const receipt = await acceptOne({ name: `text-${name}`, incidentKey: `text-${name}`, title });
    const id = receipt.incidentId ?? '';
    const page = await stores.api().alerts.ofIncident(id, { cursor: null, limit: 1 });
    expect(page.items[0]?.incoming?.alert.title).toBe(title);
    expect(await stores.chainLength(id)).toBe(2);
  });

  test('of a storm writes a hundred facts, counts the rest and wakes once', async () => {
    const opened = await acceptOne({ name: 'storm', incidentKey: 'storm' });
    const batches = Array.from({ length: 5 }, (_, b) =>
      deliveryOf(
        Array.from({ length: 200 }, (__, n) =>
          routedAlert({ name: `storm-${b.toString()}-${n.toString()}`, incidentKey: 'storm' }),
        ),
      ),
    );
    await Promise.all(batches.map((batch) => stores.api().alerts.accept([batch])));
    const id = opened.incidentId ?? '';
    expect((await stores.api().incidents.get(id))?.alertCount).toBe(1001);
    const facts = await stores.api().facts.page(id, 0, 1000);
    const received = facts.filter((fact) => fact.kind === 'alert.received');
    expect(received.map((fact) => fact.data)).toEqual(
      Array.from({ length: ALERT_FACTS_MAX }, (_, n) => expect.objectContaining({ count: n + 1 })),
    );
    expect(received.at(-1)?.data).toMatchObject({ laterAreCountedOnly: true });
    expect(await workOf(id)).toEqual(['start-incident', 'wake-incident']);
    expect(await stores.worker().alerts.drain(id)).toEqual({ drained: 1001, total: 1001 });
    expect(await stores.worker().alerts.drain(id)).toEqual({ drained: 0, total: 1001 });
  });

  test('over many incidents at once, in every order, neither blocks nor loses', async () => {
    const names = Array.from({ length: 30 }, (_, n) => n.toString());
    const batchOf = (round: number, order: readonly string[]): ReturnType<typeof deliveryOf> =>
      deliveryOf(
        order.map((name) =>
          routedAlert({ name: `m-${name}-${round.toString()}`, incidentKey: `many-${name}` }),
        ),
      );
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, round) =>
        stores.api().alerts.accept([batchOf(round, round % 2 === 0 ? names : names.toReversed())]),
      ),
    );
    const ids = new Set(answers.flat(2).map((receipt) => receipt.incidentId));
    expect(ids.size).toBe(30);
    const counts = await Promise.all(
      [...ids].map(async (id) => (await stores.api().incidents.get(id ?? ''))?.alertCount),
    );
    expect(new Set(counts)).toEqual(new Set([10]));
  });
});

function incomingOf(
  name: string,
): Extract<ReturnType<typeof routedAlert>, { kind: 'alert' }>['incoming'] {
  const element = routedAlert({ name });
  if (element.kind !== 'alert') throw new Error('not an alert');
  return element.incoming;
}
