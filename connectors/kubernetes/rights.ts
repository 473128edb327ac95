/** Verbs on one kind of object. */
export interface Rights {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** What probes and plans need: nothing of it changes anything. With `ACT_RIGHTS` it is the README's table, and what is really used. */
export const OBSERVE_RIGHTS: readonly Rights[] = [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'replicasets', verbs: ['list'] },
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'services', verbs: ['get'] },
  { group: '', resource: 'configmaps', verbs: ['get'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['list'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
];

/** What changing something, looking at it afterwards and taking it back need beside that. */
export const ACT_RIGHTS: readonly Rights[] = [
  { group: 'apps', resource: 'deployments', verbs: ['patch'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get'] },
  { group: '', resource: 'pods', verbs: ['patch', 'delete'] },
  { group: '', resource: 'services', verbs: ['patch'] },
  { group: '', resource: 'configmaps', verbs: ['patch'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'create', 'delete'] },
];
