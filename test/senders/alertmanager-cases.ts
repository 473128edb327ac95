import { expect } from '@jest/globals';
import { fingerprintOf } from '../../lab/alertmanager/fingerprint.ts';
import {
  onStage,
  TOKEN,
  type Delivery,
  type Stage,
  type StartSender,
  type Telling,
} from './alertmanager-stage.ts';

/** One thing that every Alertmanager does. */
export interface SenderCase {
  readonly title: string;
  readonly run: (start: StartSender, telling: Telling) => Promise<void>;
}

const MINUTE_MS = 60_000;
const LABELS = { alertname: 'ModelDrift', model: 'fraud-scorer', version: '7' };
const FIRING = {
  labels: LABELS,
  annotations: { summary: 'It drifts' },
  generatorURL: 'http://p/g',
};

function senderCase(
  title: string,
  work: (stage: Stage) => Promise<void>,
  change: (telling: Telling) => Partial<Telling> = () => ({}),
): SenderCase {
  return {
    title,
    run: (start, telling) => onStage(start, { ...telling, ...change(telling) }, work),
  };
}

/** What our intake made of the first alert of a delivery. */
function taken(delivery: Delivery | undefined) {
  return delivery?.intake.alerts[0];
}

function refusalInRound(statuses: readonly number[]): SenderCase {
  return senderCase(
    `${statuses.join(', ')} is retried within the round`,
    async (stage) => {
      stage.answers.push(...statuses);
      const began = Date.now();
      await stage.post([FIRING]);
      const told = await stage.until(statuses.length + 1);
      expect(Date.now() - began).toBeLessThan(stage.telling.groupIntervalMs);
      // A repeat is the same alert to our intake.
      const keys = told.map((one) => taken(one)?.dedupeKey);
      expect(new Set(keys).size).toBe(1);
    },
    () => ({ groupIntervalMs: 60_000 }),
  );
}

function refusalUntilNextRound(status: number): SenderCase {
  return senderCase(`${status.toString()} is told again in the next round only`, async (stage) => {
    stage.answers.push(status);
    await stage.post([FIRING]);
    const [first, second] = await stage.until(2);
    const between = (second?.at ?? 0) - (first?.at ?? 0);
    expect(between).toBeGreaterThanOrEqual(stage.telling.groupIntervalMs * 0.9);
  });
}

function refusedPost(title: string, body: unknown): SenderCase {
  return senderCase(`${title} is 400 and tells nobody`, async (stage) => {
    expect(await stage.post(body)).toBe(400);
    expect(await stage.active()).toEqual([]);
  });
}

/** What twin and real server are both asked. */
export const SENDER_CASES: readonly SenderCase[] = [
  senderCase('firing is told once, resolved once, in the format of version 4', async (stage) => {
    expect(await stage.post([FIRING])).toBe(200);
    const [firing] = await stage.until(1);
    expect(firing?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      contentType: 'application/json',
      agent: 'Alertmanager/0.25.0',
      path: '/hook',
    });
    expect(firing?.told).toMatchObject({
      status: 'firing',
      receiver: 'firebreak',
      groupKey: '{}:{alertname="ModelDrift", model="fraud-scorer"}',
      groupLabels: { alertname: 'ModelDrift', model: 'fraud-scorer' },
      commonLabels: LABELS,
      commonAnnotations: { summary: 'It drifts' },
      truncatedAlerts: 0,
      alerts: [
        {
          ...FIRING,
          status: 'firing',
          endsAt: '0001-01-01T00:00:00Z',
          fingerprint: fingerprintOf(LABELS),
        },
      ],
    });
    expect(taken(firing)?.alert).toMatchObject({ status: 'firing', endsAt: null });
    // Sent again, it is no news.
    await stage.post([FIRING]);
    const endsAt = new Date().toISOString();
    await stage.post([{ labels: LABELS, endsAt }]);
    const [, resolved] = await stage.until(2);
    expect(resolved?.told).toMatchObject({
      status: 'resolved',
      alerts: [{ status: 'resolved', endsAt, fingerprint: fingerprintOf(LABELS) }],
    });
    expect(taken(resolved)?.alert.fingerprint).toBe(taken(firing)?.alert.fingerprint);
    expect(taken(resolved)?.alert.status).toBe('resolved');
    expect(await stage.active()).toEqual([]);
  }),
  senderCase('a resolve without a beginning keeps it', async (stage) => {
    await stage.post([FIRING]);
    const [firing] = await stage.until(1);
    const endsAt = new Date().toISOString();
    await stage.post([{ labels: LABELS, endsAt }]);
    const [, resolved] = await stage.until(2);
    expect(resolved?.told.alerts[0]).toMatchObject({
      startsAt: firing?.told.alerts[0]?.startsAt,
      endsAt,
    });
  }),
  senderCase('a resolve that ends before the beginning moves it', async (stage) => {
    await stage.post([FIRING]);
    const [firing] = await stage.until(1);
    const endsAt = new Date(Date.now() - MINUTE_MS).toISOString();
    await stage.post([{ labels: LABELS, endsAt }]);
    const [, resolved] = await stage.until(2);
    expect(resolved?.told.alerts[0]).toMatchObject({ startsAt: endsAt, endsAt });
    // It is the same alert all the same.
    expect(taken(resolved)?.alert.fingerprint).toBe(taken(firing)?.alert.fingerprint);
  }),
  senderCase(
    'alerts are grouped by labels, and a limit counts what it cuts',
    async (stage) => {
      const alerts = ['a', 'b', 'c'].map((pod) => ({ labels: { ...LABELS, pod } }));
      await stage.post([...alerts, { labels: { alertname: 'Other' } }]);
      const told = await stage.until(2);
      const sizes = told.map(({ told: one }) => [one.alerts.length, one.truncatedAlerts]);
      expect(sizes.sort()).toEqual([
        [1, 0],
        [2, 1],
      ]);
      const other = told.find(({ told: one }) => one.alerts[0]?.labels['alertname'] === 'Other');
      expect(other?.told.groupKey).toBe('{}:{alertname="Other"}');
    },
    () => ({ alertsMax: 2 }),
  ),
  senderCase('a group that grows is told whole', async (stage) => {
    await stage.post([FIRING]);
    await stage.until(1);
    await stage.post([{ labels: { ...LABELS, pod: 'late' } }]);
    const [, second] = await stage.until(2);
    expect(second?.told.alerts).toHaveLength(2);
    expect(second?.told.commonLabels).toEqual(LABELS);
  }),
  senderCase(
    'what still fires is told again, and is no other alert to us',
    async (stage) => {
      await stage.post([FIRING]);
      const told = await stage.until(2);
      expect(new Set(told.map((one) => taken(one)?.dedupeKey)).size).toBe(1);
    },
    ({ groupIntervalMs }) => ({ repeatIntervalMs: groupIntervalMs }),
  ),
  senderCase(
    'an alert that nobody sends again is resolved',
    async (stage) => {
      await stage.post([FIRING]);
      const statuses = (await stage.until(2)).map(({ told }) => told.status);
      expect(statuses).toEqual(['firing', 'resolved']);
    },
    ({ groupIntervalMs }) => ({ resolveTimeoutMs: groupIntervalMs }),
  ),
  refusalInRound([503]),
  refusalInRound([500, 502]),
  refusalUntilNextRound(400),
  refusalUntilNextRound(429),
  refusalUntilNextRound(404),
  refusedPost('an object', {}),
  refusedPost('a text', ['text']),
  refusedPost('an alert without labels', [{ labels: {} }]),
  refusedPost('a label name with a hyphen', [{ labels: { 'not-a-name': 'x' } }]),
  refusedPost('an end that is no time', [{ labels: LABELS, endsAt: 'soon' }]),
];
