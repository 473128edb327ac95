import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { connectorModules } from '../../connectors/registry.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { type Json, parseJson } from '../../domain/json.ts';
import { createRouter } from '../../intake/routing.ts';
import { createPlainClient, type PlainClient } from '../../lab/kubernetes/plain-client.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { createMlflowTwin, type MlflowTwin } from '../../lab/mlflow/twin.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import type { Store } from '../../store/tables.ts';
import { loadInstances } from '../../app/connector-instances.ts';
import type { SyncOutcome } from '../../activities/activity.ts';
import { createSync } from '../../app/sync/sync.ts';

const PLAYBOOKS = join(import.meta.dirname, '..', '..', 'playbooks');
const NAMESPACE = 'ml';

/** A registry and a cluster to be looked at, each a twin, under names that no other test uses. */
export interface SyncBench {
  readonly mlflow: MlflowTwin;
  readonly kubernetes: KubernetesTwin;
  readonly cluster: PlainClient;
  /** Connector instances: their rows are this bench's alone. */
  readonly registryName: string;
  readonly clusterName: string;
  look(): Promise<SyncOutcome>;
  /** A request below `/api/2.0` of the registry. */
  send(method: string, path: string, body?: Json | Buffer): Promise<Json>;
  createModel(name: string): Promise<void>;
  /** Registers a version with one stored file; answers its run. */
  register(name: string, bytes: string): Promise<string>;
  moveAlias(name: string, alias: string, version: string): Promise<void>;
  /** Creates or changes a Deployment whose one container has this image and environment. */
  deploy(name: string, image: string, env?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

function senderTo(url: string): SyncBench['send'] {
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/2.0/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status.toString()} ${text}`);
    return text === '' ? null : parseJson(text);
  };
}

async function register(send: SyncBench['send'], name: string, bytes: string): Promise<string> {
  const made = await send('POST', 'mlflow/runs/create', { experiment_id: '0' });
  const runId = runReply.parse(made).run.info.run_id;
  const folder = `0/${runId}/artifacts/model`;
  await send('PUT', `mlflow-artifacts/artifacts/${folder}/model.bin`, Buffer.from(bytes));
  await send('POST', 'mlflow/model-versions/create', {
    name,
    run_id: runId,
    source: `mlflow-artifacts:/${folder}`,
    tags: [],
  });
  await send('POST', 'mlflow/runs/update', { run_id: runId, status: 'FINISHED' });
  return runId;
}

function deploymentOf(name: string, image: string, env: Readonly<Record<string, string>>): Json {
  const labels = { app: name };
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'server',
              image,
              env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
            },
          ],
        },
      },
    },
  };
}

async function deploy(cluster: PlainClient, name: string, made: Json): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
  const known = await cluster.send('GET', `${path}/${name}`);
  const { status } =
    known.status === 404
      ? await cluster.send('POST', path, { body: made })
      : await cluster.patch(`${path}/${name}`, made);
  if (status >= 300) throw new Error(`${name}: ${status.toString()}`);
}

/** What a bench is beside empty and real. */
interface BenchOptions {
  readonly inventory?: readonly InventoryEntry[];
  /** True: both are sandboxes. */
  readonly drill?: boolean;
}

/** Opens a bench over a store; `name` keeps its rows apart from those of other benches. */
export async function openSyncBench(
  store: Store,
  name: string,
  { inventory = [], drill = false }: BenchOptions = {},
): Promise<SyncBench> {
  const mlflow = await createMlflowTwin();
  const kubernetes = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  const cluster = createPlainClient(kubernetes.url);
  const [registryName, clusterName] = [`registry-${name}`, `cluster-${name}`];
  const shared = { holdSeconds: 0, drill };
  const instances = await loadInstances(connectorModules, [
    { ...shared, name: registryName, connector: 'mlflow', config: { url: mlflow.url } },
    { ...shared, name: clusterName, connector: 'kubernetes', config: { server: kubernetes.url } },
  ]);
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(PLAYBOOKS, manifests);
  const sync = createSync({
    store,
    instances: instances.all,
    inventory: () => inventory,
    router: createRouter({ routes: [], inventory, selectionRules: [], playbooks }),
    now: () => new Date(),
    log: pino({ level: 'silent' }),
  });
  const send = senderTo(mlflow.url);
  return {
    ...{ mlflow, kubernetes, cluster, registryName, clusterName, send },
    look: () => sync.round({ signal: new AbortController().signal, heartbeat: () => undefined }),
    createModel: async (model) => {
      await send('POST', 'mlflow/registered-models/create', { name: model });
    },
    register: (model, bytes) => register(send, model, bytes),
    moveAlias: async (model, alias, version) => {
      await send('POST', 'mlflow/registered-models/alias', { name: model, alias, version });
    },
    deploy: (workload, image, env = {}) =>
      deploy(cluster, workload, deploymentOf(workload, image, env)),
    close: async () => {
      await instances.close();
      await kubernetes.close();
      await mlflow.close();
    },
  };
}
