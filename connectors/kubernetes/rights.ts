/** Verbs on one kind of object. */
export interface Rights {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** A verb on a kind of object, by its name for people: `apps/deployments: patch`. */
export function rightName({
  group,
  resource,
  verb,
}: Pick<Rights, 'group' | 'resource'> & { readonly verb: string }): string {
  return `${group === '' ? '' : `${group}/`}${resource}: ${verb}`;
}

/** What probes, plans and looks at what was changed need: nothing of it changes anything. With `ACT_RIGHTS` it is the README's table, and what is really used. */
export const OBSERVE_RIGHTS: readonly Rights[] = [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'replicasets', verbs: ['list'] },
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'services', verbs: ['get'] },
  { group: '', resource: 'configmaps', verbs: ['get'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'list'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
];

const PATCH_DEPLOYMENTS: Rights = { group: 'apps', resource: 'deployments', verbs: ['patch'] };
const GET_REPLICA_SETS: Rights = { group: 'apps', resource: 'replicasets', verbs: ['get'] };

/** What each action needs beside that: to change something, to keep it up and to take it back. */
export const ACTION_RIGHTS: ReadonlyMap<string, readonly Rights[]> = new Map([
  ['scale', [PATCH_DEPLOYMENTS]],
  ['set-image', [PATCH_DEPLOYMENTS]],
  ['restart', [PATCH_DEPLOYMENTS]],
  ['rollback', [PATCH_DEPLOYMENTS, GET_REPLICA_SETS]],
  [
    'quarantine-pod',
    [
      GET_REPLICA_SETS,
      { group: '', resource: 'pods', verbs: ['patch', 'delete'] },
      {
        group: 'networking.k8s.io',
        resource: 'networkpolicies',
        verbs: ['create', 'delete'],
      },
    ],
  ],
  ['route-service', [{ group: '', resource: 'services', verbs: ['patch'] }]],
  ['config-map-key', [{ group: '', resource: 'configmaps', verbs: ['patch'] }]],
]);

/** The rights of these actions together, each verb once; nothing for an action that there is not. */
export function rightsOfActions(actions: Iterable<string>): readonly Rights[] {
  const merged = new Map<string, Rights>();
  for (const { group, resource, verbs } of [...actions].flatMap(
    (action) => ACTION_RIGHTS.get(action) ?? [],
  )) {
    const key = `${group}/${resource}`;
    const known = merged.get(key)?.verbs ?? [];
    merged.set(key, { group, resource, verbs: [...new Set([...known, ...verbs])] });
  }
  return [...merged.values()];
}

/** What all actions need beside looking. */
export const ACT_RIGHTS: readonly Rights[] = rightsOfActions(ACTION_RIGHTS.keys());
