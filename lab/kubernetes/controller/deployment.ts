import type { Json, JsonObject } from '../../../domain/json.ts';
import { at, isDeleting, listAt, nameOf, numberAt, textAt, uidOf, withAt } from '../object.ts';
import { timestamp } from '../object-store.ts';
import { KINDS, type Cluster } from './cluster.ts';
import {
  claimReplicaSets,
  currentReplicaSet,
  revisionOf,
  surgeOf,
  unavailableOf,
} from './revision.ts';

const REVISION = 'deployment.kubernetes.io/revision';

function wantedOf(object: JsonObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 1;
}

function availableOf(set: JsonObject): number {
  return numberAt(set, 'status', 'availableReplicas') ?? 0;
}

function sum(sets: readonly JsonObject[], count: (set: JsonObject) => number): number {
  return sets.reduce((total, set) => total + count(set), 0);
}

function resize(cluster: Cluster, set: JsonObject, replicas: number): JsonObject {
  return cluster.store.replace(KINDS.replicaSets, withAt(set, ['spec', 'replicas'], replicas));
}

interface Rollout {
  readonly deployment: JsonObject;
  readonly current: JsonObject;
  readonly olds: readonly JsonObject[];
}

function growCurrent(cluster: Cluster, rollout: Rollout): void {
  const { deployment, current, olds } = rollout;
  const wanted = wantedOf(deployment);
  if (wantedOf(current) >= wanted) {
    resize(cluster, current, wanted);
    return;
  }
  const room = wanted + surgeOf(deployment) - wantedOf(current) - sum(olds, wantedOf);
  const growth = Math.min(Math.max(room, 0), wanted - wantedOf(current));
  resize(cluster, current, wantedOf(current) + growth);
}

/** Takes old pods away as far as enough available ones remain; those that never became available first. */
function shrinkOlds(cluster: Cluster, rollout: Rollout): void {
  const { deployment, olds } = rollout;
  const current =
    cluster.store.list(KINDS.replicaSets).find((set) => uidOf(set) === uidOf(rollout.current)) ??
    rollout.current;
  const minimum = wantedOf(deployment) - unavailableOf(deployment);
  const unready = Math.max(wantedOf(current) - availableOf(current), 0);
  let spare = wantedOf(current) + sum(olds, wantedOf) - minimum - unready;
  for (const set of olds) {
    if (spare <= 0) return;
    const cut = Math.min(wantedOf(set), spare);
    if (cut > 0) resize(cluster, set, wantedOf(set) - cut);
    spare -= cut;
  }
}

function roll(cluster: Cluster, rollout: Rollout): void {
  const { deployment, olds } = rollout;
  if (textAt(deployment, 'spec', 'strategy', 'type') !== 'Recreate') {
    growCurrent(cluster, rollout);
    shrinkOlds(cluster, rollout);
    return;
  }
  for (const set of olds) resize(cluster, set, 0);
  const left = sum(olds, (set) => numberAt(set, 'status', 'replicas') ?? 0);
  if (left === 0) resize(cluster, rollout.current, wantedOf(deployment));
}

/** Deletes the oldest ReplicaSets without pods beyond `revisionHistoryLimit`. */
function forgetRevisions(cluster: Cluster, rollout: Rollout): void {
  const limit = numberAt(rollout.deployment, 'spec', 'revisionHistoryLimit') ?? 10;
  const empty = rollout.olds.filter(
    (set) => wantedOf(set) === 0 && (numberAt(set, 'status', 'replicas') ?? 0) === 0,
  );
  for (const set of empty.slice(0, Math.max(rollout.olds.length - limit, 0))) {
    cluster.store.remove(KINDS.replicaSets, set);
  }
}

function conditionsOf(
  cluster: Cluster,
  deployment: JsonObject,
  done: { readonly available: boolean; readonly complete: boolean; readonly set: string },
): readonly Json[] {
  const time = timestamp(cluster.now());
  const build = (type: string, holds: boolean, reason: string): JsonObject => {
    const old = listAt(deployment, 'status', 'conditions').find(
      (one) => textAt(one, 'type') === type,
    );
    const status = holds ? 'True' : 'False';
    const same = textAt(old, 'status') === status && textAt(old, 'reason') === reason;
    const since = same ? textAt(old, 'lastUpdateTime') : time;
    const changed = textAt(old, 'status') === status ? textAt(old, 'lastTransitionTime') : time;
    const message = `ReplicaSet "${done.set}": ${reason}`;
    return { type, status, lastUpdateTime: since, lastTransitionTime: changed, reason, message };
  };
  return [
    build(
      'Available',
      done.available,
      done.available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    ),
    build('Progressing', true, done.complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'),
  ];
}

function writeStatus(
  cluster: Cluster,
  deployment: JsonObject,
  current: JsonObject | undefined,
): void {
  const sets = claimReplicaSets(cluster, deployment);
  const count = (key: string): number => sum(sets, (set) => numberAt(set, 'status', key) ?? 0);
  const newest = sets.find((set) => current !== undefined && uidOf(set) === uidOf(current));
  const updated = numberAt(newest, 'status', 'replicas') ?? 0;
  const wanted = wantedOf(deployment);
  const available = count('availableReplicas');
  const total = count('replicas');
  const complete = updated === wanted && total === wanted && available === wanted;
  const optional = (key: string, value: number): JsonObject =>
    value === 0 ? {} : { [key]: value };
  const status: JsonObject = {
    observedGeneration: numberAt(deployment, 'metadata', 'generation') ?? 1,
    ...optional('replicas', total),
    ...optional('updatedReplicas', updated),
    ...optional('readyReplicas', count('readyReplicas')),
    ...optional('availableReplicas', available),
    ...optional('unavailableReplicas', Math.max(total, wanted) - available),
    conditions: conditionsOf(cluster, deployment, {
      available: available >= wanted - unavailableOf(deployment),
      complete,
      set: newest === undefined ? '' : nameOf(newest),
    }),
  };
  const revision = newest === undefined ? 0 : revisionOf(newest);
  const path = ['metadata', 'annotations', REVISION];
  const numbered = revision === 0 ? deployment : withAt(deployment, path, revision.toString());
  cluster.store.replace(KINDS.deployments, { ...numbered, status });
}

/** Moves every Deployment one step towards its template and number of replicas. */
export function reconcileDeployments(cluster: Cluster): void {
  for (const deployment of cluster.store.list(KINDS.deployments)) {
    if (isDeleting(deployment)) continue;
    const sets = claimReplicaSets(cluster, deployment);
    const current = currentReplicaSet(cluster, deployment, sets);
    const olds = sets.filter((set) => current === undefined || uidOf(set) !== uidOf(current));
    const paused = at(deployment, 'spec', 'paused') === true;
    if (current !== undefined && paused) resize(cluster, current, wantedOf(deployment));
    if (current !== undefined && !paused) {
      const rollout = { deployment, current, olds };
      roll(cluster, rollout);
      forgetRevisions(cluster, rollout);
    }
    writeStatus(cluster, deployment, current);
  }
}
