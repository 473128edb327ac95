import { toAppError } from '../../domain/error.ts';
import type { CallContext, Health } from '../connector.ts';
import { clockOf } from '../health.ts';
import { healthContext } from '../http.ts';
import type { KubernetesClient, Right } from './client.ts';
import { ACT_RIGHTS, OBSERVE_RIGHTS, rightName, type Rights } from './rights.ts';

/** Reviews under way at once. */
const REVIEWS_AT_ONCE = 8;

function nameOf({ namespace, ...right }: Right): string {
  return `${rightName(right)}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** Names of the rights among these that we lack, in the configured namespaces or in all. */
async function missingRights(
  client: KubernetesClient,
  asked: {
    readonly kinds: readonly Rights[];
    readonly namespaces: readonly (string | undefined)[];
  },
  context: CallContext,
): Promise<readonly string[]> {
  const rights: readonly Right[] = asked.namespaces.flatMap((namespace) =>
    asked.kinds.flatMap(({ verbs, ...kind }) =>
      verbs.map((verb) => ({ ...kind, verb, namespace })),
    ),
  );
  const missing: string[] = [];
  for (let start = 0; start < rights.length; start += REVIEWS_AT_ONCE) {
    const some = rights.slice(start, start + REVIEWS_AT_ONCE);
    const allowed = await Promise.all(some.map((right) => client.may(right, context)));
    missing.push(...some.filter((_, index) => allowed[index] !== true).map(nameOf));
  }
  return missing;
}

/** Asks for the version and reviews each right, in the configured namespaces or in all. Raises nothing. */
export async function healthOf(
  client: KubernetesClient,
  namespaces: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Health> {
  const context = healthContext(signal);
  try {
    const version = await client.version(context);
    const places = namespaces ?? [undefined];
    const ask = (kinds: readonly Rights[]): Promise<readonly string[]> =>
      missingRights(client, { kinds, namespaces: places }, context);
    const missingToObserve = await ask(OBSERVE_RIGHTS);
    const missingToAct = await ask(ACT_RIGHTS);
    const missing = [...missingToObserve, ...missingToAct];
    const problem = missing.length === 0 ? null : `Rights are missing: ${missing.join(', ')}.`;
    return { reachable: true, version, missing, missingToAct, problem, ...clockOf(client) };
  } catch (error) {
    const { code, message, permission } = toAppError(error);
    const reachable = code === 'unauthorized';
    const missing = reachable ? [permission ?? 'a valid credential'] : [];
    return { reachable, version: null, missing, problem: message, ...clockOf(client) };
  }
}
