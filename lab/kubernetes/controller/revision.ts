import { createHash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import { jsonEquals } from '../../../domain/plan.ts';
import {
  at,
  controllerOf,
  isControlledBy,
  isDeleting,
  labelsOf,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  numberAt,
  recordAt,
  textAt,
  withAt,
} from '../object.ts';
import { matchesSelector } from '../selector.ts';
import { KINDS, ownerReference, safeSuffix, type Cluster } from './cluster.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAXIMUM = 'deployment.kubernetes.io/max-replicas';
const HASH_LABEL = 'pod-template-hash';

/** Annotations that a Deployment does not hand to its ReplicaSets. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAXIMUM,
  'deprecated.deployment.rollback.to',
]);

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}

function templateHash(template: JsonObject): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest('hex');
  return safeSuffix(digest, 10);
}

/** The template as the Deployment wrote it: without the label that its ReplicaSet adds. */
function plainTemplate(set: JsonObject): JsonObject {
  const template = recordAt(set, 'spec', 'template');
  return withAt(template, ['metadata', 'labels', HASH_LABEL], undefined);
}

/** The number of a ReplicaSet's revision; 0 when it has none. */
export function revisionOf(set: JsonObject): number {
  return Number(textAt(set, 'metadata', 'annotations', REVISION)) || 0;
}

/** ReplicaSets that the Deployment controls, oldest revision first; matching orphans are adopted. */
export function claimReplicaSets(cluster: Cluster, deployment: JsonObject): readonly JsonObject[] {
  const { store } = cluster;
  const selector = at(deployment, 'spec', 'selector');
  const claimed: JsonObject[] = [];
  for (const set of store.list(KINDS.replicaSets, namespaceOf(deployment))) {
    if (isDeleting(set)) continue;
    if (isControlledBy(set, deployment)) claimed.push(set);
    else if (controllerOf(set) === undefined && matchesSelector(labelsOf(set), selector)) {
      const owners = listAt(set, 'metadata', 'ownerReferences');
      const references = [...owners, ownerReference(KINDS.deployments, deployment)];
      const path = ['metadata', 'ownerReferences'];
      claimed.push(store.replace(KINDS.replicaSets, withAt(set, path, references)));
    }
  }
  return claimed.sort((a, b) => revisionOf(a) - revisionOf(b));
}

function insertReplicaSet(cluster: Cluster, deployment: JsonObject, revision: number): JsonObject {
  const template = recordAt(deployment, 'spec', 'template');
  const hash = templateHash(template);
  const labels = { ...mapAt(template, 'metadata', 'labels'), [HASH_LABEL]: hash };
  const selector = recordAt(deployment, 'spec', 'selector');
  const matchLabels = { ...mapAt(selector, 'matchLabels'), [HASH_LABEL]: hash };
  const set = cluster.store.insert(KINDS.replicaSets, {
    metadata: {
      name: `${nameOf(deployment)}-${hash}`,
      namespace: namespaceOf(deployment),
      labels,
      annotations: { [REVISION]: revision.toString() },
      ownerReferences: [ownerReference(KINDS.deployments, deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels },
      template: withAt(template, ['metadata', 'labels'], labels),
    },
    status: { replicas: 0, observedGeneration: 1 },
  });
  return set;
}

function historyOf(set: JsonObject, revision: number): JsonObject {
  const current = revisionOf(set);
  if (current === 0 || current === revision) return {};
  const earlier = textAt(set, 'metadata', 'annotations', REVISION_HISTORY);
  const list = earlier === '' ? [] : earlier.split(',');
  return { [REVISION_HISTORY]: [...list, current.toString()].join(',') };
}

function annotationsFor(deployment: JsonObject, set: JsonObject, revision: number): JsonObject {
  const copied = Object.entries(mapAt(deployment, 'metadata', 'annotations')).filter(
    ([key]) => !NOT_COPIED.has(key),
  );
  const replicas = numberAt(deployment, 'spec', 'replicas') ?? 1;
  return {
    ...mapAt(set, 'metadata', 'annotations'),
    ...Object.fromEntries(copied),
    ...historyOf(set, revision),
    [REVISION]: revision.toString(),
    [DESIRED]: replicas.toString(),
    [MAXIMUM]: (replicas + surgeOf(deployment)).toString(),
  };
}

/** How many pods a rolling update may add. */
export function surgeOf(deployment: JsonObject): number {
  return shareOf(deployment, 'maxSurge', Math.ceil);
}

/** How many pods a rolling update may miss; at least one when it may add none. */
export function unavailableOf(deployment: JsonObject): number {
  const share = shareOf(deployment, 'maxUnavailable', Math.floor);
  return share === 0 && surgeOf(deployment) === 0 ? 1 : share;
}

function shareOf(
  deployment: JsonObject,
  key: 'maxSurge' | 'maxUnavailable',
  round: (value: number) => number,
): number {
  const value = at(deployment, 'spec', 'strategy', 'rollingUpdate', key) ?? '25%';
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' ? Number(value.replace('%', '')) : 25;
  return round(((numberAt(deployment, 'spec', 'replicas') ?? 1) * percent) / 100);
}

/**
 * The ReplicaSet of the current template: found and re-numbered to the newest revision, or made.
 * Undefined while the rollout is paused and there is none.
 */
export function currentReplicaSet(
  cluster: Cluster,
  deployment: JsonObject,
  sets: readonly JsonObject[],
): JsonObject | undefined {
  const template = recordAt(deployment, 'spec', 'template');
  const found = sets.find((set) => jsonEquals(plainTemplate(set), template));
  const olds = sets.filter((set) => set !== found);
  const revision = Math.max(0, ...olds.map(revisionOf)) + 1;
  const paused = at(deployment, 'spec', 'paused') === true;
  if (found === undefined && paused) return undefined;
  const set = found ?? insertReplicaSet(cluster, deployment, revision);
  const number = Math.max(revision, revisionOf(set));
  const annotations = annotationsFor(deployment, set, number);
  return cluster.store.replace(
    KINDS.replicaSets,
    withAt(set, ['metadata', 'annotations'], annotations),
  );
}
