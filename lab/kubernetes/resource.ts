/** One kind of object that the twin serves. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Sub-resources that it answers. */
  readonly subresources: readonly ('status' | 'scale')[];
  /** True when `metadata.generation` counts changes of the specification. */
  readonly generation: boolean;
}

const core = { group: '', version: 'v1', namespaced: true, subresources: [], generation: false };
const workload = { group: 'apps', version: 'v1', namespaced: true, generation: true };

/** Every kind that the twin serves. */
export const RESOURCES: readonly Resource[] = [
  { ...core, plural: 'namespaces', kind: 'Namespace', namespaced: false },
  { ...core, plural: 'pods', kind: 'Pod', subresources: ['status'] },
  { ...core, plural: 'services', kind: 'Service' },
  { ...core, plural: 'configmaps', kind: 'ConfigMap' },
  { ...core, plural: 'events', kind: 'Event' },
  { ...workload, plural: 'deployments', kind: 'Deployment', subresources: ['status', 'scale'] },
  { ...workload, plural: 'replicasets', kind: 'ReplicaSet', subresources: ['status', 'scale'] },
  {
    ...core,
    group: 'discovery.k8s.io',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    generation: true,
  },
  {
    ...core,
    group: 'networking.k8s.io',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    generation: true,
  },
  {
    ...core,
    group: 'autoscaling',
    version: 'v2',
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
  },
];

/** The resource of that group and plural. Raises nothing: undefined when there is none. */
export function findResource(group: string, plural: string): Resource | undefined {
  return RESOURCES.find((resource) => resource.group === group && resource.plural === plural);
}

/** `v1` or `group/version`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
