import type { Kind } from './client.ts';
import {
  autoscalerReply,
  configMapReply,
  deploymentReply,
  endpointSliceReply,
  networkPolicyReply,
  podReply,
  replicaSetReply,
  serviceReply,
  type Autoscaler,
  type ConfigMap,
  type Deployment,
  type EndpointSlice,
  type NetworkPolicy,
  type Pod,
  type ReplicaSet,
  type Service,
} from './reply-schema.ts';

/** Kind of object: deployments. */
export const DEPLOYMENTS: Kind<Deployment> = {
  group: 'apps/v1',
  plural: 'deployments',
  schema: deploymentReply,
};
/** Kind of object: replica sets. */
export const REPLICA_SETS: Kind<ReplicaSet> = {
  group: 'apps/v1',
  plural: 'replicasets',
  schema: replicaSetReply,
};
/** Kind of object: pods. */
export const PODS: Kind<Pod> = { group: '', plural: 'pods', schema: podReply };
/** Kind of object: services. */
export const SERVICES: Kind<Service> = { group: '', plural: 'services', schema: serviceReply };
/** Kind of object: config maps. */
export const CONFIG_MAPS: Kind<ConfigMap> = {
  group: '',
  plural: 'configmaps',
  schema: configMapReply,
};
/** Kind of object: endpoint slices. */
export const ENDPOINT_SLICES: Kind<EndpointSlice> = {
  group: 'discovery.k8s.io/v1',
  plural: 'endpointslices',
  schema: endpointSliceReply,
};
/** Kind of object: network policies. */
export const NETWORK_POLICIES: Kind<NetworkPolicy> = {
  group: 'networking.k8s.io/v1',
  plural: 'networkpolicies',
  schema: networkPolicyReply,
};
/** Kind of object: autoscalers. */
export const AUTOSCALERS: Kind<Autoscaler> = {
  group: 'autoscaling/v2',
  plural: 'horizontalpodautoscalers',
  schema: autoscalerReply,
};
