import type { JsonObject } from '../../../domain/json.ts';
import { listAt, nameOf, namespaceOf, textAt, uidOf, withAt } from '../object.ts';
import type { ObjectStore } from '../object-store.ts';
import { RESOURCES } from '../resource.ts';
import { KINDS, type Cluster } from './cluster.ts';

/** Removes objects all of whose owners are gone, and what lies in namespaces that are gone. */
export function collectGarbage(cluster: Cluster): void {
  const { store } = cluster;
  const everything = RESOURCES.flatMap((resource) =>
    store.list(resource).map((object) => ({ resource, object })),
  );
  const uids = new Set(everything.map(({ object }) => uidOf(object)));
  const namespaces = new Set(store.list(KINDS.namespaces).map(nameOf));
  const isOrphan = (object: JsonObject): boolean => {
    const owners = listAt(object, 'metadata', 'ownerReferences');
    return owners.length > 0 && owners.every((owner) => !uids.has(textAt(owner, 'uid')));
  };
  for (const { resource, object } of everything) {
    const homeless = resource.namespaced && !namespaces.has(namespaceOf(object));
    if (homeless || isOrphan(object)) store.remove(resource, object);
  }
}

/** Takes an owner's reference off its dependents, as a deletion with policy `Orphan` does. */
export function orphanDependents(store: ObjectStore, owner: JsonObject): void {
  for (const resource of RESOURCES) {
    for (const object of store.list(resource)) {
      const owners = listAt(object, 'metadata', 'ownerReferences');
      const rest = owners.filter((one) => textAt(one, 'uid') !== uidOf(owner));
      if (rest.length === owners.length) continue;
      const left = rest.length === 0 ? undefined : rest;
      store.replace(resource, withAt(object, ['metadata', 'ownerReferences'], left));
    }
  }
}
