// Goal: probes say what the registry and the stored bytes are, and name what they cannot reach.
// Method: the connector against the MLflow twin, seeded through its API; error bodies by fault.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ErrorCode } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { createMlflowTwin, type MlflowTwin } from '../../lab/mlflow/twin.ts';
import type { CallContext, Connector, ProbeReply } from '../connector.ts';
import { failureOf, probeOf } from '../test-connector.ts';
import { create } from './index.ts';

const MODEL = "fraud's scorer";
const USER = { username: 'lab', password: 'canary-password' };
let twin: MlflowTwin;
let mlflow: Connector;
let heartbeats: number;
let permits: number;

beforeEach(async () => {
  heartbeats = 0;
  permits = 0;
  twin = await createMlflowTwin(USER);
  mlflow = create({ url: twin.url, ...USER });
});
afterEach(async () => {
  await mlflow.close();
  await twin.close();
});

const context: CallContext = {
  idempotencyKey: 'key',
  incidentId: 'inc-1',
  signal: new AbortController().signal,
  heartbeat: () => {
    heartbeats += 1;
  },
  permit: () => {
    permits += 1;
    return Promise.resolve();
  },
  now: () => new Date(),
};

async function send(method: string, path: string, body?: Json | Buffer): Promise<unknown> {
  const response = await fetch(`${twin.url}/api/2.0/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from('lab:canary-password').toString('base64')}` },
    ...(body === undefined
      ? {}
      : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status.toString()}`);
  const text = await response.text();
  const reply: unknown = text === '' ? null : JSON.parse(text);
  return reply;
}

const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

async function seedVersion(
  files: Readonly<Record<string, Buffer>>,
  source?: string,
): Promise<string> {
  const made = await send('POST', 'mlflow/runs/create', { experiment_id: '0' });
  const runId = runReply.parse(made).run.info.run_id;
  for (const [path, bytes] of Object.entries(files)) {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    await send('PUT', `mlflow-artifacts/artifacts/0/${runId}/artifacts/${encoded}`, bytes);
  }
  await send('POST', 'mlflow/model-versions/create', {
    name: MODEL,
    run_id: runId,
    source: (source ?? 'mlflow-artifacts:/0/RUN/artifacts/model').replace('RUN', runId),
    tags: [
      { key: 'sha256', value: `recorded-${runId}` },
      { key: 'firebreak.dev/run', value: 'firebreak-1' },
    ],
  });
  return runId;
}

function read(probe: string, input: Json): Promise<ProbeReply> {
  return probeOf(mlflow, probe).read(input, context);
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('registry probes', () => {
  beforeEach(async () => {
    await send('POST', 'mlflow/registered-models/create', { name: MODEL });
  });

  test('versions come newest first, over several pages', async () => {
    for (let made = 0; made < 401; made += 1) {
      await send('POST', 'mlflow/model-versions/create', { name: MODEL, source: 's3://m' });
    }
    const { value, truncated } = await read('versions', { name: MODEL });
    const { versions } = z
      .object({ versions: z.array(z.object({ version: z.string() })) })
      .parse(value);
    expect([versions.length, versions[0]?.version, versions.at(-1)?.version]).toEqual([
      401,
      '401',
      '1',
    ]);
    expect([truncated, permits]).toEqual([false, 0]);
    expect(heartbeats).toBeGreaterThan(0);
  });

  test('a version carries digest, run and source; an unknown model is not_found', async () => {
    const runId = await seedVersion({});
    const { value } = await read('version', { name: MODEL, version: '1' });
    expect(value).toMatchObject({
      version: '1',
      digest: `recorded-${runId}`,
      runId,
      status: 'READY',
      source: `mlflow-artifacts:/0/${runId}/artifacts/model`,
    });
    expect((await failureOf(read('versions', { name: 'nobody' }))).code).toBe('not_found');
    expect((await failureOf(read('model', { name: 'nobody' }))).code).toBe('not_found');
  });

  test('a missing alias is null, one of an unknown model not_found', async () => {
    await seedVersion({});
    expect((await read('alias', { name: MODEL, alias: 'champion' })).value).toEqual({
      version: null,
    });
    await send('POST', 'mlflow/registered-models/alias', {
      name: MODEL,
      alias: 'champion',
      version: '1',
    });
    expect((await read('alias', { name: MODEL, alias: 'champion' })).value).toEqual({
      version: '1',
    });
    expect((await read('model', { name: MODEL })).value).toMatchObject({
      aliases: { champion: '1' },
    });
    const error = await failureOf(read('alias', { name: 'nobody', alias: 'champion' }));
    expect(error.code).toBe('not_found');
  });

  test('find-version finds by tag, with metrics and datasets of its run', async () => {
    await seedVersion({});
    const runId = await seedVersion({});
    await send('POST', 'mlflow/runs/log-metric', {
      run_id: runId,
      key: 'auc',
      value: 0.93,
      timestamp: 1,
    });
    await send('POST', 'mlflow/runs/log-metric', {
      run_id: runId,
      key: 'loss',
      value: 'NaN',
      timestamp: 1,
    });
    const dataset = { name: 'payments', digest: 'd1', source_type: 's3', source: 's3://x' };
    await send('POST', 'mlflow/runs/log-inputs', {
      run_id: runId,
      datasets: [{ tags: [{ key: 'mlflow.data.context', value: 'training' }], dataset }],
    });
    const datasets = [
      {
        name: 'payments',
        digest: 'd1',
        sourceType: 's3',
        source: 's3://x',
        tags: { 'mlflow.data.context': 'training' },
      },
    ];
    const asked = { name: MODEL, tag: 'firebreak.dev/run', value: 'firebreak-1' };
    expect((await read('find-version', asked)).value).toEqual({
      version: '2',
      runId,
      metrics: { auc: 0.93, loss: null },
      digest: `recorded-${runId}`,
      datasets,
    });
    expect((await read('run', { runId })).value).toMatchObject({ status: 'RUNNING', datasets });
    expect((await read('find-version', { ...asked, value: 'other' })).value).toMatchObject({
      version: null,
      runId: null,
    });
    const both = { ...asked, value: `'"` };
    expect((await failureOf(read('find-version', both))).code).toBe('invalid');
  });
});

describe('artifact-digest', () => {
  beforeEach(async () => {
    await send('POST', 'mlflow/registered-models/create', { name: MODEL });
  });

  test('is the file digest for one file and follows the bytes', async () => {
    const runId = await seedVersion({ 'model/model.bin': Buffer.alloc(300_000, 7) });
    const first = await read('artifact-digest', { name: MODEL, version: '1' });
    expect(first.value).toMatchObject({ sha256: sha256(Buffer.alloc(300_000, 7)), bytes: 300_000 });
    twin.tamper(`0/${runId}/artifacts/model/model.bin`, Buffer.from('poison'));
    const second = await read('artifact-digest', { name: MODEL, version: '1' });
    expect(second.value).toMatchObject({ sha256: sha256('poison'), bytes: 6 });
    expect(heartbeats).toBeGreaterThan(0);
  });

  test('is over sorted lines for several files, names encoded', async () => {
    await seedVersion({
      'model/b 100%.bin': Buffer.from('b'),
      'model/deep/er/a?.bin': Buffer.from('a'),
      'model/MLmodel': Buffer.from('m'),
      'other/x': Buffer.from('not part of it'),
    });
    const lines = [
      ['MLmodel', 'm'],
      ['b 100%.bin', 'b'],
      ['deep/er/a?.bin', 'a'],
    ].map(([path, text]) => `${path ?? ''}\0${sha256(text ?? '')}\n`);
    const { value } = await read('artifact-digest', { name: MODEL, version: '1' });
    expect(value).toMatchObject({ sha256: sha256(lines.join('')), bytes: 3 });
  });

  test('follows runs:/ and takes a source that is a file', async () => {
    await seedVersion({ 'model.bin': Buffer.from('x') }, 'runs:/RUN/model.bin');
    const { value } = await read('artifact-digest', { name: MODEL, version: '1' });
    expect(value).toMatchObject({ sha256: sha256('x'), files: [{ path: 'model.bin', bytes: 1 }] });
  });

  test.each<readonly [source: string, code: ErrorCode]>([
    ['s3://bucket/model', 'unsupported'],
    ['mlflow-artifacts:/0/RUN/artifacts/nothing', 'not_found'],
  ])('%s is %s', async (source, code) => {
    await seedVersion({}, source);
    const error = await failureOf(read('artifact-digest', { name: MODEL, version: '1' }));
    expect(error.code).toBe(code);
  });

  // Servers before 3 took these in.
  test.each<readonly [source: string, code: ErrorCode]>([
    ['mlflow-artifacts://elsewhere.example/0/model', 'unsupported'],
    ['mlflow-artifacts:/0/run/../../secret', 'bad_reply'],
  ])('%s is %s', async (source, code) => {
    await seedVersion({});
    twin.faults.add(
      { kind: 'replace', reply: { status: 200, body: { artifact_uri: source } } },
      { matches: ({ path }) => path.endsWith('/get-download-uri') },
    );
    const error = await failureOf(read('artifact-digest', { name: MODEL, version: '1' }));
    expect(error.code).toBe(code);
  });

  test('a listing that leaves its root is not followed', async () => {
    await seedVersion({ 'model/a': Buffer.from('x') });
    const body = { files: [{ path: '../../../1/other', is_dir: false }] };
    twin.faults.add(
      { kind: 'replace', reply: { status: 200, body } },
      { matches: ({ path }) => path.endsWith('/artifacts') },
    );
    const error = await failureOf(read('artifact-digest', { name: MODEL, version: '1' }));
    expect(error.code).toBe('bad_reply');
  });
});

describe('errors', () => {
  test.each<readonly [status: number, errorCode: string, code: ErrorCode]>([
    [404, 'RESOURCE_DOES_NOT_EXIST', 'not_found'],
    [404, 'ENDPOINT_NOT_FOUND', 'unsupported'],
    [400, 'RESOURCE_ALREADY_EXISTS', 'conflict'],
    [400, 'INVALID_PARAMETER_VALUE', 'invalid'],
    [403, 'PERMISSION_DENIED', 'unauthorized'],
    [500, 'INTERNAL_ERROR', 'unavailable'],
    [500, 'INVALID_STATE', 'conflict'],
    [500, 'DATA_LOSS', 'bad_reply'],
    [503, 'TEMPORARILY_UNAVAILABLE', 'unavailable'],
    [429, 'REQUEST_LIMIT_EXCEEDED', 'rate_limited'],
    [409, 'RESOURCE_CONFLICT', 'conflict'],
    [500, 'SOMETHING_NEW', 'unavailable'],
  ])('%i %s is %s', async (status, errorCode, code) => {
    const body = { error_code: errorCode, message: `no ${USER.password}` };
    twin.faults.add({ kind: 'reply', reply: { status, body } });
    const error = await failureOf(read('model', { name: MODEL }));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain(USER.password);
    expect(error.permission !== undefined).toBe(code === 'unauthorized');
  });

  test('an unknown route is no missing model', async () => {
    const lost = create({ url: `${twin.url}/prefix`, ...USER });
    const error = await failureOf(
      Promise.resolve(lost.probes['model']?.read({ name: MODEL }, context)),
    );
    await lost.close();
    expect(error.code).toBe('unsupported');
  });

  test('health names the version, or the missing right', async () => {
    const { signal } = new AbortController();
    expect(await mlflow.health(signal)).toMatchObject({
      reachable: true,
      version: '3.17.2',
      missing: [],
    });
    const stranger = create({ url: twin.url, username: 'lab', password: 'wrong' });
    const health = await stranger.health(signal);
    await stranger.close();
    expect([health.reachable, health.missing]).toEqual([true, ['registered models: READ']]);
  });
});
