// Goal: the twin refuses and answers as Loki does, in status and wording.
// Method: plain HTTP requests, one table of requests and answers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLokiTwin, type LokiTwin } from './twin.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const NOW_NS = BigInt(NOW.getTime()) * 1_000_000n;

let twin: LokiTwin;
beforeAll(async () => {
  twin = await createLokiTwin({ now: () => NOW });
});
afterAll(async () => {
  await twin.close();
});

function push(streams: unknown): Promise<Response> {
  return fetch(`${twin.url}/loki/api/v1/push`, {
    method: 'POST',
    body: JSON.stringify({ streams }),
  });
}

function get(path: string, query: Record<string, string> = {}): Promise<Response> {
  return fetch(`${twin.url}/loki/api/v1/${path}?${new URLSearchParams(query).toString()}`);
}

describe('loki twin', () => {
  test('drops exact duplicates and splits streams by level and metadata', async () => {
    const time = NOW_NS.toString();
    const stream = { app: 'a', pod: 'p' };
    const values = [
      [time, 'level=info ok'],
      [time, 'level=info ok'],
      [time, 'level=error bad'],
      [time, 'level=info ok', { trace: '1' }],
    ];
    expect((await push([{ stream, values }])).status).toBe(204);
    const changed = twin.ledger.length;
    await push([{ stream, values }]);
    expect(twin.ledger[changed]?.changed).toBe(false);
    const reply = await get('query_range', {
      query: '{app="a"}',
      end: (NOW_NS + 1n).toString(),
      direction: 'forward',
    });
    expect(await reply.json()).toMatchObject({
      status: 'success',
      data: {
        resultType: 'streams',
        result: [
          { stream: { ...stream, detected_level: 'info' } },
          { stream: { ...stream, detected_level: 'error' } },
          { stream: { ...stream, detected_level: 'info', trace: '1' } },
        ],
      },
    });
    expect(await (await get('labels', { end: (NOW_NS + 1n).toString() })).json()).toEqual({
      status: 'success',
      data: ['app', 'pod'],
    });
    expect(
      await (await get('label/app/values', { end: (NOW_NS + 1n).toString() })).json(),
    ).toMatchObject({
      data: ['a'],
    });
  });

  test.each([
    ['{app="sel-1"}', ['sel-1']],
    ['{app=~"sel-.", app!="sel-2"}', ['sel-1', 'sel-3']],
    ['{app=~"sel-.", app!~".*-[12]"}', ['sel-3']],
    ['{app=~"sel-.", pod=""}', ['sel-1', 'sel-2', 'sel-3']],
    ['{app=~"sel-."} |= "2"', ['sel-2']],
    ['{app=~"sel-."} != "2" != `3`', ['sel-1']],
    ['{app=~"sel-."} |~ "[23]$"', ['sel-2', 'sel-3']],
    ['{app=~"sel-."} !~ "[23]$"', ['sel-1']],
  ])('%s selects', async (query, lines) => {
    for (const app of ['sel-1', 'sel-2', 'sel-3']) {
      await push([{ stream: { app }, values: [[NOW_NS.toString(), app]] }]);
    }
    const reply = await get('query_range', { query, end: (NOW_NS + 1n).toString() });
    const text = await reply.text();
    expect(lines.every((line) => text.includes(`"${line}"]`))).toBe(true);
    expect(text.match(/"\d{19}"/g)).toHaveLength(lines.length);
  });

  test.each([
    [{ query: '{}' }, 'at least one regexp or equality matcher'],
    [{ query: '{app=~".*"}' }, 'at least one regexp or equality matcher'],
    [{ query: '{app="a"' }, 'parse error'],
    [{ query: '{app="a} ' }, 'literal not terminated'],
    [{ query: '{app=~"("}' }, 'error parsing regexp'],
    [{ query: '{app="a"} | json' }, 'parse error'],
    [{ query: '{app="a"}', limit: '5001' }, 'max entries limit per query exceeded'],
    [{ query: '{app="a"}', limit: '0' }, 'limit must be a positive value'],
    [{ query: '{app="a"}', start: '2', end: '1' }, 'end timestamp must not be before'],
    [
      { query: '{app="a"}', start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' },
      'exceeds the limit',
    ],
    [{ query: '{app="a"}', start: 'soon' }, 'could not parse'],
  ])('refuses %j with 400 in plain text', async (query, words) => {
    const reply = await get('query_range', query);
    expect(reply.status).toBe(400);
    expect(reply.headers.get('content-type')).toContain('text/plain');
    expect(await reply.text()).toContain(words);
  });

  test.each([
    [[{ stream: { app: 'a' }, values: [['1', 'old']] }], 400, 'too old'],
    [[{ stream: { app: 'a' }, values: [[(NOW_NS * 2n).toString(), 'new']] }], 400, 'too new'],
    [[{ stream: { app: 'a' }, values: [[1, 'a number']] }], 400, 'PushRequest'],
    [[], 422, 'at least one valid stream'],
    ['nothing', 400, 'PushRequest'],
  ])('refuses to take %j', async (streams, status, words) => {
    const reply = await push(streams);
    expect(reply.status).toBe(status);
    expect(await reply.text()).toContain(words);
  });

  test('asks for a tenant when it has several, and keeps them apart', async () => {
    const several = await createLokiTwin({ multiTenant: true, oldestMs: null });
    try {
      const url = `${several.url}/loki/api/v1/push`;
      const body = JSON.stringify({ streams: [{ stream: { app: 'a' }, values: [['1', 'x']] }] });
      const refused = await fetch(url, { method: 'POST', body });
      expect([refused.status, await refused.text()]).toEqual([401, 'no org id\n']);
      await fetch(url, { method: 'POST', body, headers: { 'x-scope-orgid': 'one' } });
      expect([several.lines('one').length, several.lines('two').length]).toEqual([1, 0]);
    } finally {
      await several.close();
    }
  });
});
