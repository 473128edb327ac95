import {
  ACT_RIGHTS,
  OBSERVE_RIGHTS,
  rightsOfActions,
  type Rights,
} from '../connectors/kubernetes/rights.ts';
import { actionsOf, type WritingCredential } from '../domain/credential.ts';
import type { Playbook } from '../domain/playbook.ts';

/** Where our identities live in the cluster. */
const NAMESPACE = 'firebreak';
/** Who observes; where one process does everything, it acts as well. */
const ACCOUNT = 'firebreak';
const OBSERVE_ROLE = 'firebreak-observe';
const PREFIX = 'kubernetes.';

function ruleText({ group, resource, verbs }: Rights): string {
  return `  - { apiGroups: ['${group}'], resources: [${resource}], verbs: [${verbs.join(', ')}] }`;
}

/** Where a role holds: one namespace, or (null) the whole cluster. */
type Place = string | null;

function kindIn(place: Place): 'ClusterRole' | 'Role' {
  return place === null ? 'ClusterRole' : 'Role';
}

/** The last resort (docs/safety.md) finds what is ours by this label. */
const LABELS = 'labels: { app.kubernetes.io/name: firebreak }';

function nameIn(place: Place, name: string): string {
  return `metadata: { name: ${name}${place === null ? '' : `, namespace: ${place}`}, ${LABELS} }`;
}

function roleText(name: string, rights: readonly Rights[], place: Place): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kindIn(place)}
${nameIn(place, name)}
rules:
${rights.map(ruleText).join('\n')}
`;
}

/** Gives a role to an account. Named after the role, but where an account apart is given the role that observes. */
function bindingText(role: string, account: string, place: Place): string {
  const name = account === ACCOUNT || account === role ? role : `${account}-observe`;
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kindIn(place)}Binding
${nameIn(place, name)}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kindIn(place)}, name: ${role} }
subjects: [{ kind: ServiceAccount, name: ${account}, namespace: ${NAMESPACE} }]
`;
}

function accountText(name: string): string {
  return `apiVersion: v1
kind: ServiceAccount
${nameIn(NAMESPACE, name)}
`;
}

const NAMESPACE_TEXT = `apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
`;

function documents(...texts: readonly string[]): string {
  return texts.join('---\n');
}

/** Rights in a cluster that what these playbooks change with a credential needs beside looking. */
export function clusterRightsOf(
  playbooks: readonly Playbook[],
  credential: WritingCredential,
): readonly Rights[] {
  const actions = actionsOf(playbooks, credential)
    .filter((use) => use.startsWith(PREFIX))
    .map((use) => use.slice(PREFIX.length));
  return rightsOfActions(actions);
}

/** Manifests of least privilege, as text. */
export interface RbacManifests {
  /** The identity that observes, with the rights for that. */
  readonly observe: string;
  /** What the same identity needs beside that when one process does everything. */
  readonly act: string;
  /** An identity of its own for what the isolate step changes; it observes too. */
  readonly isolate: string;
  /** An identity of its own for everything else that is changed; it observes too. */
  readonly revert: string;
}

const WHAT: Readonly<Record<WritingCredential, string>> = {
  isolate: 'what the isolate step changes, keeps up and takes back',
  revert: 'what every other step changes and takes back',
};

/**
 * Manifests of least privilege, in the named namespaces only; null means the whole cluster. The identities that isolate and
 * revert get what the actions of these playbooks need, and no verb more.
 */
export function rbacManifests(
  namespaces: readonly string[] | null,
  playbooks: readonly Playbook[],
): RbacManifests {
  const places = namespaces ?? [null];
  const own = (account: string, role: string, rights: readonly Rights[]): readonly string[] =>
    places.flatMap((place) => [roleText(role, rights, place), bindingText(role, account, place)]);
  const apart = (credential: WritingCredential): string => {
    const account = `${ACCOUNT}-${credential}`;
    const observes = places.map((place) => bindingText(OBSERVE_ROLE, account, place));
    return `# Instead of rbac-act.yaml, where each credential has a process of its own (docs/safety.md, Credentials apart): the identity of
# the process that serves \`${credential}\`. It observes, and changes ${WHAT[credential]}.
# Apply it after rbac-observe.yaml, whose role it uses. To take this power away at once: kubectl delete -f rbac-${credential}.yaml
# A token for outside the cluster: kubectl -n ${NAMESPACE} create token ${account}
${documents(accountText(account), ...observes, ...own(account, account, clusterRightsOf(playbooks, credential)))}`;
  };
  return {
    observe: `# What observing needs, and nothing more. Apply it first: kubectl apply -f rbac-observe.yaml
# A token for outside the cluster: kubectl -n ${NAMESPACE} create token ${ACCOUNT} --duration 24h > cluster-token
${documents(NAMESPACE_TEXT, accountText(ACCOUNT), ...own(ACCOUNT, OBSERVE_ROLE, OBSERVE_RIGHTS))}`,
    act: `# What a route needs that may act (mode other than observe), where one process does everything: the account that observes gets
# it. Apply it when the first route acts, not before; where the credentials are apart, rbac-isolate.yaml and rbac-revert.yaml
# take its place. To take the engine's power away at once: kubectl delete -f rbac-act.yaml
${documents(...own(ACCOUNT, 'firebreak-act', ACT_RIGHTS))}`,
    isolate: apart('isolate'),
    revert: apart('revert'),
  };
}
