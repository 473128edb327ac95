import { AppError } from '../../../domain/error.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import { textAt } from '../../../lab/kubernetes/object.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';
import { createJsonClient, type JsonClient } from '../../../lab/scenario/json-client.ts';
import { z } from 'zod';

const IMAGES = 'registry.corp.example';
const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';

/** Namespaces of the world. */
export const NAMESPACES: readonly string[] = ['serving', 'risk'];

interface Served {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Label `app`, by which Services select. */
  readonly app?: string;
}

/**
 * A company's serving as it grew: no annotation of ours, names that differ from the registry's, a model that its replicas
 * resolve by alias when they start, one whose canary is known by its name only, one that nobody registered, and no model at all.
 */
const SERVED: readonly Served[] = [
  {
    namespace: 'serving',
    name: 'scorer-v2',
    replicas: 4,
    image: `${IMAGES}/ml/online-scorer:2026.11`,
    env: { MODEL_URI: 'models:/FraudDetector@prod' },
  },
  { namespace: 'serving', name: 'web', replicas: 2, image: `${IMAGES}/shop/web:88` },
  { namespace: 'risk', name: 'pricing-api', replicas: 9, image: `${IMAGES}/risk/price-model:1.4` },
  {
    namespace: 'risk',
    name: 'pricing-api-canary',
    app: 'pricing-api',
    replicas: 1,
    image: `${IMAGES}/risk/price-model:1.5`,
  },
  {
    namespace: 'risk',
    name: 'churn-test',
    replicas: 1,
    image: `${IMAGES}/risk/notebook:jane`,
    env: { MODEL: 'models:/churn-experiment/3' },
  },
];

/** Services by the label that they select; the scorer's has another name than its Deployment. */
const SERVICES = [
  { namespace: 'serving', name: 'fraud-api', app: 'scorer-v2' },
  { namespace: 'risk', name: 'pricing-api', app: 'pricing-api' },
];

/** Models of the registry: versions, and the alias that production follows at the newest. */
const REGISTERED = [
  { name: 'FraudDetector', versions: 2, alias: 'prod' },
  { name: 'PriceModel', versions: 2, alias: 'live' },
  { name: 'legacy-segments', versions: 1, alias: null },
];

function deploymentOf({ name, replicas, image, env = {}, app = name }: Served): JsonObject {
  const labels = { app, deployment: name };
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image, env: variables }] },
      },
    },
  };
}

async function create(client: PlainClient, path: string, body: Json): Promise<void> {
  const made = await client.send('POST', path, { body });
  if (made.status === 201) return;
  throw new AppError('unavailable', `${path}: ${textAt(made.body, 'message')}`);
}

/** Steers the scorer's replicas. Without a metrics server it keeps them at its minimum. */
const AUTOSCALER: JsonObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'scorer' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scorer-v2' },
    minReplicas: 4,
    maxReplicas: 12,
  },
};

/** Builds the cluster's part of the world. Raises `unavailable` with the server's words. */
export async function seedCluster(client: PlainClient): Promise<void> {
  for (const name of NAMESPACES) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await create(client, '/api/v1/namespaces', body);
  }
  for (const served of SERVED) {
    const path = `/apis/apps/v1/namespaces/${served.namespace}/deployments`;
    await create(client, path, deploymentOf(served));
  }
  for (const { namespace, name, app } of SERVICES) {
    await create(client, `/api/v1/namespaces/${namespace}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  }
  const scalers = '/apis/autoscaling/v2/namespaces/serving/horizontalpodautoscalers';
  await create(client, scalers, AUTOSCALER);
}

const experimentReply = z.object({ experiment_id: z.string() });
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

async function registerVersion(mlflow: JsonClient, experiment: string, name: string) {
  const started = await mlflow.send('POST', `${API}/runs/create`, {
    body: { experiment_id: experiment, start_time: Date.now() },
  });
  const run = runReply.parse(started).run.info.run_id;
  const place = `${experiment}/${run}/artifacts/model`;
  await mlflow.put(`${ARTIFACTS}/${place}/model.bin`, Buffer.from(`${name} ${run}`));
  await mlflow.send('POST', `${API}/model-versions/create`, {
    body: { name, source: `mlflow-artifacts:/${place}`, run_id: run },
  });
}

/** Builds the registry's part. Raises `unavailable` with the server's words. */
export async function seedRegistry(url: string): Promise<void> {
  const mlflow = createJsonClient(url);
  const made = await mlflow.send('POST', `${API}/experiments/create`, {
    body: { name: 'nightly' },
  });
  const { experiment_id: experiment } = experimentReply.parse(made);
  for (const { name, versions, alias } of REGISTERED) {
    await mlflow.send('POST', `${API}/registered-models/create`, { body: { name } });
    for (let count = 0; count < versions; count += 1) {
      await registerVersion(mlflow, experiment, name);
    }
    if (alias === null) continue;
    await mlflow.send('POST', `${API}/registered-models/alias`, {
      body: { name, alias, version: versions.toString() },
    });
  }
}
