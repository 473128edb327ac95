import { isAppError } from '../../domain/error.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { CallContext } from '../connector.ts';
import { FIELD_MANAGER, type KubernetesClient } from './client.ts';
import { ownershipOf } from './ownership.ts';
import { deploymentReply, type ManagedFields } from './reply-schema.ts';

/** Fields of an object, each as its path; all below a path count as well. */
export type FieldPaths = readonly (readonly string[])[];

const REPLICAS = 'replicas';
const NAME_LENGTH_MAX = 253;

/** True when an entry says that its manager set the field, or something below it. */
function owns(fields: Json | undefined, path: readonly string[]): boolean {
  let at: Json | undefined = fields;
  for (const key of path) {
    at = isJsonObject(at) ? at[`f:${key}`] : undefined;
    if (at === undefined) return false;
  }
  return true;
}

/** The newest of the managers, ourselves aside, that own one of the fields; null when none does. */
function managerOf(entries: readonly ManagedFields[], fields: FieldPaths): string | null {
  const [newest] = entries
    .filter(({ manager }) => manager !== FIELD_MANAGER)
    .filter(({ fieldsV1 }) => fields.some((path) => owns(fieldsV1, path)))
    .toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return newest?.manager.slice(0, NAME_LENGTH_MAX) ?? null;
}

interface MovedThing {
  readonly metadata: { readonly managedFields?: readonly ManagedFields[] | null | undefined };
}

interface Others {
  readonly autoscalers: readonly string[];
  readonly owners: readonly string[];
}

/** Autoscalers and delivery tools of a Deployment; nobody where they may not be asked. */
async function othersOf(
  client: KubernetesClient,
  thing: MovedThing,
  context: CallContext,
): Promise<Others> {
  const deployment = deploymentReply.safeParse(thing);
  if (!deployment.success) return { autoscalers: [], owners: [] };
  try {
    return await ownershipOf(client, deployment.data, context);
  } catch (error) {
    if (isAppError(error)) return { autoscalers: [], owners: [] };
    throw error;
  }
}

/**
 * Who moved fields of ours away, as far as the cluster tells: the autoscaler that sets the replicas, else the manager
 * that owns the field now, with the delivery tools whose marks the object has. Null when nobody can be named.
 */
export async function moverOf(
  client: KubernetesClient,
  moved: { readonly thing: MovedThing; readonly fields: FieldPaths },
  context: CallContext,
): Promise<string | null> {
  const { thing, fields } = moved;
  const manager = managerOf(thing.metadata.managedFields ?? [], fields);
  const { autoscalers, owners } = await othersOf(client, thing, context);
  const [autoscaler] = autoscalers;
  const scales = fields.some((path) => path.at(-1) === REPLICAS);
  if (scales && autoscaler !== undefined) return `HorizontalPodAutoscaler/${autoscaler}`;
  const tools = owners.filter((owner) => !owner.startsWith('HorizontalPodAutoscaler/'));
  if (tools.length === 0) return manager;
  return manager === null ? tools.join(', ') : `${manager} (${tools.join(', ')})`;
}
