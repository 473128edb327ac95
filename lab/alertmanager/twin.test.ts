// Goal: receivers are told what Alertmanager tells, when it tells it, and refusals are handled as it handles them.
// Method: a receiver on loopback that keeps every notification and answers what the test chooses.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createFaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  createAlertmanagerTwin,
  type AlertmanagerTwin,
  type AlertmanagerTwinOptions,
} from './twin.ts';

const notification = z.object({
  version: z.literal('4'),
  status: z.string(),
  groupKey: z.string(),
  truncatedAlerts: z.number(),
  groupLabels: z.record(z.string(), z.string()),
  commonLabels: z.record(z.string(), z.string()),
  alerts: z.array(
    z.object({
      status: z.string(),
      startsAt: z.string(),
      endsAt: z.string(),
      fingerprint: z.string(),
    }),
  ),
});
type Notification = z.infer<typeof notification>;

let receiver: Twin;
let told: Notification[];
let answers: number[];
let authorizations: (string | undefined)[];
const twins: AlertmanagerTwin[] = [];

beforeEach(async () => {
  told = [];
  answers = [];
  authorizations = [];
  receiver = await startTwin({
    name: 'receiver',
    faults: createFaultPlan(),
    handler: (request) => {
      authorizations.push(request.headers.authorization);
      told.push(notification.parse(JSON.parse(request.body.toString('utf8'))));
      return { status: answers.shift() ?? 202 };
    },
  });
});
afterEach(async () => {
  for (const twin of twins.splice(0)) await twin.close();
  await receiver.close();
});

async function start(options: Partial<AlertmanagerTwinOptions> = {}): Promise<AlertmanagerTwin> {
  const twin = await createAlertmanagerTwin({
    receivers: [{ url: `${receiver.url}/hook`, bearerToken: 'token' }],
    groupWaitMs: 5,
    groupIntervalMs: 20,
    retryScale: 0.01,
    ...options,
  });
  twins.push(twin);
  return twin;
}

async function post(twin: AlertmanagerTwin, alerts: unknown): Promise<number> {
  const response = await fetch(`${twin.url}/api/v2/alerts`, {
    method: 'POST',
    body: JSON.stringify(alerts),
  });
  return response.status;
}

/** Waits, on the event loop, until so many notifications came. */
async function toldTimes(count: number): Promise<readonly Notification[]> {
  while (told.length < count) await new Promise((resolve) => setImmediate(resolve));
  return told;
}

const LABELS = { alertname: 'ModelDrift', model: 'fraud-scorer', version: '7' };

describe('notifications', () => {
  test('tell firing once and resolved once, in the format of version 4', async () => {
    const twin = await start();
    await post(twin, [{ labels: LABELS, annotations: { summary: 'x' } }]);
    const [firing] = await toldTimes(1);
    expect(firing).toMatchObject({
      status: 'firing',
      groupKey: '{}:{alertname="ModelDrift", model="fraud-scorer"}',
      groupLabels: { alertname: 'ModelDrift', model: 'fraud-scorer' },
      commonLabels: LABELS,
      truncatedAlerts: 0,
      alerts: [
        { status: 'firing', endsAt: '0001-01-01T00:00:00Z', fingerprint: fingerprintOf(LABELS) },
      ],
    });
    // Sent again, it is no news.
    await post(twin, [{ labels: LABELS }]);
    const endsAt = new Date().toISOString();
    await post(twin, [{ labels: LABELS, endsAt }]);
    const [, resolved] = await toldTimes(2);
    expect(resolved).toMatchObject({
      status: 'resolved',
      // A resolve without a beginning goes on from that of the firing.
      alerts: [
        {
          status: 'resolved',
          startsAt: firing?.alerts[0]?.startsAt,
          endsAt,
          fingerprint: fingerprintOf(LABELS),
        },
      ],
    });
    expect(authorizations).toEqual(['Bearer token', 'Bearer token']);
    expect(await (await fetch(`${twin.url}/api/v2/alerts`)).json()).toEqual([]);
  });

  test('group by labels and count what a limit cuts', async () => {
    const twin = await start({ alertsMax: 2 });
    const alerts = ['a', 'b', 'c'].map((pod) => ({ labels: { ...LABELS, pod } }));
    await post(twin, [...alerts, { labels: { alertname: 'Other' } }]);
    const sizes = (await toldTimes(2)).map((one) => [one.alerts.length, one.truncatedAlerts]);
    expect(sizes.sort()).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  test('repeat what still fires', async () => {
    const twin = await start({ repeatIntervalMs: 40 });
    await post(twin, [{ labels: LABELS }]);
    const many = await toldTimes(3);
    expect(new Set(many.map((one) => one.alerts[0]?.startsAt)).size).toBe(1);
  });

  test('an alert that nobody sends again is resolved', async () => {
    const twin = await start({ resolveTimeoutMs: 60 });
    await post(twin, [{ labels: LABELS }]);
    const statuses = (await toldTimes(2)).map((one) => one.status);
    expect(statuses).toEqual(['firing', 'resolved']);
  });
});

describe('refusals', () => {
  test.each([[[503, 500]], [[502]]])('%j is retried within the round', async (given) => {
    answers.push(...given);
    const twin = await start({ groupIntervalMs: 3_600_000 });
    await post(twin, [{ labels: LABELS }]);
    await toldTimes(given.length + 1);
    while (twin.deliveries.length <= given.length)
      await new Promise((resolve) => setImmediate(resolve));
    expect(twin.deliveries).toEqual([...given, 202]);
  });

  test.each([400, 429])('%i is not retried, but told again in the next round', async (status) => {
    answers.push(status);
    const began = Date.now();
    const twin = await start({ groupIntervalMs: 150 });
    await post(twin, [{ labels: LABELS }]);
    await toldTimes(2);
    expect(Date.now() - began).toBeGreaterThanOrEqual(150);
  });

  test.each([
    [{}],
    ['text'],
    [[{ labels: {} }]],
    [[{ labels: { 'not-a-name': 'x' } }]],
    [[{ labels: LABELS, endsAt: 'soon' }]],
  ])('the body %j is 400', async (body) => {
    const twin = await start();
    expect(await post(twin, body)).toBe(400);
    expect(twin.ledger.some((entry) => entry.changed)).toBe(false);
  });
});

describe('fingerprints', () => {
  // Vectors of the published tests of Prometheus' own library.
  test.each([
    [{}, 14695981039346656037n],
    [{ name: 'garland, briggs', fear: 'love is not enough' }, 5799056148416392346n],
  ])('%j', (labels, fingerprint) => {
    expect(fingerprintOf(labels)).toBe(fingerprint.toString(16).padStart(16, '0'));
  });
});
