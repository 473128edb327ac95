import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isJsonObject, type Json } from '../../../domain/json.ts';
import { mapAt, recordAt, textAt } from '../../../lab/kubernetes/object.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';
import { seedServing } from '../../../lab/kubernetes/serving-sample.ts';
import type { TwinRequest } from '../../../lab/twin.ts';
import type { ContractFixture } from '../../contract/fixture.ts';
import { actionCases, probeCases } from '../../contract/kubernetes.ts';
import { onward, startRecordingProxy } from '../recording-proxy.ts';
import { openApi, type KubernetesApi } from './api.ts';
import type { ClusterUser, RealCluster } from './cluster.ts';
import { untilAtRest } from './rest.ts';

/** Written by the Deployment controller whenever it likes. */
const REVISION = 'deployment.kubernetes.io/revision';

/** The real API server as the samples use one. */
export function plainClient(api: KubernetesApi): PlainClient {
  const send: PlainClient['send'] = async (method, path, options = {}) => {
    const answer = await api.send({
      method,
      path,
      headers: { 'content-type': options.type ?? 'application/json' },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const body: Json = z.json().parse(await answer.json());
    return {
      status: answer.status,
      body: isJsonObject(body) ? body : {},
      headers: answer.headers,
    };
  };
  return {
    send,
    patch: (path, body, type = 'application/merge-patch+json') =>
      send('PATCH', path, { body, type }),
    items: async (path) => {
      const { items } = (await send('GET', path)).body;
      return Array.isArray(items) ? items.map((item) => z.json().parse(item)) : [];
    },
  };
}

/** What somebody wrote into an object, without what the cluster adds by itself. */
function written(object: Json): Json {
  const annotations = Object.entries(mapAt(object, 'metadata', 'annotations'));
  return {
    uid: textAt(object, 'metadata', 'uid'),
    deleted: textAt(object, 'metadata', 'deletionTimestamp'),
    labels: mapAt(object, 'metadata', 'labels'),
    annotations: Object.fromEntries(annotations.filter(([key]) => key !== REVISION)),
    spec: recordAt(object, 'spec'),
    data: recordAt(object, 'data'),
  };
}

/** What a request would change: its object, or the members of the collection that it adds to. */
async function observe(client: PlainClient, { method, url }: TwinRequest): Promise<string> {
  const { status, body } = await client.send('GET', url.pathname);
  if (status !== 200) return status.toString();
  if (method !== 'POST') return JSON.stringify(written(body));
  const items = await client.items(url.pathname);
  return items
    .map((item) => textAt(item, 'metadata', 'uid'))
    .sort()
    .join();
}

async function createNamespace(client: PlainClient, namespace: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const made = await client.send('POST', '/api/v1/namespaces', { body });
  if (made.status !== 201) throw new Error(textAt(made.body, 'message'));
}

/** Worlds on a real cluster, each in a namespace of its own; the connector acts as `user`. */
export async function realWorlds(
  cluster: RealCluster,
  user: ClusterUser,
): Promise<{
  readonly fixture: ContractFixture;
  readonly admin: PlainClient;
  close(): Promise<void>;
}> {
  const administrator = await openApi({ ...cluster, token: cluster.adminToken });
  const stranger = await openApi(cluster);
  const admin = plainClient(administrator);
  const fixture: ContractFixture = {
    connector: 'kubernetes',
    start: async () => {
      const namespace = `ml-${randomUUID().slice(0, 8)}`;
      const settled = (): Promise<void> => untilAtRest(admin, namespace);
      await createNamespace(admin, namespace);
      await seedServing(admin, { namespace, settled });
      const twin = await startRecordingProxy({
        name: 'kubernetes',
        forward: (request) =>
          stranger.send({
            method: request.method,
            path: `${request.url.pathname}${request.url.search}`,
            headers: onward(request),
            ...(request.body.length === 0 ? {} : { body: request.body }),
          }),
        observe: (request) => observe(admin, request),
      });
      return {
        config: { server: twin.url, token: user.token, namespaces: [namespace] },
        canary: user.token,
        twin,
        real: true,
        actions: actionCases({ client: admin, namespace, settled }),
        probes: probeCases(namespace),
        stop: async () => {
          await twin.close();
          await admin.send('DELETE', `/api/v1/namespaces/${namespace}`);
        },
      };
    },
  };
  return {
    fixture,
    admin,
    close: async () => {
      await administrator.close();
      await stranger.close();
    },
  };
}
