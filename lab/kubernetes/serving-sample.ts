import type { Json, JsonObject } from '../../domain/json.ts';
import { recordAt, textAt } from './object.ts';
import type { PlainClient } from './plain-client.ts';

/** Where the sample lives. */
export const NAMESPACE = 'ml';
/** Runs version 7 beside the stable version 6. */
export const CANARY_DEPLOYMENT = 'fraud-scorer-canary';

/** A Deployment of the fraud scorer that runs one version. */
export function servingDeployment(name: string, tag: string, replicas: number): JsonObject {
  const selected = { app: 'fraud-scorer', track: name };
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: selected },
      template: {
        metadata: { labels: { ...selected, version: tag } },
        spec: {
          containers: [
            {
              name: 'model',
              image: `registry.lab.test/fraud-scorer:${tag}`,
              env: [
                { name: 'MODEL_URI', value: `models:/fraud-scorer/${tag}` },
                { name: 'DB_PASSWORD', value: 'hunter2' },
              ],
            },
          ],
        },
      },
    },
  };
}

/** Where the sample goes, when not to a twin's `NAMESPACE`. */
export interface SamplePlace {
  readonly namespace: string;
  /** Waits until the controllers of a real cluster have done what was asked; a twin's have at once. */
  readonly settled: () => Promise<void>;
}

const TWIN_PLACE: SamplePlace = { namespace: NAMESPACE, settled: () => Promise.resolve() };

/** Stable and canary behind one Service; the canary came from version 6, so that it can be rolled back. */
export async function seedServing(client: PlainClient, place = TWIN_PLACE): Promise<void> {
  const core = `/api/v1/namespaces/${place.namespace}`;
  const deployments = `/apis/apps/v1/namespaces/${place.namespace}/deployments`;
  const make = async (path: string, body: Json): Promise<void> => {
    const made = await client.send('POST', path, { body });
    if (made.status !== 201) throw new Error(`${path}: ${textAt(made.body, 'message')}`);
  };
  await make(deployments, servingDeployment('fraud-scorer', '6', 3));
  await make(deployments, servingDeployment(CANARY_DEPLOYMENT, '6', 2));
  await place.settled();
  await client.patch(`${deployments}/${CANARY_DEPLOYMENT}`, {
    spec: recordAt(servingDeployment(CANARY_DEPLOYMENT, '7', 2), 'spec'),
  });
  await make(`${core}/services`, {
    metadata: { name: 'fraud-scorer' },
    spec: { selector: { app: 'fraud-scorer' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await make(`${core}/configmaps`, {
    metadata: { name: 'pipeline' },
    data: { dataset: 'transactions@2026-11-21', other: 'stays' },
  });
  await place.settled();
}
