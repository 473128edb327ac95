// Goal: the Kubernetes connector keeps its contract with a real control plane, with no more rights than its README asks for.
// Method: the properties that the twin passes, each in a namespace of its own on one cluster behind a recording proxy.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { connectorModules } from '../../connectors/registry.ts';
import { probeOf } from '../../connectors/test-connector.ts';
import { createPlainClient } from '../../lab/kubernetes/plain-client.ts';
import { createKubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { contextOf } from '../contract/bench.ts';
import { contractCases, expectWholeFixture } from '../contract/cases.ts';
import { removeFolder, serverFolder } from './folder.ts';
import { answersOf, NAMESPACE } from './kubernetes/answers.ts';
import { KUBERNETES_VERSION } from './kubernetes/build.ts';
import { startCluster } from './kubernetes/cluster.ts';
import { realWorlds } from './kubernetes/world.ts';

const README = join(import.meta.dirname, '../../connectors/kubernetes/README.md');
const FIREBREAK = { token: 'canary-kubernetes-9a3c1e', name: 'firebreak' };
const STRANGER = { token: 'token-of-a-stranger', name: 'stranger' };

const folder = await serverFolder('kubernetes');
const cluster = await startCluster(folder, [FIREBREAK, STRANGER]);
const { fixture, admin, close } = await realWorlds(cluster, FIREBREAK);
afterAll(async () => {
  await close();
  await cluster.stop();
  await removeFolder(folder);
});

/** The rights of the README's table as rules of a ClusterRole. */
async function rightsOfReadme() {
  const text = await readFile(README, 'utf8');
  const row = /^\| ([\w.()]+) +\| (\w+) +\| ([\w, ]+?) +\| .*\|$/gm;
  const rows = [...text.matchAll(row)].filter(([, group]) => group !== 'group');
  return rows.map(([, group = '', resource = '', verbs = '']) => ({
    apiGroups: [group === '(core)' ? '' : group],
    resources: [resource],
    verbs: verbs.split(',').map((verb) => verb.trim()),
  }));
}

const rules = await rightsOfReadme();
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const metadata = { name: 'firebreak' };
await admin.send('POST', `${rbac}/clusterroles`, {
  body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules },
});
await admin.send('POST', `${rbac}/clusterrolebindings`, {
  body: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'firebreak' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: FIREBREAK.name }],
  },
});

const module = connectorModules.find(({ manifest }) => manifest.name === 'kubernetes');
if (module === undefined) throw new Error('There is no Kubernetes connector.');
const all = await contractCases({ module, fixture });
const { create } = await module.load();

describe('kubernetes', () => {
  test('the rights of the README are those of the cases below', () => {
    expect(rules).toHaveLength(8);
  });

  test('answers every question as the twin does', async () => {
    const twin = await createKubernetesTwin();
    const [real, ours] = [await answersOf(admin), await answersOf(createPlainClient(twin.url))];
    await twin.close();
    await admin.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    expect(ours).toEqual(real);
  });

  test('a kubeconfig leads to the version that the twin stands in for', async () => {
    const connector = create({ kubeconfig: cluster.kubeconfig });
    const health = await connector.health(AbortSignal.timeout(30_000));
    expect(health).toMatchObject({ reachable: true, missing: [], problem: null });
    expect(health.version).toContain(KUBERNETES_VERSION);
    const everywhere = await probeOf(connector, 'deployments').read(
      { namespace: null },
      contextOf(),
    );
    expect(everywhere.truncated).toBe(false);
    await connector.close();
  });

  test('a stranger lacks each right by its name, and is refused', async () => {
    const { url: server, caFile } = cluster;
    const connector = create({ server, caFile, token: STRANGER.token });
    const health = await connector.health(AbortSignal.timeout(30_000));
    expect(health.reachable).toBe(true);
    expect(health.missing).toContain('apps/deployments: patch');
    const reading = probeOf(connector, 'deployments').read({ namespace: null }, contextOf());
    await expect(reading).rejects.toMatchObject({ code: 'unauthorized' });
    await connector.close();
  });

  test('has a case for each action and probe', async () => {
    await expectWholeFixture({ module, fixture });
  });

  test.each(all)('$title', async ({ property, subject }) => {
    await property.run(subject);
  });
});
