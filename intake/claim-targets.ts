import type { Alert } from '../domain/alert.ts';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';

/** What a ReplicaSet and its pods add to the name of their Deployment. */
const POD_OF = /^(.+)-[a-z0-9]{1,10}-[a-z0-9]{5}$/;

/** The claim keys of serving objects by the names that labels give them. */
export type NamedObjects = ReadonlyMap<string, readonly string[]>;

function nameOf(kind: 'deployment' | 'service', namespace: string, name: string): string {
  return JSON.stringify([kind, namespace, name]);
}

function claimKeyOf({ cluster, kind, namespace, name }: ServingObject): string {
  return `${cluster}/${kind}/${namespace}/${name}`;
}

/** Indexes the serving objects of an inventory by Deployment and by Service. */
export function indexNames(inventory: readonly InventoryEntry[]): NamedObjects {
  const named = new Map<string, string[]>();
  const put = (name: string, object: ServingObject): void => {
    named.set(name, [...(named.get(name) ?? []), claimKeyOf(object)]);
  };
  for (const { serving, service } of inventory) {
    for (const object of serving) put(nameOf('deployment', object.namespace, object.name), object);
    const [namespace, name] = service?.split('/') ?? [];
    if (namespace === undefined || name === undefined) continue;
    for (const object of serving) put(nameOf('service', namespace, name), object);
  }
  return named;
}

/** The Deployments and the Service that labels name; a pod stands for the Deployment that made it. */
function namesIn(labels: Alert['labels']): readonly string[] {
  const { namespace, deployment, pod, service } = labels;
  if (namespace === undefined) return [];
  const owner = deployment ?? POD_OF.exec(pod ?? '')?.[1];
  return [
    ...(owner === undefined ? [] : [nameOf('deployment', namespace, owner)]),
    ...(service === undefined ? [] : [nameOf('service', namespace, service)]),
  ];
}

/**
 * Claim targets that an alert speaks about: the serving object that its labels name, else all of the model's; without
 * a model what its labels name anywhere, as a pod that is not ready names no model. An alert about what an open
 * incident holds is a consequence of that incident, not a new one; nothing is ever changed by these names.
 */
export function claimTargetsOf(
  { labels }: Alert,
  entry: InventoryEntry | null,
  named: NamedObjects,
): readonly string[] {
  if (entry === null) {
    return [...new Set(namesIn(labels).flatMap((name) => named.get(name) ?? []))];
  }
  const { namespace, deployment } = labels;
  const meant = entry.serving.filter(
    (object) => object.namespace === namespace && object.name === deployment,
  );
  return (meant.length > 0 ? meant : entry.serving).map(claimKeyOf);
}
