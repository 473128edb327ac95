// Goal: what webhooks missed, and what silences that are over suppressed, is taken in once, in the way of a webhook.
// Method: the Alertmanager twin without a receiver, the real intake and store, a clock that the test moves.
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createIntake } from '../api/intake.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { createAlertmanagerTwin, type AlertmanagerTwin } from '../lab/alertmanager/twin.ts';
import type { Routing } from '../store/routing.ts';
import { NEW_INCIDENT } from '../store/test-delivery.ts';
import { useStores } from '../store/test-store.ts';
import { closersAfterEach } from '../test/closers.ts';
import { createCatchUp } from './catch-up.ts';
import { readmit } from './readmission.ts';

const stores = useStores();
const log = pino({ level: 'silent' });
const MINUTE_MS = 60_000;

const closers = closersAfterEach();

/** Every alert opens an incident of its own name. */
function routing(name: string): Routing {
  return {
    incidentKey: `self-watch/${name}`,
    ...{ incident: NEW_INCIDENT, reopenWindowSeconds: 0, claimTargets: [], storm: null },
  };
}

function sourceOf(name: string, change: Partial<SourceConfiguration>): SourceConfiguration {
  return {
    ...{ name, kind: 'alertmanager', mapping: null, ignoreLabels: [] },
    authentication: { kind: 'bearer', tokenSha256: ['0'.repeat(64)] },
    ...change,
  };
}

function intakeOf(source: SourceConfiguration) {
  const intake = createIntake({
    sources: [source],
    router: {
      route: () => {
        throw new Error('not asked');
      },
    },
  });
  return {
    ...intake,
    route: ({ alert }: Parameters<typeof intake.route>[0]) =>
      routing(alert.labels['alertname'] ?? ''),
  };
}

async function fire(twin: AlertmanagerTwin, alerts: readonly object[]): Promise<void> {
  await fetch(`${twin.url}/api/v2/alerts`, { method: 'POST', body: JSON.stringify(alerts) });
}

async function incidentsNamed(name: string): Promise<number> {
  const rows = await stores.sql('select from firebreak.incident where incident_key = $1', [
    `self-watch/${name}`,
  ]);
  return rows.length;
}

describe('catching up', () => {
  async function given(receiver = 'firebreak') {
    const twin = await createAlertmanagerTwin({ receivers: [] });
    closers.push(() => twin.close());
    const source = sourceOf('production', {
      alertmanager: { url: twin.url, token: null, receiver },
    });
    const intake = intakeOf(source);
    let shiftMs = 0;
    const now = (): Date => new Date(Date.now() + shiftMs);
    const catchUp = createCatchUp({ store: stores.api(), intake, sources: [source], log, now });
    closers.push(() => catchUp.close());
    const pass = (ms: number): void => {
      shiftMs += ms;
    };
    return { twin, catchUp, source, intake, pass };
  }

  test('takes in what no webhook brought, once, when its webhook has had time', async () => {
    const { twin, catchUp, pass } = await given();
    await fire(twin, [{ labels: { alertname: 'Missed' } }]);
    await catchUp.round();
    expect(await incidentsNamed('Missed')).toBe(0);
    pass(2 * MINUTE_MS);
    await catchUp.round();
    expect(await incidentsNamed('Missed')).toBe(1);
    await catchUp.round();
    expect(catchUp.states()).toEqual([
      { source: 'production', readAt: expect.any(String), problem: null, missed: 1 },
    ]);
    const rows = await stores.sql(
      `select headers->>'x-firebreak-read-from' as origin from firebreak.delivery d
        join firebreak.alert a on a.delivery_sha256 = d.sha256 where a.incoming->'alert'->'labels'->>'alertname' = $1`,
      ['Missed'],
    );
    expect(rows).toEqual([{ origin: 'GET /api/v2/alerts' }]);
  });

  test('knows what a webhook brought, also when it told the time more exactly', async () => {
    const { twin, catchUp, source, intake, pass } = await given();
    const startsAt = '2026-11-23T10:00:00.123Z';
    const raw = Buffer.from(
      JSON.stringify({
        version: '4',
        alerts: [
          {
            ...{ status: 'firing', labels: { alertname: 'Known' }, annotations: {} },
            startsAt: '2026-11-23T10:00:00.123400000Z',
          },
        ],
      }),
    );
    const receivedAt = new Date();
    const contentType = 'application/json';
    const request = {
      kind: 'alertmanager',
      source: null,
      headers: {},
      contentType,
      raw,
      receivedAt,
    } as const;
    const alerts = intake
      .parse(source, request)
      .map((one) => (one.kind === 'alert' ? { ...one, routing: routing('Known') } : one));
    await stores.api().alerts.accept([
      {
        source: source.name,
        contentType,
        headers: {},
        raw,
        receivedAt: receivedAt.toISOString(),
        alerts,
      },
    ]);
    await fire(twin, [{ labels: { alertname: 'Known' }, startsAt }]);
    pass(2 * MINUTE_MS);
    await catchUp.round();
    expect(catchUp.states()[0]).toMatchObject({ problem: null, missed: 0 });
  });

  test('leaves alone what is meant for another receiver', async () => {
    const { twin, catchUp, pass } = await given('another');
    await fire(twin, [{ labels: { alertname: 'Others' } }]);
    pass(2 * MINUTE_MS);
    await catchUp.round();
    expect(await incidentsNamed('Others')).toBe(0);
    expect(catchUp.states()[0]?.problem).toBeNull();
  });

  test('says when it cannot read, and goes on', async () => {
    const { twin, catchUp } = await given();
    twin.faults.add({ kind: 'reply', reply: { status: 500 } });
    await catchUp.round();
    expect(catchUp.states()[0]?.problem).toMatch(/^unavailable: /);
    await catchUp.round();
    expect(catchUp.states()[0]?.problem).toBeNull();
  });
});

describe('a silence that is over', () => {
  test('what still fires is taken in again, once', async () => {
    const intake = intakeOf(sourceOf('production', {}));
    const endsAt = new Date(Date.now() + MINUTE_MS).toISOString();
    const at = new Date().toISOString();
    await stores.api().silences.put({
      ...{ id: 'quiet', matchers: [{ name: 'alertname', operator: '=', value: 'Quiet' }] },
      ...{ startsAt: at, endsAt, owner: 'ml', reason: 'x', createdBy: 'mona', channel: 'cli' },
      createdAt: at,
    });
    const raw = Buffer.from('{}');
    const alert = {
      ...{
        source: 'events',
        status: 'firing' as const,
        fingerprint: 'f'.repeat(64),
        startsAt: at,
        endsAt: null,
      },
      ...{ title: 'Quiet', labels: { alertname: 'Quiet' }, annotations: {}, details: {} },
    } as const;
    const incoming = { alert, dedupeKey: 'quiet' };
    await stores.api().alerts.accept([
      {
        ...{ source: 'events', contentType: 'application/json', headers: {}, raw, receivedAt: at },
        alerts: [{ kind: 'alert', incoming, routing: routing('Quiet') }],
      },
    ]);
    expect(await incidentsNamed('Quiet')).toBe(0);
    expect(await readmit(stores.api(), intake, new Date())).toBe(0);
    const later = new Date(Date.now() + 2 * MINUTE_MS);
    expect(await readmit(stores.api(), intake, later)).toBe(1);
    expect(await incidentsNamed('Quiet')).toBe(1);
    expect(await readmit(stores.api(), intake, later)).toBe(0);
  });
});
