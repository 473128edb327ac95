// Goal: CloudEvents in all three HTTP modes become the same alerts; bad events are quarantined, what is no event refused.
// Method: the examples of the specification, then tables of changes to one good event.
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../domain/json.ts';
import { readCloudEvents } from './cloudevents.ts';
import type { IntakeRequest } from './element.ts';
import { RECEIVED, fixture, request } from './sample-request.ts';

describe('CloudEvents', () => {
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  const batch = { 'content-type': 'application/cloudevents-batch+json' };
  const event = {
    specversion: '1.0',
    id: '1',
    source: '/monitor',
    type: 'drift.detected',
    time: '2026-11-20T02:00:00Z',
    data: { labels: { model: 'm' }, n: 1 },
  };

  test('the examples of the specification', async () => {
    for (const number of ['01', '02', '03']) {
      const result = readCloudEvents(
        request(await fixture(`cloudevents-json-${number}.json`), structured),
      );
      expect(result.quarantined).toEqual([]);
      expect(result.alerts[0]?.alert).toMatchObject({
        status: 'firing',
        startsAt: '2018-04-05T17:31:00Z',
        labels: { ce_type: 'com.example.someevent', ce_source: '/mycontext' },
      });
    }
    expect(
      readCloudEvents(request(await fixture('cloudevents-json-07.json'), batch)).alerts,
    ).toHaveLength(2);
  });

  test('binary, structured and batch give the same alert', () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/monitor',
      'ce-type': 'drift.detected',
      'ce-time': '2026-11-20T02:00:00Z',
    };
    const [binary] = readCloudEvents(request(event.data, headers)).alerts;
    const [single] = readCloudEvents(request(event, structured)).alerts;
    const [many] = readCloudEvents(request([event], batch)).alerts;
    expect(binary).toEqual(single);
    expect(many).toEqual(single);
  });

  test('identity is source and id, whatever the rest says', () => {
    const key = (change: JsonObject): string | undefined =>
      readCloudEvents(request({ ...event, ...change }, structured)).alerts[0]?.dedupeKey;
    expect(key({ time: '2026-11-20T02:00:01Z' })).toBe(key({}));
    expect(key({ id: '2' })).not.toBe(key({}));
    expect(key({ source: '/other' })).not.toBe(key({}));
  });

  test('time, title and end come from data, event or receipt', () => {
    const data = {
      labels: { a: 'b' },
      status: 'resolved',
      title: 'Over',
      endsAt: '2026-11-20T04:00:00Z',
    };
    const [ended] = readCloudEvents(request({ ...event, data }, structured)).alerts;
    expect(ended?.alert).toMatchObject({
      status: 'resolved',
      title: 'Over',
      endsAt: '2026-11-20T04:00:00Z',
    });
    const [timeless] = readCloudEvents(request({ ...event, time: null }, structured)).alerts;
    expect(timeless?.alert.startsAt).toBe(RECEIVED);
    const [typed] = readCloudEvents(
      request({ ...event, type: 'drift.resolved' }, structured),
    ).alerts;
    expect(typed?.alert.status).toBe('resolved');
  });

  test('percent-encoded headers are decoded once', () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/m',
      'ce-type': 't',
      'ce-subject': 'Euro%20%E2%82%AC%2525',
    };
    expect(readCloudEvents(request({}, headers)).alerts[0]?.alert.labels).toMatchObject({
      ce_subject: 'Euro €%25',
    });
  });

  test.each<[string, unknown, string]>([
    ['no id', { ...event, id: undefined }, '[1].id'],
    ['number as id', { ...event, id: 5 }, '[1].id'],
    ['empty source', { ...event, source: '' }, '[1].source'],
    ['another version', { ...event, specversion: '0.3' }, '[1].specversion'],
    ['a time that is none', { ...event, time: 'yesterday' }, '[1]'],
    ['an extension with a bad name', { ...event, Bad_Name: 'x' }, '[1]'],
    ['text', 'x', '[1].specversion'],
  ])('%s is quarantined, its neighbour accepted', (_title, bad, field) => {
    const result = readCloudEvents(request([event, bad], batch));
    expect(result.alerts).toHaveLength(1);
    expect(result.quarantined).toMatchObject([{ field }]);
  });

  test.each<[string, unknown, IntakeRequest['headers'], string]>([
    ['no format', event, { 'content-type': 'application/json' }, 'content-type'],
    ['no content type', event, {}, 'content-type'],
    ['a batch that is an object', event, batch, 'body'],
    [
      'data that is not JSON',
      '<x/>',
      { 'content-type': 'text/xml', 'ce-specversion': '1.0' },
      'content-type',
    ],
    ['two content types', event, { 'content-type': ['a', 'b'] }, 'content-type'],
    [
      'bad percent-encoding',
      event,
      { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-subject': '%ff' },
      'ce-subject',
    ],
  ])('%s is refused', (...values) => {
    const [, body, headers, field] = values;
    expect(() => readCloudEvents(request(body, headers))).toThrow(
      expect.objectContaining({ code: 'invalid', field }),
    );
  });
});
