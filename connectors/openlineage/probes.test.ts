// Goal: a window of events is read whole or says that it is cut; the graph names nodes and edges.
// Method: the connector against the Marquez twin, errors by planned faults.
import { describe, expect, test } from '@jest/globals';
import { createFaultPlan } from '../../lab/fault.ts';
import { createMarquezTwin, type MarquezTwin } from '../../lab/marquez/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { Connector, ProbeReply } from '../connector.ts';
import { probeOf, readingContext } from '../test-connector.ts';
import { create } from './index.ts';

const AFTER = '2026-11-20T00:00:00Z';
const BEFORE = '2026-11-21T00:00:00Z';

const closers = closersAfterEach();

async function world(): Promise<{ twin: MarquezTwin; connector: Connector }> {
  const twin = await createMarquezTwin({ faults: createFaultPlan() });
  closers.push(() => twin.close());
  const connector = create({ url: twin.url });
  closers.push(() => connector.close());
  return { twin, connector };
}

async function send(twin: MarquezTwin, event: object): Promise<number> {
  const body = JSON.stringify({ producer: 'https://example.test', ...event });
  return (await fetch(`${twin.url}/api/v1/lineage`, { method: 'POST', body })).status;
}

function run(index: number, inputs: readonly string[], outputs: readonly string[]): object {
  const named = (names: readonly string[]): object[] =>
    names.map((name) => ({ namespace: 'warehouse', name }));
  return {
    eventTime: new Date(Date.parse(AFTER) + index * 1_000).toISOString(),
    eventType: 'COMPLETE',
    run: { runId: index.toString() },
    job: { namespace: 'airflow', name: `job-${index.toString()}` },
    inputs: named(inputs),
    outputs: named(outputs),
  };
}

async function read(connector: Connector, probe: string, input: object): Promise<ProbeReply> {
  return probeOf(connector, probe).read({ ...input }, readingContext());
}

describe('openlineage events', () => {
  test('reads all pages of a window, oldest first, as they were sent', async () => {
    const { twin, connector } = await world();
    for (let index = 0; index < 250; index += 1) {
      expect(await send(twin, run(index, ['a'], ['b']))).toBe(201);
    }
    await send(twin, { ...run(0, [], []), eventTime: '2026-11-21T00:00:00Z' });
    const reply = await read(connector, 'events', { after: AFTER, before: BEFORE });
    const lines = Buffer.from(reply.evidence?.bytes ?? [])
      .toString('utf8')
      .trim()
      .split('\n');
    expect(reply).toMatchObject({ truncated: false, value: { events: 250, truncated: false } });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(twin.events.slice(0, 250));
  });

  test('a limit cuts and says so; exactly the limit does not', async () => {
    const { twin, connector } = await world();
    for (let index = 0; index < 3; index += 1) await send(twin, run(index, ['a'], ['b']));
    const window = { after: AFTER, before: BEFORE };
    expect(await read(connector, 'events', { ...window, limit: 2 })).toMatchObject({
      truncated: true,
    });
    expect(await read(connector, 'events', { ...window, limit: 3 })).toMatchObject({
      truncated: false,
    });
  });

  test.each([
    [{ after: BEFORE, before: AFTER }, 'with.before'],
    [{ after: 'soon', before: AFTER }, 'with.after'],
    [{ after: AFTER, before: BEFORE, limit: 5_001 }, 'with.limit'],
  ])('refuses %j', async (input, field) => {
    const { connector } = await world();
    await expect(read(connector, 'events', input)).rejects.toMatchObject({
      code: 'invalid',
      field,
    });
  });

  test.each([
    [{ status: 500, body: '' }, 'unavailable'],
    [{ status: 200, body: { events: 'none' } }, 'bad_reply'],
    [{ status: 302, headers: { location: '/elsewhere' } }, 'bad_reply'],
    [{ status: 401, body: '' }, 'unauthorized'],
  ])('answer %j becomes %s', async (reply, code) => {
    const { twin, connector } = await world();
    twin.faults.add({ kind: 'reply', reply });
    const reading = read(connector, 'events', { after: AFTER, before: BEFORE });
    await expect(reading).rejects.toMatchObject({ code });
  });
});

describe('openlineage lineage', () => {
  test('walks so many hops, names edges, keeps the whole answer', async () => {
    const { twin, connector } = await world();
    await send(twin, run(1, ['raw'], ['clean']));
    await send(twin, run(2, ['clean'], ['features']));
    const reply = await read(connector, 'lineage', { nodeId: 'dataset:warehouse:raw' });
    expect(reply.value).toEqual({
      graph: [
        {
          id: 'dataset:warehouse:clean',
          type: 'DATASET',
          from: ['job:airflow:job-1'],
          to: ['job:airflow:job-2'],
        },
        { id: 'dataset:warehouse:raw', type: 'DATASET', from: [], to: ['job:airflow:job-1'] },
        {
          id: 'job:airflow:job-1',
          type: 'JOB',
          from: ['dataset:warehouse:raw'],
          to: ['dataset:warehouse:clean'],
        },
      ],
      truncated: false,
    });
    expect(Buffer.from(reply.evidence?.bytes ?? []).toString('utf8')).toContain(
      '"namespace":"warehouse"',
    );
    const wider = await read(connector, 'lineage', { nodeId: 'dataset:warehouse:raw', depth: 4 });
    expect(JSON.stringify(wider.value)).toContain('features');
  });

  test('a node that Marquez does not know is not found', async () => {
    const { connector } = await world();
    const reading = read(connector, 'lineage', { nodeId: 'dataset:warehouse:none' });
    await expect(reading).rejects.toMatchObject({ code: 'not_found' });
  });

  test('health reaches or says why not', async () => {
    const { twin, connector } = await world();
    const signal = new AbortController().signal;
    expect(await connector.health(signal)).toEqual({
      reachable: true,
      version: null,
      missing: [],
      clockSkewMs: expect.any(Number),
      problem: null,
    });
    twin.faults.add({ kind: 'reply', reply: { status: 403, body: '' } });
    expect(await connector.health(signal)).toMatchObject({
      reachable: true,
      missing: ['lineage:read'],
    });
    twin.faults.add({ kind: 'cut-before' });
    expect(await connector.health(signal)).toMatchObject({ reachable: false });
  });
});
