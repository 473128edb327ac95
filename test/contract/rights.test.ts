// Goal: the rights that we ask a cluster for are exactly those that we use. Method: every probe and action, also the ways back,
// runs on the twin under the manifests that `firebreak init` writes, and the twin notes each verb that it was asked for.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { rbacManifests } from '../../app/draft-rbac.ts';
import { ACTION_RIGHTS } from '../../connectors/kubernetes/rights.ts';
import { manifest as kubernetes } from '../../connectors/kubernetes/manifest.ts';
import { connectorModules } from '../../connectors/registry.ts';
import type { Connector } from '../../connectors/connector.ts';
import { actionOf, probeOf } from '../../connectors/test-connector.ts';
import { actionsOf, WRITING_CREDENTIALS, type WritingCredential } from '../../domain/credential.ts';
import type { Playbook } from '../../domain/playbook.ts';
import { NAMESPACE } from '../../lab/kubernetes/serving-sample.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { actionCase, contextOf } from './bench.ts';
import { startKubernetesWorld } from './kubernetes.ts';
import type { ContractWorld } from './fixture.ts';
import { grantedIn } from './granted.ts';

const binding = z.object({
  kind: z.literal('RoleBinding'),
  roleRef: z.object({ name: z.string() }),
  subjects: z.array(z.object({ name: z.string() })),
});

const { observe, act } = rbacManifests([NAMESPACE], []);
const ACTIONS = Object.keys(kubernetes.actions);
let playbooks: readonly Playbook[] = [];

beforeAll(async () => {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const loaded = await loadPlaybooks(join(import.meta.dirname, '../../playbooks'), manifests);
  playbooks = loaded.map(({ playbook }) => playbook);
});

async function read(world: ContractWorld, connector: Connector): Promise<void> {
  for (const { probe, input } of world.probes) {
    await probeOf(connector, probe).read(input, contextOf());
  }
  for (const { action, input } of world.actions) {
    const { plan, verify } = actionOf(connector, action);
    await verify(input, await plan(input, contextOf()), contextOf());
  }
}

/** Each of these actions there and back, one by one. */
async function change(
  world: ContractWorld,
  connector: Connector,
  actions: readonly string[] = ACTIONS,
): Promise<void> {
  for (const { action, input } of world.actions) {
    if (!actions.includes(action)) continue;
    const context = contextOf({ idempotencyKey: `incident-1/${action}/target/1` });
    const { plan, apply, verify, revert, ensure } = actionOf(connector, action);
    const planned = await plan(input, context);
    await apply(input, planned, context);
    await verify(input, planned, context);
    await ensure?.(input, planned, context);
    await revert?.(input, planned, context);
  }
  if (actions.includes('quarantine-pod')) await leaveQuarantine(world, connector);
}

/** A quarantined pod that nobody wants back, since its Deployment was scaled to nothing meanwhile. */
async function leaveQuarantine(world: ContractWorld, connector: Connector): Promise<void> {
  const begun: (() => Promise<unknown> | undefined)[] = [];
  for (const name of ['quarantine-pod', 'scale']) {
    const { input } = actionCase(world, name);
    const action = actionOf(connector, name);
    const context = contextOf({ idempotencyKey: `incident-2/${name}/target/1` });
    const planned = await action.plan(input, context);
    await action.apply(input, planned, context);
    begun.push(() => action.revert?.(input, planned, context));
  }
  for (const revert of begun) await revert();
}

/** Runs `work` under the rights of some manifests, and answers what was asked for. */
async function used(
  granted: readonly string[],
  work: (world: ContractWorld, connector: Connector) => Promise<void>,
): Promise<readonly string[]> {
  const asked = new Set<string>();
  let watching = false;
  const world = await startKubernetesWorld(({ group, resource, verb, namespace }) => {
    if (!watching || namespace !== NAMESPACE) return true;
    const right = `${group}/${resource}: ${verb}`;
    asked.add(right);
    return granted.includes(right);
  });
  const module = connectorModules.find(({ manifest }) => manifest.name === 'kubernetes');
  const connector = (await module?.load())?.create(world.config);
  try {
    if (connector === undefined) throw new Error('There is no Kubernetes connector.');
    watching = true;
    await work(world, connector);
    watching = false;
  } finally {
    await connector?.close();
    await world.stop();
  }
  return [...asked].sort();
}

test('observing takes what rbac-observe.yaml grants: every probe, every plan and every look at one, and no verb more', async () => {
  const granted = grantedIn(NAMESPACE, observe);
  const asked = await used(granted, read);
  expect(asked).toEqual([...granted].sort());
});

test('acting takes what rbac-act.yaml grants beside that, and no verb more', async () => {
  const granted = [...grantedIn(NAMESPACE, observe), ...grantedIn(NAMESPACE, act)];
  expect(new Set(granted).size).toBe(granted.length);
  const asked = await used(granted, async (world, connector) => {
    await read(world, connector);
    await change(world, connector);
  });
  expect(asked).toEqual([...granted].sort());
});

test.each(ACTIONS)('%s takes what is declared for it, and no verb more', async (action) => {
  const seen = grantedIn(NAMESPACE, observe);
  const declared = (ACTION_RIGHTS.get(action) ?? []).flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${group}/${resource}: ${verb}`),
  );
  // A quarantined pod is given up when its Deployment was scaled away, which is the other action's right.
  const others = action === 'quarantine-pod' ? ['apps/deployments: patch'] : [];
  const asked = await used([...seen, ...declared, ...others], async (world, connector) => {
    await change(world, connector, [action]);
  });
  expect(asked.filter((right) => ![...seen, ...others].includes(right))).toEqual(declared.sort());
});

describe('where the credentials are apart', () => {
  const manifestOf = (credential: WritingCredential): string =>
    rbacManifests([NAMESPACE], playbooks)[credential];
  const kubernetesActions = (credential: WritingCredential): readonly string[] =>
    actionsOf(playbooks, credential).flatMap((use) =>
      use.startsWith('kubernetes.') ? [use.slice('kubernetes.'.length)] : [],
    );

  test.each(WRITING_CREDENTIALS)(
    'what `%s` changes in the playbooks takes its manifest beside observing, and no verb more',
    async (credential) => {
      const granted = [
        ...grantedIn(NAMESPACE, observe),
        ...grantedIn(NAMESPACE, manifestOf(credential)),
      ];
      expect(new Set(granted).size).toBe(granted.length);
      const asked = await used(granted, async (world, connector) => {
        await read(world, connector);
        await change(world, connector, kubernetesActions(credential));
      });
      expect(asked).toEqual([...granted].sort());
    },
  );

  test('neither changes all that acting takes, together they do', () => {
    const acting = new Set(grantedIn(NAMESPACE, act));
    const parts = WRITING_CREDENTIALS.map((credential) =>
      grantedIn(NAMESPACE, manifestOf(credential)),
    );
    for (const part of parts) {
      expect(part.length).toBeLessThan(acting.size);
    }
    expect(new Set(parts.flat())).toEqual(acting);
  });

  test.each(WRITING_CREDENTIALS)(
    '`%s` has an account of its own, which observes too',
    (credential) => {
      const account = `firebreak-${credential}`;
      const documents = parseAllDocuments(manifestOf(credential)).map(
        (one) => binding.safeParse(one.toJS()).data,
      );
      expect(
        documents.flatMap((one) => (one === undefined ? [] : [[one.roleRef.name, one.subjects]])),
      ).toEqual([
        ['firebreak-observe', [expect.objectContaining({ name: account })]],
        [account, [expect.objectContaining({ name: account })]],
      ]);
    },
  );
});

test.each([
  ['/pods: list', read],
  ['apps/replicasets: get', change],
  ['/pods: delete', change],
])('without %s it is noticed', async (missing, work) => {
  const granted = [...grantedIn(NAMESPACE, observe), ...grantedIn(NAMESPACE, act)].filter(
    (right) => right !== missing,
  );
  await expect(used(granted, work)).rejects.toMatchObject({ code: 'unauthorized' });
});
