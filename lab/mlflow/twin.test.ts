// Goal: the twin answers and refuses as MLflow 3.17 does, in status, code and shape.
// Method: plain HTTP requests, one table of refusals and a few stories through the API.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createMlflowTwin, type MlflowTwin } from './twin.ts';

const MODEL = 'fraud-scorer';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

let twin: MlflowTwin;
let runId: string;

async function call(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
  const response = await fetch(`${twin.url}/api/2.0/mlflow/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  const reply: unknown = json ? JSON.parse(text) : text;
  return [response.status, reply];
}

beforeEach(async () => {
  twin = await createMlflowTwin();
  await call('POST', 'registered-models/create', { name: MODEL });
  const [, made] = await call('POST', 'runs/create', { experiment_id: '0', run_name: 'nightly' });
  runId = runReply.parse(made).run.info.run_id;
  await call('POST', 'model-versions/create', {
    name: MODEL,
    source: `mlflow-artifacts:/0/${runId}/artifacts/model`,
    run_id: runId,
    tags: [{ key: 'a.b', value: 'x' }],
  });
});
afterEach(() => twin.close());

describe('refusals', () => {
  interface Refusal {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly status: number;
    readonly code?: string;
  }
  const missing = { status: 404, code: 'RESOURCE_DOES_NOT_EXIST' };
  const invalid = { status: 400, code: 'INVALID_PARAMETER_VALUE' };
  const alias = { method: 'POST', path: 'registered-models/alias' };
  const search = { method: 'GET', ...invalid };
  const REFUSALS: readonly Refusal[] = [
    { method: 'GET', path: 'registered-models/get?name=nobody', ...missing },
    { method: 'GET', path: 'registered-models/get', ...invalid },
    { method: 'GET', path: `model-versions/get?name=${MODEL}&version=9`, ...missing },
    { method: 'GET', path: `model-versions/get?name=${MODEL}&version=x`, ...invalid },
    { method: 'GET', path: `registered-models/alias?name=${MODEL}&alias=champion`, ...invalid },
    { method: 'GET', path: 'registered-models/alias?name=nobody&alias=champion', ...missing },
    { ...alias, body: { name: MODEL, alias: 'latest', version: '1' }, ...invalid },
    { ...alias, body: { name: MODEL, alias: 'v1', version: '1' }, ...invalid },
    { ...alias, body: { name: MODEL, alias: 'champion', version: '9' }, ...missing },
    { ...alias, body: '{', status: 400, code: 'BAD_REQUEST' },
    {
      method: 'POST',
      path: 'registered-models/create',
      body: { name: MODEL },
      status: 400,
      code: 'RESOURCE_ALREADY_EXISTS',
    },
    { method: 'POST', path: 'runs/create', body: { experiment_id: '7' }, ...missing },
    { method: 'GET', path: 'runs/get?run_id=nobody', ...missing },
    { ...search, path: 'model-versions/search?filter=name%20~%20x' },
    { ...search, path: "model-versions/search?filter=nothing%20%3D%20'x'" },
    { ...search, path: "model-versions/search?filter=name%3D'x'%20AND" },
    { ...search, path: 'model-versions/search?order_by=colour' },
    { ...search, path: 'model-versions/search?page_token=made-up' },
    { ...search, path: 'registered-models/search?max_results=1001' },
    { method: 'GET', path: 'nothing/here', status: 404 },
    { method: 'GET', path: 'runs/create', status: 405 },
  ];

  test.each(REFUSALS)(
    '$method $path is $status $code',
    async ({ method, path, body, ...expected }) => {
      const seeded = twin.ledger.filter((entry) => entry.changed).length;
      const [status, reply] = await call(method, path, body);
      expect(status).toBe(expected.status);
      if (expected.code === undefined) expect(reply).toMatch(/^<!doctype html>/);
      else {
        expect(reply).toEqual({
          error_code: expected.code,
          message: expect.any(String),
          sqlstate: 'KAM00',
          error_class: expect.any(String),
        });
      }
      expect(twin.ledger.filter((entry) => entry.changed)).toHaveLength(seeded);
    },
  );
});

describe('the registry', () => {
  test('aliases show in the model, the version and by alias, never in searches', async () => {
    await call('POST', 'registered-models/alias', { name: MODEL, alias: 'champion', version: '1' });
    const aliases = [{ alias: 'champion', version: '1' }];
    expect((await call('GET', `registered-models/get?name=${MODEL}`))[1]).toMatchObject({
      registered_model: { aliases },
    });
    const version = { model_version: { version: '1', status: 'READY', aliases: ['champion'] } };
    const byAlias = `registered-models/alias?name=${MODEL}&alias=champion`;
    expect((await call('GET', byAlias))[1]).toMatchObject(version);
    const [, found] = await call('GET', 'model-versions/search');
    expect(JSON.stringify(found)).not.toContain('champion');
    for (const changed of [true, false]) {
      const [status] = await call('DELETE', 'registered-models/alias', {
        name: MODEL,
        alias: 'champion',
      });
      expect([status, twin.ledger.at(-1)?.changed]).toEqual([200, changed]);
    }
  });

  test('searches filter by name and tag, order and page', async () => {
    for (let made = 0; made < 3; made += 1) {
      await call('POST', 'model-versions/create', { name: MODEL, source: 's3://m' });
    }
    const filter = encodeURIComponent(`name = "${MODEL}" AND tags.\`a.b\` = 'x'`);
    const [, tagged] = await call('GET', `model-versions/search?filter=${filter}`);
    expect(tagged).toMatchObject({ model_versions: [{ version: '1' }] });
    const reply = z.object({
      model_versions: z.array(z.object({ version: z.string() })),
      next_page_token: z.string().optional(),
    });
    const seen: string[] = [];
    let token = '';
    do {
      const query = new URLSearchParams({
        max_results: '3',
        order_by: 'version_number DESC',
        page_token: token,
      });
      const [, page] = await call('GET', `model-versions/search?${query.toString()}`);
      const parsed = reply.parse(page);
      seen.push(...parsed.model_versions.map((version) => version.version));
      token = parsed.next_page_token ?? '';
    } while (token !== '');
    expect(seen).toEqual(['4', '3', '2', '1']);
    const [, none] = await call('GET', "model-versions/search?filter=name%3D'nobody'");
    expect(none).toEqual({});
  });
});

describe('tracking', () => {
  test('a run keeps metrics, parameters, tags and datasets', async () => {
    const dataset = { name: 'payments', digest: 'd1', source_type: 's3', source: 's3://x' };
    await call('POST', 'runs/log-batch', {
      run_id: runId,
      metrics: [{ key: 'auc', value: 0.9, timestamp: 1, step: 0 }],
      params: [{ key: 'depth', value: '4' }],
      tags: [{ key: 't', value: 'v' }],
    });
    const inputs = { run_id: runId, datasets: [{ tags: [], dataset }] };
    await call('POST', 'runs/log-inputs', inputs);
    await call('POST', 'runs/log-inputs', inputs);
    await call('POST', 'runs/update', { run_id: runId, status: 'FINISHED', end_time: 5 });
    expect((await call('GET', `runs/get?run_id=${runId}`))[1]).toMatchObject({
      run: {
        info: { status: 'FINISHED', run_name: 'nightly', end_time: 5 },
        data: { metrics: [{ key: 'auc', value: 0.9 }], params: [{ key: 'depth', value: '4' }] },
        inputs: { dataset_inputs: { length: 1 } },
      },
    });
    const changed = { run_id: runId, key: 'depth', value: '5' };
    expect((await call('POST', 'runs/log-parameter', changed))[0]).toBe(400);
    const long = { ...dataset, digest: 'd'.repeat(37) };
    const tooLong = { run_id: runId, datasets: [{ tags: [], dataset: long }] };
    expect((await call('POST', 'runs/log-inputs', tooLong))[0]).toBe(400);
  });
});

describe('artefacts', () => {
  const url = (path: string): string => `${twin.url}${ARTIFACTS}/${path}`;

  test('go in and out as bytes, and are listed relative to what is asked', async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    await fetch(url('0/r/artifacts/model/a%20b.bin'), { method: 'PUT', body: bytes });
    await fetch(url('0/r/artifacts/model/deep/c'), { method: 'PUT', body: 'c' });
    const got = await fetch(url('0/r/artifacts/model/a%20b.bin'));
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
    const listed = await fetch(`${twin.url}${ARTIFACTS}?path=0/r/artifacts/model`);
    expect(await listed.json()).toEqual({
      files: [
        { path: 'a b.bin', is_dir: false, file_size: 3 },
        { path: 'deep', is_dir: true },
      ],
    });
  });

  test('missing ones are told as such, and no path leaves the store', async () => {
    const none = await fetch(url('nothing'));
    expect([none.status, await none.json()]).toMatchObject([
      404,
      { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    ]);
    expect(await (await fetch(`${twin.url}${ARTIFACTS}?path=nothing`)).json()).toEqual({});
    const listed = await fetch(`${twin.url}${ARTIFACTS}?path=../secret`);
    expect([listed.status, await listed.json()]).toMatchObject([400, { message: 'Invalid path' }]);
    expect((await fetch(url('a%2F..%2Fb'))).status).toBe(400);
  });
});

test.each([
  [{ token: 't' }, 'Bearer t'],
  [{ username: 'u', password: 'p' }, `Basic ${Buffer.from('u:p').toString('base64')}`],
])('%j asks every caller', async (options, authorization) => {
  const guarded = await createMlflowTwin(options);
  const path = `${guarded.url}/api/2.0/mlflow/registered-models/search`;
  const refused = (await fetch(path)).status;
  const taken = (await fetch(path, { headers: { authorization } })).status;
  const health = (await fetch(`${guarded.url}/health`)).status;
  await guarded.close();
  expect([refused, taken, health]).toEqual([401, 200, 200]);
});
