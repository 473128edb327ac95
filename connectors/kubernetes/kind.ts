import type { z } from 'zod';
import type { Kind } from './client.ts';
import {
  autoscalerReply,
  configMapReply,
  deploymentReply,
  endpointSliceReply,
  listReply,
  networkPolicyReply,
  podReply,
  replicaSetReply,
  serviceReply,
} from './reply-schema.ts';

function kindOf<T>(group: string, plural: string, schema: z.ZodType<T>): Kind<T> {
  return { group, plural, schema, page: listReply(schema) };
}

/** Kind of object: deployments. */
export const DEPLOYMENTS = kindOf('apps/v1', 'deployments', deploymentReply);
/** Kind of object: replica sets. */
export const REPLICA_SETS = kindOf('apps/v1', 'replicasets', replicaSetReply);
/** Kind of object: pods. */
export const PODS = kindOf('', 'pods', podReply);
/** Kind of object: services. */
export const SERVICES = kindOf('', 'services', serviceReply);
/** Kind of object: config maps. */
export const CONFIG_MAPS = kindOf('', 'configmaps', configMapReply);
/** Kind of object: endpoint slices. */
export const ENDPOINT_SLICES = kindOf('discovery.k8s.io/v1', 'endpointslices', endpointSliceReply);
/** Kind of object: network policies. */
export const NETWORK_POLICIES = kindOf(
  'networking.k8s.io/v1',
  'networkpolicies',
  networkPolicyReply,
);
/** Kind of object: autoscalers. */
export const AUTOSCALERS = kindOf('autoscaling/v2', 'horizontalpodautoscalers', autoscalerReply);
