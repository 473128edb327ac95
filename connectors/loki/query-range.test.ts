// Goal: every line of a window is read exactly once, whatever pages cut; limits say that they cut.
// Method: the connector against the Loki twin, with properties over random timestamps that collide often.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { createFaultPlan } from '../../lab/fault.ts';
import { createLokiTwin, type LokiTwin, type LokiTwinOptions } from '../../lab/loki/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { Connector } from '../connector.ts';
import { readingContext } from '../test-connector.ts';
import { create } from './index.ts';
import { createLokiClient } from './client.ts';
import { logQuery, nanosOf } from './logql.ts';
import { queryRange } from './query-range.ts';

const FROM = '2026-11-20T10:00:00Z';
const TO = '2026-11-20T10:30:00Z';
const BASE = nanosOf(FROM);
const evidenceLine = z.object({ timestamp: z.string(), line: z.string() });

const closers = closersAfterEach();

async function world(
  options: LokiTwinOptions = {},
  config: object = {},
): Promise<{ twin: LokiTwin; loki: Connector }> {
  const twin = await createLokiTwin({ oldestMs: null, ...options });
  closers.push(() => twin.close());
  const loki = create({ url: twin.url, ...config });
  closers.push(() => loki.close());
  return { twin, loki };
}

async function push(
  twin: LokiTwin,
  lines: readonly (readonly [offset: bigint, line: string])[],
  labels: Record<string, string> = { app: 'fraud-scorer' },
): Promise<void> {
  const values = lines.map(([offset, line]) => [(BASE + offset).toString(), line]);
  const response = await fetch(`${twin.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-scope-orgid': 'fake' },
    body: JSON.stringify({ streams: [{ stream: labels, values }] }),
  });
  expect(response.status).toBe(204);
}

async function read(
  loki: Connector,
  input: object,
): Promise<{ value: unknown; lines: string[]; truncated: boolean }> {
  const probe = loki.probes['query-range'];
  const reply = await probe?.read(
    { labels: { app: 'fraud-scorer' }, from: FROM, to: TO, ...input },
    readingContext(),
  );
  const text = Buffer.from(reply?.evidence?.bytes ?? []).toString('utf8');
  return {
    value: reply?.value,
    lines: text.split('\n').filter(Boolean),
    truncated: reply?.truncated ?? false,
  };
}

describe('loki query-range', () => {
  test('pages forward with overlap and keeps each line once, also when many share a nanosecond', async () => {
    const { twin, loki } = await world();
    // 12,500 lines, five to a nanosecond: page ends fall inside such groups.
    await push(
      twin,
      Array.from({ length: 12_500 }, (_, index) => [
        BigInt(Math.floor(index / 5)),
        `line ${index.toString()} info`,
      ]),
    );
    const reply = await read(loki, { limit: 20_000 });
    expect(reply.value).toMatchObject({
      lines: 12_500,
      truncated: false,
      first: BASE.toString(),
      last: (BASE + 2_499n).toString(),
    });
    expect(new Set(reply.lines).size).toBe(12_500);
    expect(
      twin.ledger.filter((entry) => entry.path.includes('query_range')).length,
    ).toBeGreaterThan(2);
  });

  test('says truncated when one nanosecond holds more than a page, and goes on behind it', async () => {
    const { twin, loki } = await world();
    await push(twin, [
      ...Array.from({ length: 5_100 }, (_, index): [bigint, string] => [
        1n,
        `same ${index.toString()}`,
      ]),
      [2n, 'after'],
    ]);
    const reply = await read(loki, { limit: 20_000 });
    expect(reply.truncated).toBe(true);
    expect(reply.lines.at(-1)).toContain('after');
  });

  test('start is inclusive, end exclusive; digits below a millisecond count', async () => {
    const { twin, loki } = await world();
    await push(twin, [
      [0n, 'at start'],
      [1_500n, 'inside'],
      [1_501n, 'at end'],
    ]);
    const reply = await read(loki, { to: '2026-11-20T10:00:00.000001501Z' });
    expect(reply.lines.map((line) => evidenceLine.parse(JSON.parse(line)).line)).toEqual([
      'at start',
      'inside',
    ]);
  });

  test('a limit cuts and says so; exactly the limit does not', async () => {
    const { twin, loki } = await world();
    await push(twin, [
      [0n, 'a'],
      [0n, 'b'],
      [0n, 'c'],
    ]);
    expect(await read(loki, { limit: 2 })).toMatchObject({ truncated: true, value: { lines: 2 } });
    expect(await read(loki, { limit: 3 })).toMatchObject({ truncated: false, value: { lines: 3 } });
  });

  test('no line is a value, not an error', async () => {
    const { loki } = await world();
    expect(await read(loki, {})).toMatchObject({
      truncated: false,
      lines: [],
      value: { lines: 0, first: null, last: null },
    });
  });

  test.each(['"} or {a="', '\\', '`', '\n', '{}', '\u0000', '…"', '${1}', '"|= ""'])(
    'label value and text %j only ever match themselves',
    async (hostile) => {
      const { twin, loki } = await world();
      await push(twin, [[0n, `has ${hostile} inside`]], { app: hostile });
      await push(twin, [[0n, 'secret of another']], { app: 'other' });
      const found = await read(loki, { labels: { app: hostile }, contains: hostile });
      expect(found.value).toMatchObject({ lines: 1 });
      expect(
        (await read(loki, { labels: { app: 'other' }, contains: hostile })).value,
      ).toMatchObject({ lines: 0 });
    },
  );

  test.each([
    [{ labels: {} }, 'with.labels'],
    [{ labels: { 'a-b': 'c' } }, 'with.labels.a-b'],
    [{ from: TO, to: FROM }, 'with.to'],
    [{ from: 'yesterday' }, 'with.from'],
    [{ limit: 50_001 }, 'with.limit'],
  ])('refuses %j', async (input, field) => {
    const { loki } = await world();
    await expect(read(loki, input)).rejects.toMatchObject({ code: 'invalid', field });
  });

  test('the tenant goes along; without it the refusal is unauthorized', async () => {
    const { twin, loki } = await world({ multiTenant: true }, { tenant: 'fake' });
    await push(twin, [[0n, 'mine']]);
    expect((await read(loki, {})).value).toMatchObject({ lines: 1 });
    const stranger = create({ url: twin.url });
    closers.push(() => stranger.close());
    await expect(read(stranger, {})).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test.each([
    [{ status: 400, body: 'parse error at line 1' }, 'invalid'],
    [{ status: 429, body: 'slow down', headers: { 'retry-after': '7' } }, 'rate_limited'],
    [{ status: 499, body: 'context canceled' }, 'unavailable'],
    [{ status: 503, body: '' }, 'unavailable'],
    [{ status: 200, body: 'not json' }, 'bad_reply'],
    [
      { status: 200, body: { status: 'success', data: { resultType: 'matrix', result: [] } } },
      'bad_reply',
    ],
  ])('answer %j becomes %s', async (reply, code) => {
    const faults = createFaultPlan();
    faults.add({ kind: 'reply', reply });
    const { loki } = await world({ faults });
    await expect(read(loki, {})).rejects.toMatchObject({ code });
  });

  test('a page too large to be read is asked for in halves', async () => {
    const asked: number[] = [];
    const client = createLokiClient({ url: 'http://127.0.0.1:1' });
    closers.push(() => client.close());
    const probe = queryRange({
      ...client,
      queryRange: (page) => {
        asked.push(page.limit);
        if (page.limit > 3) return Promise.reject(new AppError('too_large', 'too large'));
        const at = [0n, 1n, 2n, 3n, 4n]
          .map((offset) => BASE + offset)
          .filter((time) => time >= page.start);
        return Promise.resolve(
          at.slice(0, page.limit).map((time) => ({ time, labels: {}, line: time.toString() })),
        );
      },
    });
    const reply = await probe.read(
      { labels: { app: 'x' }, from: FROM, to: TO, limit: 10 },
      readingContext(),
    );
    expect(reply.value).toMatchObject({ lines: 5, truncated: false });
    expect(asked.slice(0, 3)).toEqual([11, 6, 3]);
  });

  test('property: the lines read are exactly the lines there, in order of time', async () => {
    const { twin, loki } = await world({ entriesMax: 5_000 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 4n }), fc.string({ maxLength: 3 })), {
          maxLength: 40,
        }),
        async (lines) => {
          run += 1;
          const app = `run-${run.toString()}`;
          if (lines.length > 0) await push(twin, lines, { app });
          const reply = await read(loki, { labels: { app } });
          const expected = new Set(lines.map(([offset, line]) => `${offset.toString()} ${line}`));
          const got = reply.lines.map((text) => evidenceLine.parse(JSON.parse(text)));
          expect(
            new Set(
              got.map(({ timestamp, line }) => `${(BigInt(timestamp) - BASE).toString()} ${line}`),
            ),
          ).toEqual(expected);
          expect(got.length).toBe(expected.size);
          expect(got.map((line) => line.timestamp)).toEqual(
            got.map((line) => line.timestamp).sort(),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test('health names the version, and what is missing', async () => {
    const { twin } = await world({ token: 'right' });
    const good = create({ url: twin.url, token: 'right' });
    closers.push(() => good.close());
    expect(await good.health(new AbortController().signal)).toEqual({
      reachable: true,
      version: '3.7.8',
      missing: [],
      clockSkewMs: expect.any(Number),
      problem: null,
    });
    const bad = create({ url: twin.url, token: 'wrong' });
    closers.push(() => bad.close());
    expect(await bad.health(new AbortController().signal)).toMatchObject({
      reachable: true,
      missing: ['logs:read'],
    });
  });
});

describe('logQuery', () => {
  test('property: whatever the values, the query is one selector of quoted literals', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const query = logQuery({ labels: { app: value } });
        expect(JSON.parse(query.slice('{app='.length, -1))).toBe(value);
      }),
    );
  });

  test('refuses text that is not Unicode', () => {
    expect(() => logQuery({ labels: { app: '\ud800' } })).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});
