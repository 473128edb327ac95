// Goal: what the contract suite cannot know: refusals, other managers, converging worlds, races that are lost.
// Method: the twin, seeded and looked at by plain HTTP.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../domain/json.ts';
import { listAt, numberAt, textAt } from '../../lab/kubernetes/object.ts';
import {
  createPlainClient,
  PATCH_TYPES,
  type PlainClient,
} from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import {
  createKubernetesTwin,
  type KubernetesTwin,
  type KubernetesTwinOptions,
} from '../../lab/kubernetes/twin.ts';
import type { AnyAction, Connector } from '../connector.ts';
import { actionOf, callContext, failureOf } from '../test-connector.ts';
import { create } from './index.ts';

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const DEPLOYMENT = `${APPS}/deployments/${CANARY_DEPLOYMENT}`;
const TARGET = { namespace: NAMESPACE, name: CANARY_DEPLOYMENT };
const SIX = 'registry.lab.test/fraud-scorer:6';

let twin: KubernetesTwin;
let lab: PlainClient;
let connector: Connector;

async function start(options: KubernetesTwinOptions = {}): Promise<void> {
  twin = await createKubernetesTwin({ namespaces: [NAMESPACE], ...options });
  lab = createPlainClient(twin.url);
  await seedServing(lab);
  connector = create({ server: twin.url });
}

async function stop(): Promise<void> {
  await connector.close();
  await twin.close();
}

beforeEach(() => start());
afterEach(stop);

function action(name: string): AnyAction {
  return actionOf(connector, name);
}

async function annotate(annotations: Json): Promise<void> {
  await lab.patch(DEPLOYMENT, { metadata: { annotations } });
}

describe('other managers', () => {
  test('scale is refused while an autoscaler targets the Deployment, and names it', async () => {
    await lab.send(
      'POST',
      `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`,
      {
        body: {
          metadata: { name: 'by-load' },
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: CANARY_DEPLOYMENT },
            minReplicas: 2,
            maxReplicas: 9,
          },
        },
      },
    );
    const refused = await failureOf(
      action('scale').plan({ ...TARGET, replicas: 0 }, callContext()),
    );
    expect(refused.code).toBe('refused');
    expect(refused.message).toContain('by-load');
    const input = { ...TARGET, container: 'model', image: SIX };
    const plan = await action('set-image').plan(input, callContext());
    expect(plan.summary).toContain('HorizontalPodAutoscaler/by-load');
  });

  test.each([
    ['argocd.argoproj.io/tracking-id', 'fraud:apps/Deployment:ml/x', 'ArgoCD/fraud'],
    ['meta.helm.sh/release-name', 'scorers', 'Helm/scorers'],
  ])('annotation %s is named in the plan', async (key, value, named) => {
    await annotate({ [key]: value });
    const plan = await action('scale').plan({ ...TARGET, replicas: 0 }, callContext());
    expect(plan.summary).toContain(named);
  });
});

describe('plans that cannot be', () => {
  const cases: readonly {
    readonly name: string;
    readonly use: string;
    readonly input: Json;
    readonly code: string;
    readonly before?: () => Promise<unknown>;
  }[] = [
    {
      name: 'no such Deployment',
      use: 'scale',
      input: { ...TARGET, name: 'none', replicas: 0 },
      code: 'not_found',
    },
    {
      name: 'no such container',
      use: 'set-image',
      input: { ...TARGET, container: 'none', image: SIX },
      code: 'invalid',
    },
    {
      name: 'no ReplicaSet of that image',
      use: 'rollback',
      input: { ...TARGET, container: 'model', image: 'registry.lab.test/fraud-scorer:1' },
      code: 'not_found',
    },
    {
      name: 'rollback of a paused Deployment',
      use: 'rollback',
      input: { ...TARGET, container: 'model', image: SIX },
      code: 'refused',
      before: () => lab.patch(DEPLOYMENT, { spec: { paused: true } }),
    },
    {
      name: 'restart of a paused Deployment',
      use: 'restart',
      input: TARGET,
      code: 'refused',
      before: () => lab.patch(DEPLOYMENT, { spec: { paused: true } }),
    },
    {
      name: 'key of an immutable ConfigMap',
      use: 'config-map-key',
      input: { namespace: NAMESPACE, name: 'pipeline', key: 'dataset', value: 'x' },
      code: 'refused',
      before: () => lab.patch(`${CORE}/configmaps/pipeline`, { immutable: true }),
    },
    {
      name: 'quarantine without a ready pod',
      use: 'quarantine-pod',
      input: {
        namespace: NAMESPACE,
        deployment: CANARY_DEPLOYMENT,
        reason: 'r',
        owner: 'o',
        leaseUntil: '2026-12-01T00:00:00Z',
      },
      code: 'not_found',
      before: () => lab.patch(DEPLOYMENT, { spec: { replicas: 0 } }),
    },
  ];

  test.each(cases)('$name: $code', async ({ use, input, code, before }) => {
    await before?.();
    expect((await failureOf(action(use).plan(input, callContext()))).code).toBe(code);
  });
});

describe('converging worlds', () => {
  test('verify is unknown until the pods are ready, then yes', async () => {
    await stop();
    let time = Date.parse('2026-11-23T03:00:00Z');
    await start({ now: () => new Date(time), readyDelayMs: 3_600_000 });
    const wait = (): void => {
      time += 3_600_000;
      twin.settle();
    };
    wait();
    wait();
    wait();
    const input = { ...TARGET, container: 'model', image: SIX, version: '6' };
    const plan = await action('set-image').plan(input, callContext());
    await action('set-image').apply(input, plan, callContext());
    const early = await action('set-image').verify(input, plan, callContext());
    expect(early.holds).toBe('unknown');
    for (let step = 0; step < 4; step += 1) wait();
    expect(await action('set-image').verify(input, plan, callContext())).toEqual({ holds: 'yes' });
  });

  test('a write that loses against newer versions is tried on the newest, then told as conflict', async () => {
    const input = { ...TARGET, replicas: 0 };
    const plan = await action('scale').plan(input, callContext());
    const stale = { kind: 'Status', reason: 'Conflict', message: 'modified', code: 409 };
    const reply = { status: 409, body: stale };
    const matches = ({ method }: { readonly method: string }): boolean => method === 'PATCH';
    // As often as a Deployment's own controller was seen to be faster, and more.
    twin.faults.add({ kind: 'reply', reply }, { matches, times: 7 });
    await action('scale').apply(input, plan, callContext());
    expect(await action('scale').verify(input, plan, callContext())).toEqual({ holds: 'yes' });
    twin.faults.add({ kind: 'reply', reply }, { matches, times: 50 });
    const lost = action('scale').revert?.(input, plan, callContext()) ?? Promise.resolve();
    expect((await failureOf(lost)).code).toBe('conflict');
  });

  test('a Deployment that was made anew is not the one that was planned for', async () => {
    const input = { ...TARGET, replicas: 0 };
    const plan = await action('scale').plan(input, callContext());
    await lab.send('DELETE', DEPLOYMENT);
    const gone = await failureOf(action('scale').apply(input, plan, callContext()));
    expect(gone.code).toBe('not_found');
    expect(await action('scale').verify(input, plan, callContext())).toMatchObject({ holds: 'no' });
  });
});

describe('rollback', () => {
  test('restores the whole template of the old ReplicaSet; a retry after the re-numbering adopts', async () => {
    const input = { ...TARGET, container: 'model', image: SIX };
    const plan = await action('rollback').plan(input, callContext());
    expect(plan.summary).toContain('revision 1');
    const first = await action('rollback').apply(input, plan, callContext());
    const { body } = await lab.send('GET', DEPLOYMENT);
    const [container] = listAt(body, 'spec', 'template', 'spec', 'containers');
    expect(textAt(container, 'image')).toBe(SIX);
    expect(textAt(listAt(container, 'env')[0], 'value')).toBe('models:/fraud-scorer/6');
    expect(textAt(body, 'spec', 'template', 'metadata', 'labels', 'version')).toBe('6');
    expect(await action('rollback').apply(input, plan, callContext())).toEqual(first);
    expect(await action('rollback').verify(input, plan, callContext())).toEqual({ holds: 'yes' });
  });

  test('a ReplicaSet that was removed since the plan is a conflict', async () => {
    const input = { ...TARGET, container: 'model', image: SIX };
    const plan = await action('rollback').plan(input, callContext());
    await lab.send('DELETE', `${APPS}/replicasets/${textAt(plan.after, 'replicaSet', 'name')}`);
    expect((await failureOf(action('rollback').apply(input, plan, callContext()))).code).toBe(
      'conflict',
    );
  });
});

test('set-image leaves other containers, fields and labels alone', async () => {
  const sidecar = { name: 'sidecar', image: 'proxy:1' };
  const containers = [sidecar];
  await lab.patch(
    DEPLOYMENT,
    { spec: { template: { spec: { containers } } } },
    PATCH_TYPES.strategic,
  );
  const input = { ...TARGET, container: 'model', image: SIX };
  const plan = await action('set-image').plan(input, callContext());
  await action('set-image').apply(input, plan, callContext());
  const { body } = await lab.send('GET', DEPLOYMENT);
  const images = listAt(body, 'spec', 'template', 'spec', 'containers').map((one) =>
    textAt(one, 'image'),
  );
  expect([...images].sort()).toEqual(['proxy:1', SIX]);
  expect(textAt(body, 'spec', 'template', 'metadata', 'labels', 'version')).toBe('7');
  expect(numberAt(body, 'spec', 'replicas')).toBe(2);
});
