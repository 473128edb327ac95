/** Verbs on one kind of object. */
export interface Rights {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** Everything that probes and actions need, as the README lists it; a test compares it with what they really use. */
export const RIGHTS: readonly Rights[] = [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list', 'patch'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get', 'list'] },
  { group: '', resource: 'pods', verbs: ['get', 'list', 'patch', 'delete'] },
  { group: '', resource: 'services', verbs: ['get', 'patch'] },
  { group: '', resource: 'configmaps', verbs: ['get', 'patch'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
  {
    group: 'networking.k8s.io',
    resource: 'networkpolicies',
    verbs: ['get', 'list', 'create', 'delete'],
  },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
];

const LOOKING = ['get', 'list', 'watch'];

/** The rights that only look (`observe`), or those that change something (`act`). */
export function rightsTo(purpose: 'observe' | 'act'): readonly Rights[] {
  return RIGHTS.map(({ verbs, ...kind }) => ({
    ...kind,
    verbs: verbs.filter((verb) => LOOKING.includes(verb) === (purpose === 'observe')),
  })).filter(({ verbs }) => verbs.length > 0);
}
