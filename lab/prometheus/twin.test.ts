// Goal: what a target shows is what queries see, from the next scrape on; a target that is gone turns stale.
// Method: real pages on loopback, scrapes asked for by the test.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';
import { parseExposition } from './exposition.ts';
import { createPrometheusTwin, type PrometheusTwin } from './twin.ts';

let page: Twin;
let text: string;
let twin: PrometheusTwin;
let clock: number;

beforeEach(async () => {
  clock = Date.parse('2026-11-20T12:00:00Z');
  page = await startTwin({
    name: 'page',
    faults: createFaultPlan(),
    handler: () => ({ status: 200, body: text }),
  });
  twin = await createPrometheusTwin({
    scrapeIntervalMs: 3_600_000,
    targets: [{ url: `${page.url}/metrics`, job: 'serving', labels: { instance: 'i' } }],
    now: () => new Date(clock),
  });
});
afterEach(async () => {
  await twin.close();
  await page.close();
});

async function query(expression: string, method = 'GET'): Promise<unknown> {
  const form = new URLSearchParams({ query: expression });
  const response =
    method === 'GET'
      ? await fetch(`${twin.url}/api/v1/query?${form.toString()}`)
      : await fetch(`${twin.url}/api/v1/query`, { method, body: form });
  const body: unknown = await response.json();
  return body;
}

function values(
  ...expected: readonly (readonly [Readonly<Record<string, string>>, string])[]
): unknown {
  const result = expected.map(([metric, value]) => ({ metric, value: [clock / 1000, value] }));
  return { status: 'success', data: { resultType: 'vector', result } };
}

describe('scraping', () => {
  test('labels come from the target; what they hide is kept apart', async () => {
    text = '# HELP score x\n# TYPE score gauge\nscore{job="own",model="a\\"b\\n"} 0.25 1\n';
    await twin.scrape();
    const labels = {
      __name__: 'score',
      exported_job: 'own',
      instance: 'i',
      job: 'serving',
      model: 'a"b\n',
    };
    expect(await query('score')).toEqual(values([labels, '0.25']));
    expect(await query('score', 'POST')).toEqual(values([labels, '0.25']));
    expect(await query('up')).toEqual(
      values([{ __name__: 'up', instance: 'i', job: 'serving' }, '1']),
    );
  });

  test('a series that goes away is stale, and a broken page takes its target down', async () => {
    text = 'score{v="6"} 1\nscore{v="7"} 2\n';
    await twin.scrape();
    clock += 1_000;
    text = 'score{v="6"} 1\n';
    await twin.scrape();
    expect(await query('count(score)')).toEqual(values([{}, '1']));
    clock += 1_000;
    text = 'score{v="6" 1\n';
    await twin.scrape();
    expect(await query('score or up')).toEqual(
      values([{ __name__: 'up', instance: 'i', job: 'serving' }, '0']),
    );
  });

  test('targets may be added later', async () => {
    text = 'score 1\n';
    twin.addTarget({ url: `${page.url}/other`, job: 'second' });
    await twin.scrape();
    expect(await query('count(score)')).toEqual(values([{}, '2']));
  });

  test('runs by itself as well', async () => {
    text = 'score 1\n';
    const own = await createPrometheusTwin({
      scrapeIntervalMs: 5,
      targets: [{ url: `${page.url}/metrics`, job: 'serving' }],
    });
    while (page.ledger.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await own.close();
    expect(page.ledger.length).toBeGreaterThanOrEqual(3);
  });
});

describe('routes', () => {
  test.each([
    ['/-/healthy', 200],
    ['/-/ready', 200],
    ['/api/v1/status/buildinfo', 200],
    ['/api/v1/nothing', 404],
  ])('%s is %i', async (path, status) => {
    expect((await fetch(`${twin.url}${path}`)).status).toBe(status);
  });

  test('a token may be asked for', async () => {
    const guarded = await createPrometheusTwin({ token: 't' });
    const url = `${guarded.url}/api/v1/query?query=1`;
    const refused = (await fetch(url)).status;
    const taken = (await fetch(url, { headers: { authorization: 'Bearer t' } })).status;
    await guarded.close();
    expect([refused, taken]).toEqual([401, 200]);
  });
});

test('any label value survives the text format', () => {
  fc.assert(
    fc.property(fc.string(), fc.double(), (value, number) => {
      const escaped = value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
      const shown = Number.isNaN(number) ? 'NaN' : number.toString().replace('Infinity', 'Inf');
      const [sample] = parseExposition(`m{l="${escaped}"} ${shown}\n`);
      expect(sample).toEqual({
        labels: { __name__: 'm', l: value },
        value: number === 0 ? Number(shown) : number,
      });
    }),
  );
});
