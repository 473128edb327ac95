// Goal: on real servers a story writes only into what it creates there, refuses names that are taken, and takes its own
// away. Method: twins stand in for the real servers, reached as those are: by a kubeconfig and by addresses.
import { writeFile, appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { tempDir } from '../test/harness.ts';
import { createAlertmanagerTwin } from './alertmanager/twin.ts';
import { kubeconfigText } from './kubernetes/kubeconfig-sample.ts';
import { createKubernetesTwin } from './kubernetes/twin.ts';
import { startMixedLab, type MixedLab, type RealSystems } from './mixed-lab.ts';
import { createMlflowTwin } from './mlflow/twin.ts';
import { createOpenTwins } from './open-twins.ts';
import { ownAlerts } from './real/own-alerts.ts';
import { ownNamespace } from './real/own-namespace.ts';
import { ownRegistry } from './real/own-registry.ts';
import { createJsonClient } from './scenario/json-client.ts';
import type { Twin } from './twin.ts';

const TOKEN = 'token-of-the-demo';
const NAMESPACE = 'firebreak-demo-ml';
const MODEL = 'firebreak-demo-fraud-scorer';
const MODELS = '/api/2.0/mlflow/registered-models';
const NONE: RealSystems = { kubeconfig: null, auditLog: null, mlflow: null, alertmanager: null };

const open = createOpenTwins();
afterEach(() => open.close());

/** A twin in the part of a real cluster, and the file that leads to it. */
async function cluster() {
  const twin = open.keep(await createKubernetesTwin({ tokens: { [TOKEN]: 'operator' } }));
  const kubeconfig = join(await tempDir(), 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText({ server: twin.url, user: { token: TOKEN } }));
  const client = createJsonClient(twin.url, { authorization: `Bearer ${TOKEN}` });
  return { twin, kubeconfig, client };
}

const FIREBREAK = {
  alerts: { url: 'http://127.0.0.1:9/alerts', token: 'none' },
  emit: () => Promise.resolve(),
  look: () => Promise.resolve(),
};

/** Writes that changed a twin, without what the story did to its own: path by path. */
function changes(twin: Twin): readonly string[] {
  return twin.ledger
    .filter(({ changed }) => changed)
    .map(({ method, path }) => `${method} ${path}`);
}

async function mixed(systems: Partial<RealSystems>): Promise<MixedLab> {
  return open.keep(await startMixedLab({ ...NONE, ...systems }));
}

describe('a story on real servers', () => {
  test('plays in its own namespace, models and experiment, and leaves nothing behind', async () => {
    const { twin, kubeconfig, client } = await cluster();
    const mlflow = open.keep(await createMlflowTwin());
    const alertmanager = open.keep(await createAlertmanagerTwin({ receivers: [] }));
    const lab = await startMixedLab({
      ...NONE,
      kubeconfig,
      mlflow: mlflow.url,
      alertmanager: alertmanager.url,
    });
    expect(lab.real.map((one) => one.split(' ')[0])).toEqual([
      'Kubernetes',
      'MLflow',
      'Alertmanager',
    ]);
    expect(lab.access.kubernetes).toEqual({ kubeconfig, namespaces: [NAMESPACE] });
    const before = twin.fingerprint();
    const world = await lab.begin(FIREBREAK);
    await world.raiseAlert();
    await world.closeEntryPath();
    const foreign = changes(twin).filter((change) => !change.includes(`/namespaces/${NAMESPACE}/`));
    expect(foreign).toEqual(['POST /api/v1/namespaces']);
    const registry = createJsonClient(mlflow.url);
    expect(JSON.stringify(await registry.send('GET', `${MODELS}/search`))).toContain(MODEL);
    const firing = createJsonClient(alertmanager.url);
    expect(await firing.send('GET', '/api/v2/alerts')).toHaveLength(1);

    await lab.close();
    expect(twin.fingerprint()).toEqual(before);
    expect(await registry.send('GET', `${MODELS}/search`)).toEqual({});
    const named =
      '/api/2.0/mlflow/experiments/get-by-name?experiment_name=firebreak-demo-fraud-training';
    await expect(registry.send('GET', named)).rejects.toMatchObject({ code: 'not_found' });
    expect(await firing.send('GET', '/api/v2/alerts')).toEqual([]);
    await expect(client.send('GET', `/api/v1/namespaces/${NAMESPACE}`)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('refuses a namespace that exists, changes nothing and does not take it away', async () => {
    const { twin, kubeconfig, client } = await cluster();
    await client.send('POST', '/api/v1/namespaces', { body: { metadata: { name: NAMESPACE } } });
    const before = twin.fingerprint();
    const lab = await startMixedLab({ ...NONE, kubeconfig });
    const beginning = lab.begin(FIREBREAK);
    await expect(beginning).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(NAMESPACE),
    });
    await lab.close();
    expect(twin.fingerprint()).toEqual(before);
  });

  test.each([
    ['registered-models', { name: MODEL }],
    ['experiments', { name: 'firebreak-demo-fraud-training' }],
  ])('refuses a name of %s that exists, and leaves it', async (kind, body) => {
    const mlflow = open.keep(await createMlflowTwin());
    const registry = createJsonClient(mlflow.url);
    const path = `/api/2.0/mlflow/${kind}/create`;
    await registry.send('POST', path, { body });
    const lab = await startMixedLab({ ...NONE, mlflow: mlflow.url });
    await expect(lab.begin(FIREBREAK)).rejects.toMatchObject({ code: 'refused' });
    await lab.close();
    // It is still there: nobody else can have the name.
    await expect(registry.send('POST', path, { body })).rejects.toMatchObject({
      message: expect.stringContaining('RESOURCE_ALREADY_EXISTS'),
    });
  });

  test.each<[string, Partial<RealSystems>, string]>([
    ['no server', { mlflow: 'http://127.0.0.1:9' }, 'unavailable'],
    ['no Alertmanager', { alertmanager: 'http://127.0.0.1:9' }, 'unavailable'],
    ['no file', { kubeconfig: '/nowhere/kubeconfig' }, 'invalid'],
  ])('names what is wrong: %s', async (_title, systems, code) => {
    await expect(mixed(systems)).rejects.toMatchObject({ code });
  });

  test('another server at the address is none of ours', async () => {
    const stranger = open.keep(await createAlertmanagerTwin({ receivers: [] }));
    await expect(mixed({ mlflow: stranger.url })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test("carries the API server's audit log to Loki, from now on", async () => {
    const { kubeconfig } = await cluster();
    const auditLog = join(await tempDir(), 'audit.log');
    await writeFile(auditLog, '{"auditID":"before"}\n');
    const lab = await startMixedLab({ ...NONE, kubeconfig, auditLog });
    await appendFile(auditLog, 'not an event\n{"auditID":"first"}\n{"auditID":');
    await appendFile(auditLog, '"second"}\n');
    const query = new URLSearchParams({ query: '{job="kubernetes-audit"}', limit: '100' });
    const loki = createJsonClient(lab.loki.url);
    const seen = async (): Promise<string> =>
      JSON.stringify(await loki.send('GET', `/loki/api/v1/query_range?${query.toString()}`));
    while (!(await seen()).includes('second'))
      await new Promise((resolve) => setImmediate(resolve));
    expect(await seen()).toContain('first');
    expect(await seen()).not.toContain('before');
    await lab.close();
  });
});

describe('the fences', () => {
  test('a namespace: nothing before it is created, nothing outside of it', async () => {
    const { client } = await cluster();
    const owned = ownNamespace(client, 'mine');
    const body = { metadata: { name: 'c' }, data: {} };
    const refused = { code: 'refused' };
    const write = (namespace: string) =>
      owned.send('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body });
    await expect(write('mine')).rejects.toMatchObject(refused);
    await owned.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'mine' } } });
    await write('mine');
    await expect(write('default')).rejects.toMatchObject(refused);
    await expect(owned.send('DELETE', '/api/v1/namespaces/default')).rejects.toMatchObject(refused);
  });

  test('a registry: only its own models, runs and files', async () => {
    const mlflow = open.keep(await createMlflowTwin());
    const registry = createJsonClient(mlflow.url);
    await registry.send('POST', `${MODELS}/create`, { body: { name: 'theirs' } });
    const run = await registry.send('POST', '/api/2.0/mlflow/runs/create', { body: {} });
    const owned = ownRegistry(registry);
    await owned.send('POST', `${MODELS}/create`, { body: { name: 'mine' } });
    const tag = (name: string) =>
      owned.send('POST', `${MODELS}/set-tag`, { body: { name, key: 'k', value: 'v' } });
    await tag('mine');
    await expect(tag('theirs')).rejects.toMatchObject({ code: 'refused' });
    const runs = owned.send('POST', '/api/2.0/mlflow/runs/create', {
      body: { experiment_id: '0' },
    });
    await expect(runs).rejects.toMatchObject({ code: 'refused' });
    expect(JSON.stringify(run)).toContain('run_id');
    const file = '/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/x';
    await expect(owned.put(file, Buffer.from('x'))).rejects.toMatchObject({ code: 'refused' });
  });

  test('alerts and nothing else', async () => {
    const alertmanager = open.keep(await createAlertmanagerTwin({ receivers: [] }));
    const owned = ownAlerts(createJsonClient(alertmanager.url));
    const silence = owned.send('POST', '/api/v2/silences', { body: {} });
    await expect(silence).rejects.toMatchObject({ code: 'refused' });
  });
});
