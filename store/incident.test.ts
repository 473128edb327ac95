import { describe, expect, test } from '@jest/globals';
import { delivery, NEW_INCIDENT } from './test-delivery.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: an incident is opened once per request and key, changed only where asked, and closed only when nothing is
// on its way in. Method: the stores of both roles, raced where a race decides.

const stores = useStores();

function request(name: string): Parameters<ReturnType<typeof stores.api>['incidents']['open']>[0] {
  return {
    requestId: `request-${name}`,
    incidentKey: `hand-${name}`,
    incident: { ...NEW_INCIDENT, origin: { kind: 'person', by: 'ann', channel: 'cli' } },
    reopenWindowSeconds: 3600,
    openedAt: '2026-11-23T10:00:00.000Z',
  };
}

describe('an incident', () => {
  test('opened by hand many times at once is one, and answers each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => stores.api().incidents.open(request('once'))),
    );
    expect(new Set(answers.map((answer) => answer.incident.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.created)).toHaveLength(1);
    const id = answers[0]?.incident.id ?? '';
    const facts = await stores.api().facts.page(id, 0, 10);
    expect(facts.map((fact) => [fact.kind, fact.actor])).toEqual([['incident.opened', 'ann']]);
    const rows = await stores.sql('select work from firebreak.outbox where incident_id = $1', [id]);
    expect(rows).toEqual([{ work: { kind: 'start-incident', incidentId: id, generation: 1 } }]);
  });

  test('opened by hand joins the one that accepts its key; a later alert joins it too', async () => {
    const first = await stores.api().incidents.open(request('join'));
    const second = await stores
      .api()
      .incidents.open({ ...request('join'), requestId: 'request-join-2' });
    expect(second).toEqual({ incident: first.incident, created: false });
    const [receipts] = await stores
      .api()
      .alerts.accept([delivery({ name: 'join', incidentKey: 'hand-join' })]);
    expect(receipts?.[0]?.incidentId).toBe(first.incident.id);
  });

  test('changes only what is named, to null as well', async () => {
    const id = await openIncident(stores.api(), 'change');
    const before = await stores.api().incidents.get(id);
    const changed = await stores.worker().incidents.change(id, {
      state: 'held',
      stateReason: 'Loki is away.',
      owner: 'ann',
      containedAt: '2026-11-23T10:05:00.123Z',
      step: 'isolate',
      targets: { status: 'none', entry: null, candidates: [], steps: [] },
    });
    expect(changed).toEqual({
      ...before,
      state: 'held',
      stateReason: 'Loki is away.',
      owner: 'ann',
      containedAt: '2026-11-23T10:05:00.123Z',
      step: 'isolate',
      targets: { status: 'none', entry: null, candidates: [], steps: [] },
    });
    const cleared = await stores.worker().incidents.change(id, {
      state: 'open',
      stateReason: null,
      targets: null,
    });
    expect(cleared).toMatchObject({
      state: 'open',
      stateReason: null,
      targets: null,
      owner: 'ann',
    });
    expect(await stores.worker().incidents.change(id, {})).toEqual(cleared);
    await expect(
      stores.worker().incidents.change('inc_none', { owner: 'x' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  test('goes to its next generation for one of many, with the row that starts it', async () => {
    const id = await openIncident(stores.api(), 'generation');
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => stores.worker().incidents.nextGeneration(id, 1)),
    );
    expect(answers.filter((answer) => answer !== null)).toEqual([2]);
    const rows = await stores.sql(
      `select work->>'generation' as generation from firebreak.outbox where incident_id = $1 order by id`,
      [id],
    );
    expect(rows).toEqual([{ generation: '1' }, { generation: '2' }]);
  });

  test('stops accepting only when drained, and never with an alert on its way in', async () => {
    const id = await openIncident(stores.api(), 'stop');
    expect(await stores.worker().incidents.stopAccepting(id)).toBe('not_drained');
    await stores.worker().alerts.drain(id);
    // The alert is in, not committed; close must wait for it and then see it.
    let closing: Promise<string> = Promise.resolve('');
    await stores.api().transaction(async (tables) => {
      await tables.alerts.accept([delivery({ name: 'stop-2', incidentKey: 'key-stop' })]);
      closing = stores.worker().incidents.stopAccepting(id);
    });
    expect(await closing).toBe('not_drained');
    await stores.worker().alerts.drain(id);
    expect(await stores.worker().incidents.stopAccepting(id)).toBe('ok');
    const [receipts] = await stores
      .api()
      .alerts.accept([delivery({ name: 'stop-3', incidentKey: 'key-stop' })]);
    expect(receipts?.[0]?.incidentId).not.toBe(id);
  });

  test('racing close against alerts: each alert is drained or in another incident', async () => {
    const id = await openIncident(stores.api(), 'drain-race');
    const alerts = Array.from({ length: 20 }, (_, n) =>
      stores
        .api()
        .alerts.accept([delivery({ name: `dr-${n.toString()}`, incidentKey: 'key-drain-race' })]),
    );
    const closing = (async () => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const outcome = await stores.worker().transaction(async (tables) => {
          await tables.alerts.drain(id);
          const stopped = await tables.incidents.stopAccepting(id);
          if (stopped === 'ok') {
            const closedAt = '2020-01-01T00:00:00.000Z';
            await tables.incidents.change(id, { state: 'closed', phase: 'closed', closedAt });
          }
          return stopped;
        });
        if (outcome === 'ok') return;
      }
    })();
    const receipts = (await Promise.all(alerts)).flat(2);
    await closing;
    const incident = await stores.api().incidents.get(id);
    const inside = receipts.filter((receipt) => receipt.incidentId === id);
    expect(incident).toMatchObject({ state: 'closed', alertCount: inside.length + 1 });
    expect(receipts.every((receipt) => receipt.incidentId !== null)).toBe(true);
    expect(new Set(receipts.map((receipt) => receipt.incidentId)).size).toBeLessThanOrEqual(2);
  });

  test('is listed newest first, by state, page by page', async () => {
    const ids = [];
    for (const name of ['list-1', 'list-2', 'list-3']) {
      const id = await openIncident(stores.api(), name);
      ids.push(id);
      await stores.worker().incidents.change(id, { state: 'stuck' });
    }
    const filter = { states: ['stuck'] } as const;
    const first = await stores.api().incidents.list(filter, { cursor: null, limit: 2 });
    const second = await stores.api().incidents.list(filter, { cursor: first.next, limit: 2 });
    const listed = [...first.items, ...second.items].map((incident) => incident.id);
    expect(listed).toEqual(ids.toReversed());
    expect(second.next).toBeNull();
    const unfinished = await stores.worker().incidents.unfinished(1000);
    expect(unfinished.map((incident) => incident.id)).toEqual(expect.arrayContaining(ids));
  });

  test.each([
    ['limit', { cursor: null, limit: 0 }],
    ['limit', { cursor: null, limit: 1001 }],
    ['cursor', { cursor: "1' or true", limit: 1 }],
  ])('is not listed with a wrong %s', async (field, page) => {
    await expect(stores.api().incidents.list({ states: null }, page)).rejects.toMatchObject({
      code: 'invalid',
      field,
    });
  });
});
