// Goal: webhooks of Alertmanager become alerts; bad alerts are quarantined, unreadable envelopes refused. Method: captured
// requests, then tables of family D of the bad-input corpus.
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../domain/json.ts';
import { readAlertmanager } from './alertmanager.ts';
import type { IntakeResult } from './element.ts';
import { fixture, request } from './sample-request.ts';

const ALERT = {
  status: 'firing',
  labels: { alertname: 'Drift', model: 'm' },
  annotations: { summary: 'It drifts' },
  startsAt: '2026-11-20T02:00:00.5Z',
  endsAt: '0001-01-01T00:00:00Z',
  fingerprint: 'abc',
};

function alertmanager(...alerts: readonly unknown[]): IntakeResult {
  return readAlertmanager(request({ version: '4', status: 'firing', alerts }));
}

describe('Alertmanager', () => {
  test('captured requests', async () => {
    const multi = readAlertmanager(request(await fixture('alertmanager-2020-multi.json')));
    expect(multi.quarantined).toEqual([]);
    expect(multi.alerts.length).toBeGreaterThan(1);
    const [first] = multi.alerts;
    expect(first?.alert).toMatchObject({
      status: 'firing',
      endsAt: null,
      startsAt: '2020-10-11T14:34:11.279383004Z',
    });
    const old = readAlertmanager(request(await fixture('alertmanager-v4-2018-single.json')));
    expect(old.alerts).toHaveLength(1);
  });

  test('an alert in our words', () => {
    const { alerts } = alertmanager(ALERT);
    expect(alerts[0]?.alert).toEqual({
      source: 'test',
      status: 'firing',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      startsAt: '2026-11-20T02:00:00.5Z',
      endsAt: null,
      title: 'It drifts',
      labels: { alertname: 'Drift', model: 'm' },
      annotations: { summary: 'It drifts' },
      details: {
        generatorURL: null,
        senderFingerprint: 'abc',
        receiver: null,
        externalURL: null,
        truncatedAlerts: 0,
      },
    });
  });

  test.each<[string, unknown, unknown, boolean]>([
    ['repeat', ALERT, ALERT, true],
    [
      'same time in another zone',
      ALERT,
      { ...ALERT, startsAt: '2026-11-20T04:00:00.500+02:00' },
      true,
    ],
    ['another fingerprint of the sender', ALERT, { ...ALERT, fingerprint: 'x' }, true],
    ['ignored label', ALERT, { ...ALERT, labels: { ...ALERT.labels, pod: 'p' } }, true],
    ['same fingerprint, other labels', ALERT, { ...ALERT, labels: { alertname: 'Other' } }, false],
    ['resolved', ALERT, { ...ALERT, status: 'resolved', endsAt: '2026-11-20T02:10:00Z' }, false],
    ['fired again', ALERT, { ...ALERT, startsAt: '2026-11-20T02:20:00Z' }, false],
  ])('%s has the same dedupe key: %s', (...values) => {
    const [, a, b, same] = values;
    const [first, second] = [alertmanager(a), alertmanager(b)].map(
      ({ alerts }) => alerts[0]?.dedupeKey,
    );
    expect(first).toBeDefined();
    expect(first === second).toBe(same);
  });

  test.each<[string, JsonObject, string]>([
    ['no labels', { labels: {} }, 'alerts[1].labels'],
    ['labels that are a list', { labels: ['a'] }, 'alerts[1].labels'],
    ['a label that is a number', { labels: { a: 1 } }, 'alerts[1].labels.a'],
    ['an empty label name', { labels: { '': 'x' } }, 'alerts[1].labels.'],
    [
      'five hundred labels',
      {
        labels: Object.fromEntries(
          Array.from({ length: 500 }, (_, i) => [`l${i.toString()}`, 'x']),
        ),
      },
      'alerts[1].labels',
    ],
    ['a long label', { labels: { a: 'x'.repeat(9000) } }, 'alerts[1].labels.a'],
    ['NUL', { labels: { a: 'x\u0000y' } }, 'alerts[1].labels.a'],
    ['half a surrogate pair', { annotations: { a: '\ud800' } }, 'alerts[1].annotations.a'],
    ['unknown status', { status: 'maybe' }, 'alerts[1].status'],
    ['no start', { startsAt: null }, 'alerts[1].startsAt'],
    ['start in the year 1', { startsAt: '0001-01-01T00:00:00Z' }, 'alerts[1].startsAt'],
    ['start as number', { startsAt: 1763604000 }, 'alerts[1].startsAt'],
    [
      'end before start',
      { status: 'resolved', endsAt: '2026-11-20T01:00:00Z' },
      'alerts[1].endsAt',
    ],
    ['annotations that are text', { annotations: 'x' }, 'alerts[1].annotations'],
  ])('%s is quarantined, its neighbour accepted', (_title, change, field) => {
    const bad = { ...ALERT, ...change };
    const result = alertmanager(ALERT, bad);
    expect(result.alerts).toHaveLength(1);
    expect(result.quarantined).toEqual([
      {
        source: 'test',
        dedupeKey: expect.stringMatching(/^[0-9a-f]{64}$/),
        problem: expect.any(String),
        field,
      },
    ]);
    expect(alertmanager(bad).quarantined[0]?.dedupeKey).toBe(result.quarantined[0]?.dedupeKey);
  });

  test.each<[string, JsonObject]>([
    ['label names with dots, slashes, emoji', { labels: { 'a.b/c': 'x', '🔥': 'y' } }],
    ['resolved without a real end', { status: 'resolved' }],
    ['the year 9999', { startsAt: '9999-12-31T23:59:59Z' }],
    ['firing with an end ahead', { endsAt: '2026-11-20T09:00:00Z' }],
    ['no annotations', { annotations: null }],
  ])('%s is accepted', (_title, change) => {
    expect(alertmanager({ ...ALERT, ...change }).quarantined).toEqual([]);
  });

  test('a group without alerts is readable and empty; cut alerts are noted', () => {
    expect(alertmanager()).toEqual({ alerts: [], quarantined: [] });
    const cut = readAlertmanager(request({ version: '4', truncatedAlerts: 3, alerts: [ALERT] }));
    expect(cut.alerts[0]?.alert.details).toMatchObject({ truncatedAlerts: 3 });
  });

  test('a long or missing title is cut or made up', () => {
    const titled = (summary: string): string | undefined =>
      alertmanager({ ...ALERT, annotations: { summary } }).alerts[0]?.alert.title;
    expect(titled('x'.repeat(1000))).toHaveLength(300);
    expect(titled(' \n ')).toBe('Drift');
    expect(titled(`${'x'.repeat(299)}😀`)).toHaveLength(300);
  });

  test.each<[string, unknown, string]>([
    ['another version', { version: '1', alerts: [ALERT] }, 'version'],
    ['no version', { alerts: [ALERT] }, 'version'],
    ['alerts as object', { version: '4', alerts: {} }, 'alerts'],
    ['a list', [ALERT], 'body'],
    ['text', 'not json', 'body'],
  ])('%s is refused', (_title, body, field) => {
    expect(() => readAlertmanager(request(body))).toThrow(
      expect.objectContaining({ code: 'invalid', field }),
    );
  });
});
