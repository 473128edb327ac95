import type { CallContext } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { DEPLOYMENTS } from './kind.ts';
import { rolloutNumbers } from './rollout.ts';

/** Ready replicas of `Deployment/<namespace>/<name>`: 0 when there is none, null for another kind. */
export async function readyReplicasOf(
  client: KubernetesClient,
  object: string,
  context: CallContext,
): Promise<number | null> {
  const [kind, namespace, name] = object.split('/');
  if (kind !== 'Deployment' || namespace === undefined || name === undefined) return null;
  const deployment = await client.find(DEPLOYMENTS, { namespace, name }, context);
  return deployment === null ? 0 : rolloutNumbers(deployment).ready;
}
