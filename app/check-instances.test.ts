// Goal: of each configured system people learn whether it answers, as what, which right is missing by name, and whether its
// clock is ours. Method: real connectors against twins, one that refuses a verb and one whose clock is wrong.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectorModules } from '../connectors/registry.ts';
import type { Configuration, Route } from '../domain/configuration.ts';
import { createFaultPlan } from '../lab/fault.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../lab/kubernetes/twin.ts';
import { startTwin, type Twin } from '../lab/twin.ts';
import { checkInstances } from './check-instances.ts';
import { checkClock } from './check-servers.ts';
import { EMPTY_CONFIGURATION } from './start.ts';

const AHEAD_MS = 3_600_000;
const ROUTE: Route = {
  name: 'drift',
  when: 'true',
  playbook: 'model-drift',
  mode: 'observe',
  vetoSeconds: null,
  severity: 'sev3',
  suspect: null,
  reopenWindowSeconds: 3600,
};

let cluster: KubernetesTwin;
let late: Twin;

beforeAll(async () => {
  cluster = await createKubernetesTwin({
    namespaces: ['ml'],
    tokens: { canary: 'firebreak' },
    isAllowed: ({ verb, resource }) =>
      !(resource === 'pods' && verb === 'patch') &&
      !(resource === 'replicasets' && verb === 'list'),
  });
  late = await startTwin({
    name: 'prometheus',
    faults: createFaultPlan(),
    handler: () => ({
      status: 200,
      headers: { date: new Date(Date.now() + AHEAD_MS).toUTCString() },
      body: { status: 'success', data: { version: '3.1.0' } },
    }),
  });
});
afterAll(async () => {
  await Promise.all([cluster.close(), late.close()]);
});

function configuration(mode: Route['mode'], config: object): Configuration {
  const hold = { holdSeconds: 30 };
  const instances = [
    {
      name: 'cluster',
      connector: 'kubernetes',
      ...hold,
      config: { ...config, namespaces: ['ml'] },
    },
    { name: 'metrics', connector: 'prometheus', ...hold, config: { url: late.url } },
  ];
  return { ...EMPTY_CONFIGURATION, instances, routes: [{ ...ROUTE, mode }] };
}

async function told(mode: Route['mode'], config: object): Promise<readonly string[]> {
  const { checks } = await checkInstances(connectorModules, configuration(mode, config));
  return checks.map(({ name, ok, detail }) => `${ok ? 'ok' : 'BAD'} ${name}: ${detail}`);
}

test('versions, and each missing right by name', async () => {
  expect(await told('auto', { server: cluster.url, token: 'canary' })).toEqual([
    'ok system cluster: answers, version v1.36.3-lab',
    'BAD right at cluster: missing: apps/replicasets: list in ml',
    'BAD right at cluster: missing: pods: patch in ml',
    'ok system metrics: answers, version 3.1.0',
  ]);
});

test('while everything observes, only rights to look are faults', async () => {
  const lines = await told('observe', { server: cluster.url, token: 'canary' });
  expect(lines).toContain('BAD right at cluster: missing: apps/replicasets: list in ml');
  expect(lines).toContain(
    'ok rights at cluster: to observe; before a route may act: pods: patch in ml',
  );
});

test('a right that only another credential needs is not missed', async () => {
  const config = configuration('auto', { server: cluster.url, token: 'canary' });
  const { checks } = await checkInstances(connectorModules, config, () => false);
  const rights = checks.flatMap(({ name, detail }) => (name.startsWith('right') ? [detail] : []));
  expect(rights).toEqual(['missing: apps/replicasets: list in ml']);
});

test.each<[string, object, RegExp]>([
  [
    'nobody answers',
    { server: 'http://127.0.0.1:1' },
    /^BAD system cluster: Kubernetes (did not answer|cannot be reached)/,
  ],
  ['a file is missing', { kubeconfig: '/nowhere/config' }, /^BAD system cluster: .*cannot be read/],
])('%s', async (_name, config, expected) => {
  expect((await told('observe', config))[0]).toMatch(expected);
});

test('a wrong credential is a missing right, and is not shown', async () => {
  const lines = await told('observe', { server: cluster.url, token: 'canary-wrong' });
  expect(lines).toContain('ok system cluster: answers');
  expect(lines).toContain('BAD right at cluster: missing: a valid credential');
  expect(lines.join()).not.toContain('canary-wrong');
});

test('clocks are compared', async () => {
  const config = { server: cluster.url, token: 'canary' };
  const { clocks } = await checkInstances(connectorModules, configuration('observe', config));
  const finding = checkClock(clocks);
  expect(finding.ok).toBe(false);
  expect(finding.detail).toMatch(/cluster agrees/);
  expect(finding.detail).toMatch(/metrics is (3599|3600) s ahead/);
  expect(checkClock([{ name: 'database', skewMs: -400 }])).toMatchObject({ ok: true });
});
