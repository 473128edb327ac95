import type { Json, JsonObject } from '../../domain/json.ts';
import { recordAt, textAt } from './object.ts';
import type { PlainClient } from './plain-client.ts';

/** Where the sample lives. */
export const NAMESPACE = 'ml';
/** Runs version 7 beside the stable version 6. */
export const CANARY_DEPLOYMENT = 'fraud-scorer-canary';

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;

/** A Deployment of the fraud scorer that runs one version. */
export function servingDeployment(name: string, tag: string, replicas: number): JsonObject {
  const selected = { app: 'fraud-scorer', track: name };
  return {
    metadata: { name, namespace: NAMESPACE },
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

/** Stable and canary behind one Service; the canary came from version 6, so that it can be rolled back. */
export async function seedServing(client: PlainClient): Promise<void> {
  const make = async (path: string, body: Json): Promise<void> => {
    const made = await client.send('POST', path, { body });
    if (made.status !== 201) throw new Error(`${path}: ${textAt(made.body, 'message')}`);
  };
  await make(`${APPS}/deployments`, servingDeployment('fraud-scorer', '6', 3));
  await make(`${APPS}/deployments`, servingDeployment(CANARY_DEPLOYMENT, '6', 2));
  await client.patch(`${APPS}/deployments/${CANARY_DEPLOYMENT}`, {
    spec: recordAt(servingDeployment(CANARY_DEPLOYMENT, '7', 2), 'spec'),
  });
  await make(`${CORE}/services`, {
    metadata: { name: 'fraud-scorer', namespace: NAMESPACE },
    spec: { selector: { app: 'fraud-scorer' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await make(`${CORE}/configmaps`, {
    metadata: { name: 'pipeline', namespace: NAMESPACE },
    data: { dataset: 'transactions@2026-11-21', other: 'stays' },
  });
}
