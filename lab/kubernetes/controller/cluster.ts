import { createHash } from 'node:crypto';
import { invariant } from '../../../domain/error.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { nameOf, uidOf } from '../object.ts';
import type { ObjectStore } from '../object-store.ts';
import { apiVersionOf, findResource, type Resource } from '../resource.ts';

/** What every controller works on. */
export interface Cluster {
  readonly store: ObjectStore;
  readonly now: () => Date;
  /** The next number of a sequence: addresses, names. */
  readonly next: () => number;
  /** How long a pod starts, in milliseconds. */
  readonly readyDelayMs: number;
  /** Digest that the image registry would give; part of `imageID`. */
  readonly imageDigest: (image: string) => string;
}

function resource(group: string, plural: string): Resource {
  const found = findResource(group, plural);
  invariant(found, `the twin serves ${plural}`);
  return found;
}

/** The kinds that controllers work on. */
export const KINDS = {
  pods: resource('', 'pods'),
  services: resource('', 'services'),
  namespaces: resource('', 'namespaces'),
  deployments: resource('apps', 'deployments'),
  replicaSets: resource('apps', 'replicasets'),
  endpointSlices: resource('discovery.k8s.io', 'endpointslices'),
};

/** The reference that marks `owner` as controller. */
export function ownerReference(kind: Resource, owner: JsonObject): JsonObject {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: nameOf(owner),
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name part without vowels, as Kubernetes makes them; the same text gives the same one. */
export function safeSuffix(text: string, length: number): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, length);
  return [...bytes].map((byte) => SAFE_ALPHABET[byte % SAFE_ALPHABET.length] ?? 'b').join('');
}
