import { ACT_RIGHTS, OBSERVE_RIGHTS, type Rights } from '../connectors/kubernetes/rights.ts';

/** Where our identity lives in the cluster. */
const ACCOUNT = { name: 'firebreak', namespace: 'firebreak' };

function ruleText({ group, resource, verbs }: Rights): string {
  return `  - { apiGroups: ['${group}'], resources: [${resource}], verbs: [${verbs.join(', ')}] }`;
}

/** A role and its binding, in one namespace or (null) in the whole cluster. */
function roleText(name: string, rights: readonly Rights[], namespace: string | null): string {
  const kind = namespace === null ? 'ClusterRole' : 'Role';
  const where = namespace === null ? '' : `, namespace: ${namespace}`;
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}${where} }
rules:
${rights.map(ruleText).join('\n')}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: { name: ${name}${where} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${ACCOUNT.name}, namespace: ${ACCOUNT.namespace} }]
`;
}

const IDENTITY = `apiVersion: v1
kind: Namespace
metadata: { name: ${ACCOUNT.namespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${ACCOUNT.name}, namespace: ${ACCOUNT.namespace} }
---
`;

/**
 * Manifests of least privilege: the identity with what observing needs, and apart from it what a route that acts needs. In the
 * named namespaces only; null means the whole cluster.
 */
export function rbacManifests(namespaces: readonly string[] | null): {
  readonly observe: string;
  readonly act: string;
} {
  const places = namespaces ?? [null];
  const all = (name: string, rights: readonly Rights[]): string =>
    places.map((place) => roleText(name, rights, place)).join('---\n');
  return {
    observe: `# What observing needs, and nothing more. Apply it first: kubectl apply -f rbac-observe.yaml
# A token for outside the cluster: kubectl -n ${ACCOUNT.namespace} create token ${ACCOUNT.name}
${IDENTITY}${all('firebreak-observe', OBSERVE_RIGHTS)}`,
    act: `# What a route needs that may act (mode other than observe). Apply it when the first route does, not before.
# To take the engine's power away at once: kubectl delete -f rbac-act.yaml
${all('firebreak-act', ACT_RIGHTS)}`,
  };
}
