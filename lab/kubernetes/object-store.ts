import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../domain/json.ts';
import { jsonEquals } from '../../domain/plan.ts';
import {
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  numberAt,
  recordAt,
  textAt,
  uidOf,
  withAt,
} from './object.ts';
import { apiVersionOf, RESOURCES, type Resource } from './resource.ts';

/** The objects of the twin, in memory, with one counter of versions as etcd has. */
export interface ObjectStore {
  /** Objects of a kind, of one namespace or (undefined) of all, by namespace and name. */
  list(resource: Resource, namespace?: string): readonly JsonObject[];
  get(resource: Resource, namespace: string, name: string): JsonObject | undefined;
  /** Stores a new object: uid, creation time, version and generation are set here. */
  insert(resource: Resource, object: JsonObject): JsonObject;
  /** Stores a changed object; an equal one keeps its version. */
  replace(resource: Resource, object: JsonObject): JsonObject;
  remove(resource: Resource, object: JsonObject): void;
  /** Version of the last change. */
  version(): number;
  /** Namespaces in which something changed after that version; the empty name stands for the cluster itself. */
  changedSince(version: number): readonly string[];
}

const FIRST_VERSION = 1_000;

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** A time as the API server writes it: seconds, UTC. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function specOf(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => key !== 'metadata' && key !== 'status'),
  );
}

/** An empty store. */
export function createObjectStore(now: () => Date): ObjectStore {
  const tables = new Map<Resource, Map<string, JsonObject>>(
    RESOURCES.map((resource) => [resource, new Map<string, JsonObject>()]),
  );
  const tableOf = (resource: Resource): Map<string, JsonObject> =>
    tables.get(resource) ?? new Map<string, JsonObject>();
  const lastChanges = new Map<string, number>();
  let version = FIRST_VERSION;
  const nextVersion = (object: JsonObject): void => {
    version += 1;
    lastChanges.set(namespaceOf(object), version);
  };
  const put = (resource: Resource, object: JsonObject): JsonObject => {
    nextVersion(object);
    const stored = withAt(object, ['metadata', 'resourceVersion'], version.toString());
    tableOf(resource).set(keyOf(namespaceOf(stored), nameOf(stored)), stored);
    return stored;
  };
  return {
    list: (resource, namespace) => {
      const prefix = namespace === undefined ? '' : keyOf(namespace, '');
      return [...tableOf(resource).entries()]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => object);
    },
    get: (resource, namespace, name) => tableOf(resource).get(keyOf(namespace, name)),
    insert: (resource, object) =>
      put(resource, {
        kind: resource.kind,
        apiVersion: apiVersionOf(resource),
        ...object,
        metadata: {
          ...recordAt(object, 'metadata'),
          uid: randomUUID(),
          creationTimestamp: timestamp(now()),
          ...(resource.generation ? { generation: 1 } : {}),
        },
      }),
    replace: (resource, object) => {
      const old = tableOf(resource).get(keyOf(namespaceOf(object), nameOf(object))) ?? {};
      const kept = withAt(
        object,
        ['metadata', 'resourceVersion'],
        textAt(old, 'metadata', 'resourceVersion'),
      );
      if (jsonEquals(old, kept)) return old;
      const moved = resource.generation && !jsonEquals(specOf(old), specOf(kept));
      const generation = (numberAt(old, 'metadata', 'generation') ?? 1) + 1;
      return put(resource, moved ? withAt(kept, ['metadata', 'generation'], generation) : kept);
    },
    remove: (resource, object) => {
      nextVersion(object);
      tableOf(resource).delete(keyOf(namespaceOf(object), nameOf(object)));
    },
    version: () => version,
    changedSince: (since) =>
      [...lastChanges].filter(([, changed]) => changed > since).map(([namespace]) => namespace),
  };
}

/** The objects as one JSON value without times and versions: two equal worlds have equal fingerprints. */
export function fingerprintOf(store: ObjectStore): JsonObject {
  const entries = RESOURCES.flatMap((resource) =>
    store.list(resource).map((object): [string, JsonObject] => [
      `${resource.plural}/${namespaceOf(object)}/${nameOf(object)}`,
      {
        ...specOf(object),
        uid: uidOf(object),
        labels: mapAt(object, 'metadata', 'labels'),
        annotations: mapAt(object, 'metadata', 'annotations'),
        owners: listAt(object, 'metadata', 'ownerReferences'),
      },
    ]),
  );
  return Object.fromEntries(entries);
}
