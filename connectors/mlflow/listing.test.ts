// Goal: a registry can be read whole, page by page, and its files be named without reading one. Method: the connector
// against the MLflow twin, whose ledger tells what was asked; searches without aliases by fault.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { createMlflowTwin, type MlflowTwin } from '../../lab/mlflow/twin.ts';
import type { Connector, ProbeReply } from '../connector.ts';
import { probeOf, readingContext } from '../test-connector.ts';
import { create } from './index.ts';

const MODEL = "fraud's scorer";

let twin: MlflowTwin;
let mlflow: Connector;

const context = readingContext();

async function send(method: string, path: string, body: Json | Buffer): Promise<unknown> {
  const response = await fetch(`${twin.url}/api/2.0/${path}`, {
    method,
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status.toString()}`);
  const text = await response.text();
  const reply: unknown = text === '' ? null : JSON.parse(text);
  return reply;
}

function read(probe: string, input: Json): Promise<ProbeReply> {
  return probeOf(mlflow, probe).read(input, context);
}

const page = z.object({
  versions: z.array(z.object({ name: z.string(), version: z.string() })),
  next: z.string().nullable(),
});
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

beforeEach(async () => {
  twin = await createMlflowTwin();
  mlflow = create({ url: twin.url });
  await send('POST', 'mlflow/registered-models/create', { name: MODEL });
});
afterEach(async () => {
  await mlflow.close();
  await twin.close();
});

test('model-versions come oldest first, page by page, each once', async () => {
  for (let made = 0; made < 501; made += 1) {
    await send('POST', 'mlflow/model-versions/create', { name: MODEL, source: 's3://m' });
  }
  const first = page.parse((await read('model-versions', { page: null })).value);
  const second = page.parse((await read('model-versions', { page: first.next })).value);
  expect([first.versions.length, second.versions.length, second.next]).toEqual([500, 1, null]);
  const versions = [...first.versions, ...second.versions].map(({ version }) => version);
  expect(new Set(versions).size).toBe(501);
  expect(first.versions[0]).toMatchObject({ name: MODEL, version: '1' });
});

test('models have their aliases, also where a search answers none', async () => {
  await send('POST', 'mlflow/model-versions/create', { name: MODEL, source: 's3://m' });
  await send('POST', 'mlflow/registered-models/alias', {
    name: MODEL,
    alias: 'champion',
    version: '1',
  });
  const bare = { registered_models: [{ name: MODEL, tags: [] }] };
  twin.faults.add(
    { kind: 'reply', reply: { status: 200, body: bare } },
    { matches: ({ path }) => path.endsWith('registered-models/search'), times: 1 },
  );
  for (const how of ['by itself', 'by the search']) {
    const { value } = await read('models', { page: null });
    expect([how, value]).toEqual([
      how,
      { models: [{ name: MODEL, aliases: { champion: '1' }, tags: {} }], next: null },
    ]);
  }
});

/** Registers a version with two files; answers its source. */
async function storeVersion(): Promise<string> {
  const made = await send('POST', 'mlflow/runs/create', { experiment_id: '0' });
  const runId = runReply.parse(made).run.info.run_id;
  const folder = `0/${runId}/artifacts/model`;
  const put = (file: string, text: string): Promise<unknown> =>
    send('PUT', `mlflow-artifacts/artifacts/${folder}/${file}`, Buffer.from(text));
  await put('model.bin', 'weights');
  await put('deep/config.json', '{}');
  const source = `mlflow-artifacts:/${folder}`;
  await send('POST', 'mlflow/model-versions/create', { name: MODEL, run_id: runId, source });
  return source;
}

const LISTED = {
  files: [
    { path: 'deep/config.json', bytes: 2 },
    { path: 'model.bin', bytes: 7 },
  ],
};

test('a listing names files and sizes and reads none of them', async () => {
  await storeVersion();
  const place = twin.ledger.length;
  expect((await read('artifact-listing', { name: MODEL, version: '1' })).value).toEqual(LISTED);
  const stored = '/api/2.0/mlflow-artifacts/artifacts/';
  expect(twin.ledger.slice(place).filter(({ path }) => path.startsWith(stored))).toEqual([]);
});

test('a source that names the files spares the question where they are; another does not', async () => {
  const source = await storeVersion();
  const version = { name: MODEL, version: '1' };
  const asks: number[] = [];
  for (const told of [source, 'models:/m-1', null]) {
    const place = twin.ledger.length;
    const { value } = await read('artifact-listing', { ...version, source: told });
    expect(value).toEqual(LISTED);
    asks.push(twin.ledger.slice(place).filter(({ path }) => path.includes('download-uri')).length);
  }
  expect(asks).toEqual([0, 1, 1]);
  await expect(
    read('artifact-listing', { ...version, source: 'mlflow-artifacts:/../secret' }),
  ).rejects.toMatchObject({ code: 'bad_reply' });
});
