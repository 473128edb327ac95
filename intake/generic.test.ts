// Goal: a mapping turns any JSON into alerts; what does not fit is quarantined or refused. Method: one mapping, good and bad
// payloads.
import { describe, expect, test } from '@jest/globals';
import { compileMapping } from './generic.ts';
import { request } from './sample-request.ts';

describe('generic', () => {
  const mapping = {
    alerts: 'body.items',
    status: "item.state == 'ok' ? 'resolved' : 'firing'",
    startsAt: 'item.since',
    endsAt: null,
    title: "'Drift of ' + item.model",
    labels: "{'model': item.model, 'window': item.window}",
    annotations: null,
  };
  const item = { state: 'bad', since: '2026-11-20T02:00:00Z', model: 'm', window: 7 };

  test('maps elements, numbers in labels becoming text', () => {
    const { alerts } = compileMapping(mapping).read(request({ items: [item] }));
    expect(alerts[0]?.alert).toMatchObject({
      title: 'Drift of m',
      labels: { model: 'm', window: '7' },
      status: 'firing',
      details: { item },
    });
  });

  test('an element that does not fit is quarantined', () => {
    const { alerts, quarantined } = compileMapping(mapping).read(
      request({ items: [{ model: 'm' }, item, 'x'] }),
    );
    expect(alerts).toHaveLength(1);
    expect(quarantined.map(({ field }) => field)).toEqual(['alerts[0].status', 'alerts[2].status']);
  });

  test('a payload that does not fit is refused', () => {
    const { read } = compileMapping(mapping);
    expect(() => read(request({}))).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'alerts' }),
    );
    expect(() => read(request({ items: 'x' }))).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'alerts' }),
    );
  });

  test('a mapping that does not type-check is refused', () => {
    expect(() => compileMapping({ ...mapping, title: 'nobody' })).toThrow(
      expect.objectContaining({ field: 'mapping.title' }),
    );
  });
});
