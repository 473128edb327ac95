import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { NOW } from '../../api/test-api.ts';
import { element, ELEMENTS, type Element } from './alert-rows.ts';
import { bounded } from './bounded.ts';
import { added } from './counted.ts';
import {
  ALERTMANAGER,
  BATCH,
  companionOf,
  expectOutcome,
  GENERIC,
  receiptsOf,
  through,
  type Door,
} from './doors.ts';
import { useIntakeServer } from './intake-server.ts';
import { expectNoSecret } from './reply.ts';

// Goal: an alert that makes no sense is kept with what is wrong, its neighbour is accepted all the same; one that
// makes sense but names nobody, or several, opens an incident that chooses nothing by itself. Method: family D of the
// bad-input corpus beside a good alert in one envelope, at each door that takes several, over the real store and the
// real routing.

const server = useIntakeServer();
const companion = companionOf(server);
beforeAll(companion.survives);
afterAll(() => {
  expectNoSecret(server.logged());
});

let ids = 0;
const fresh = (): string => `meaning-${(ids += 1).toString()}`;

/** A door that takes several alerts at once. */
interface GroupDoor {
  readonly door: Door;
  readonly envelope: (elements: readonly Element[]) => unknown;
  /** The second element, as a problem names it. */
  readonly second: string;
}

const GROUPS: readonly GroupDoor[] = [
  { door: ALERTMANAGER, envelope: (alerts) => ({ version: '4', alerts }), second: 'alerts[1]' },
  { door: GENERIC, envelope: (alerts) => ({ alerts }), second: 'alerts[1]' },
  {
    door: BATCH,
    envelope: (alerts) =>
      alerts.map((data) => ({
        specversion: '1.0',
        id: fresh(),
        source: '/monitor',
        type: 'drift',
        time: NOW,
        data,
      })),
    second: '[1]',
  },
];

describe.each(GROUPS.map((group) => [group.door.name, group] as const))('%s', (_name, group) => {
  const { door, envelope, second } = group;
  const send = (elements: readonly Element[]) =>
    server.send(through(door, JSON.stringify(envelope(elements))));

  test.each(ELEMENTS)('%s', async (_title, change, wrong) => {
    const before = await server.counts();
    const good = element(fresh());
    const reply = await bounded(() => send([good, change(element(fresh()))]));
    const [first, other] = receiptsOf(reply);
    expect(first).toMatchObject({ duplicate: false, incidentId: expect.stringMatching(/^inc_/) });
    expect(first?.problem).toBeUndefined();
    const gained = added(before, await server.counts());
    expect(gained).toMatchObject({ delivery: 1, alert: 2, incident: wrong === null ? 2 : 1 });
    if (wrong === null) expect(other?.incidentId).toMatch(/^inc_/);
    else {
      expect(other?.incidentId).toBeNull();
      expect(other?.problem).toContain(`${second}.${wrong}`);
    }
    await companion.survives();
  });

  test('an alert of nothing, a list, a text and null are kept as what they are', async () => {
    if (door === BATCH) return;
    const reply = await send([element(fresh())]);
    expect(receiptsOf(reply)).toHaveLength(1);
    const odd: unknown = [element(fresh()), {}, [], 'x', null, 7];
    const body = JSON.stringify(door === GENERIC ? { alerts: odd } : { version: '4', alerts: odd });
    const before = await server.counts();
    const receipts = receiptsOf(await server.send(through(door, body)));
    expect(receipts.filter(({ problem }) => problem !== undefined)).toHaveLength(5);
    expect(added(before, await server.counts())).toMatchObject({
      delivery: 1,
      alert: 6,
      incident: 1,
    });
  });

  test('what is over without ever having begun opens nothing', async () => {
    const before = await server.counts();
    const over = { ...element(fresh()), status: 'resolved', endsAt: '2026-11-23T11:00:00Z' };
    const [receipt] = receiptsOf(await send([over]));
    expect(receipt).toMatchObject({ duplicate: false, incidentId: null });
    expect(added(before, await server.counts())).toEqual({ delivery: 1, alert: 1 });
  });

  test('no alerts at all: readable, kept, answered', async () => {
    const before = await server.counts();
    expect(receiptsOf(await send([]))).toEqual([]);
    expect(added(before, await server.counts()).alert).toBeUndefined();
  });

  test('the same bad alert again is the same one', async () => {
    const bad = { ...element(fresh()), status: 'odd' };
    if (door === BATCH) return;
    const [first] = receiptsOf(await send([bad]));
    const [again] = receiptsOf(await send([bad]));
    expect(again).toEqual({ ...first, duplicate: true });
  });

  test('a full envelope: all but one bad, none lost, in bounds', async () => {
    const id = fresh();
    const many = Array.from({ length: 2_000 }, (_, index) => ({
      ...element(`${id}-${index.toString()}`),
      ...(index === 0 ? {} : { startsAt: index }),
    }));
    const before = await server.counts();
    const receipts = receiptsOf(await send(many));
    expect(receipts.filter(({ problem }) => problem === undefined)).toHaveLength(1);
    expect(added(before, await server.counts())).toMatchObject({ alert: 2_000, incident: 1 });
    await companion.survives();
  });
});

describe('no labels', () => {
  test.each([
    ['alertmanager', ALERTMANAGER, { version: '4', alerts: [{ ...element(''), labels: {} }] }],
    ['generic', GENERIC, { alerts: [{ ...element(''), labels: {} }] }],
  ])('%s', async (_name, door, body) => {
    const attempt = through(door, JSON.stringify(body));
    const outcome = { quarantined: 'alerts[0].labels' };
    await expectOutcome(server, companion, { attempt, outcome });
  });
});

describe('Alertmanager', () => {
  const alertmanager = (alerts: readonly object[], rest: object = {}) =>
    through(ALERTMANAGER, JSON.stringify({ version: '4', alerts, ...rest }));

  test.each([
    ['an unknown version', { version: '5' }, 'version'],
    ['a version that is a number', { version: 4 }, 'version'],
    ['no version', { version: undefined }, 'version'],
    ['alerts that are an object', { alerts: {} }, 'alerts'],
    ['no alerts', { alerts: undefined }, 'alerts'],
  ])('%s is no envelope', async (_name, change, field) => {
    const attempt = alertmanager([element(fresh())], change);
    await expectOutcome(server, companion, {
      attempt,
      outcome: { refused: [400, 'invalid', field] },
    });
  });

  test.each([[3], [-1], ['many'], [null]])(
    'truncatedAlerts %j is noted with the alert',
    async (count) => {
      const id = fresh();
      const attempt = alertmanager([element(id)], { truncatedAlerts: count });
      await expectOutcome(server, companion, { attempt, outcome: 'accepted' });
      const [row] = await server.sql(
        `select incoming->'alert'->'details'->'truncatedAlerts' as noted from firebreak.alert
        where incoming->'alert'->'labels'->>'alertname' = '${id}'`,
      );
      expect(row).toEqual({ noted: count });
    },
  );

  test('what the sender calls a fingerprint identifies nothing: the labels do', async () => {
    const id = fresh();
    const sent = async (alert: object) =>
      receiptsOf(await server.send(alertmanager([{ ...element(id), ...alert }])))[0];
    const first = await sent({ fingerprint: 'abc' });
    expect(await sent({ fingerprint: 'other' })).toEqual({ ...first, duplicate: true });
    expect(await sent({ startsAt: '2026-11-23T12:00:00+02:00' })).toEqual({
      ...first,
      duplicate: true,
    });
    const other = await sent({ fingerprint: 'abc', labels: { alertname: `${id}-b` } });
    expect(other).toMatchObject({ duplicate: false });
    expect(other?.incidentId).not.toBe(first?.incidentId);
  });
});

describe('whom it is about', () => {
  const row = z.object({
    model: z.string().nullable(),
    mode: z.string(),
    route: z.string(),
    status: z.string(),
    candidates: z.array(z.string()),
  });

  test.each<[string, Readonly<Record<string, string>>, string, string | null, readonly string[]]>([
    ['one model', { model: 'fraud-scorer' }, 'resolved', 'fraud-scorer', ['fraud-scorer']],
    ['an unknown model', { model: 'nobody' }, 'none', null, []],
    ['no model', {}, 'none', null, []],
    ['an empty model', { model: '' }, 'none', null, []],
    ['a name of two deployments', { model: 'ranker' }, 'several', null, ['ranker-eu', 'ranker-us']],
    ['other capitals', { model: 'Fraud-Scorer' }, 'weak', null, ['fraud-scorer']],
    ['a Cyrillic letter', { model: 'fr\u0430ud-scorer' }, 'weak', null, ['fraud-scorer']],
    ['a joiner that nobody sees', { model: 'fraud\u200d-scorer' }, 'weak', null, ['fraud-scorer']],
    ['letters of full width', { model: 'ｆｒａｕｄ-scorer' }, 'weak', null, ['fraud-scorer']],
    ['a space behind it', { model: 'fraud-scorer ' }, 'weak', null, ['fraud-scorer']],
    // A route or a rule that cannot be evaluated would leave the alert to nobody.
    [
      'a label called constructor',
      { model: 'fraud-scorer', constructor: 'x' },
      'resolved',
      'fraud-scorer',
      ['fraud-scorer'],
    ],
    ['a path', { model: '../fraud-scorer' }, 'none', null, []],
    ['an expression', { model: "' || true || '" }, 'none', null, []],
    [
      'a model, and another one’s deployment',
      { model: 'fraud-scorer', namespace: 'ml', deployment: 'ranker-eu' },
      'several',
      null,
      ['fraud-scorer', 'ranker-eu'],
    ],
  ])('%s', async (...[, names, status, model, candidates]) => {
    const id = fresh();
    const body = {
      version: '4',
      alerts: [{ ...element(id), labels: { alertname: 'ModelAnomaly', id, ...names } }],
    };
    const attempt = through(ALERTMANAGER, JSON.stringify(body));
    const [receipt] = receiptsOf(
      await expectOutcome(server, companion, { attempt, outcome: 'accepted' }),
    );
    const [stored] = await server.sql(
      `select model, mode, route, targets->>'status' as status,
          array(select json_array_elements(targets->'candidates')->>'model') as candidates
        from firebreak.incident where id = '${receipt?.incidentId ?? ''}'`,
    );
    expect(row.parse(stored)).toEqual({
      model,
      mode: 'auto',
      route: 'anomaly',
      status,
      candidates,
    });
  });
});
