// Goal: a probe's number is the server's number, and what is missing or no number is never read as zero.
// Method: the connector against the Prometheus twin that scrapes a page; error bodies by fault.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { createFaultPlan } from '../../lab/fault.ts';
import { createPrometheusTwin, type PrometheusTwin } from '../../lab/prometheus/twin.ts';
import { startTwin, type Twin } from '../../lab/twin.ts';
import type { Connector, ProbeReply } from '../connector.ts';
import { failureOf, probeOf, readingContext } from '../test-connector.ts';
import { create } from './index.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const PAGE = 'score{version="6"} 0.04\nscore{version="7"} 0.71\nbroken NaN\nendless +Inf\n';
const TOKEN = 'canary-token';

let page: Twin;
let twin: PrometheusTwin;
let prometheus: Connector;

beforeEach(async () => {
  page = await startTwin({
    name: 'page',
    faults: createFaultPlan(),
    handler: () => ({ status: 200, body: PAGE }),
  });
  twin = await createPrometheusTwin({
    targets: [{ url: page.url, job: 'serving', labels: { instance: 'i' } }],
    scrapeIntervalMs: 3_600_000,
    token: TOKEN,
    now: () => new Date(NOW),
  });
  await twin.scrape();
  prometheus = create({ url: twin.url, token: TOKEN });
});
afterEach(async () => {
  await prometheus.close();
  await twin.close();
  await page.close();
});

const context = readingContext({ now: () => new Date(NOW) });

function read(probe: string, input: Json): Promise<ProbeReply> {
  return probeOf(prometheus, probe).read(input, context);
}

describe('query', () => {
  test.each([
    ['score{version="7"}', 1, 0.71],
    ['max(score)', 1, 0.71],
    ['score', 2, null],
    ['nothing', 0, null],
    ['broken', 1, null],
    ['endless', 1, null],
    ['40 + 2', 1, 42],
    ['sum(nothing) or vector(0)', 1, 0],
  ])('%s has %i samples and the value %j', async (query, count, value) => {
    const reply = await read('query', { query });
    expect(reply.value).toMatchObject({ samples: { length: count }, value });
    expect(reply.truncated).toBe(false);
  });

  test('samples carry their labels', async () => {
    const { value } = await read('query', { query: 'score', time: '2026-11-20T13:02:00+01:00' });
    expect(value).toMatchObject({
      samples: [
        { labels: { version: '6', job: 'serving' }, value: 0.04 },
        { labels: { version: '7', job: 'serving' }, value: 0.71 },
      ],
    });
    const before = await read('query', { query: 'score', time: '2026-11-20T11:59:59Z' });
    expect(before.value).toEqual({ samples: [], value: null });
  });

  test.each(['score[5m]', 'score{', '"text"'])('%j is invalid', async (query) => {
    expect((await failureOf(read('query', { query }))).code).toBe('invalid');
  });
});

describe('range', () => {
  const window = { from: '2026-11-20T11:59:50Z', to: '2026-11-20T12:00:10Z', stepSeconds: 5 };

  test('gives points by series and the whole answer as evidence', async () => {
    const { value, evidence } = await read('range', { query: 'score{version="7"}', ...window });
    expect(value).toMatchObject({
      series: [
        {
          labels: { version: '7' },
          points: [0, 5, 10].map((seconds) => [NOW / 1000 + seconds, 0.71]),
        },
      ],
    });
    expect(Buffer.from(evidence?.bytes ?? []).toString('utf8')).toContain('"stepSeconds": 5');
  });

  test.each([
    [{ ...window, stepSeconds: 0 }],
    [{ ...window, to: '2026-11-20T11:00:00Z' }],
    [{ ...window, from: '2020-11-20T11:00:00Z' }],
  ])('%j is invalid before any call', async (wrong) => {
    const asked = Promise.resolve().then(() => read('range', { query: 'score', ...wrong }));
    expect((await failureOf(asked)).code).toBe('invalid');
    expect(twin.ledger).toHaveLength(0);
  });
});

describe('errors', () => {
  test.each<readonly [status: number, errorType: string, code: ErrorCode]>([
    [400, 'bad_data', 'invalid'],
    [422, 'execution', 'invalid'],
    [503, 'timeout', 'unavailable'],
    [503, 'canceled', 'unavailable'],
    [500, 'internal', 'unavailable'],
    [404, 'not_found', 'not_found'],
  ])('%i %s is %s', async (status, errorType, code) => {
    const body = { status: 'error', errorType, error: `no ${TOKEN}` };
    twin.faults.add({ kind: 'reply', reply: { status, body } });
    const error = await failureOf(read('query', { query: 'score' }));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain(TOKEN);
  });

  test('a page without the query API is unsupported', async () => {
    const lost = create({ url: `${twin.url}/prefix`, token: TOKEN });
    const error = await failureOf(
      Promise.resolve(lost.probes['query']?.read({ query: 'score' }, context)),
    );
    await lost.close();
    expect(error.code).toBe('unsupported');
  });

  test('health names the version, or the missing right', async () => {
    const { signal } = new AbortController();
    expect(await prometheus.health(signal)).toMatchObject({ reachable: true, version: '3.5.0' });
    const stranger = create({ url: twin.url });
    expect(await stranger.health(signal)).toMatchObject({ missing: ['queries'] });
    await stranger.close();
  });
});
