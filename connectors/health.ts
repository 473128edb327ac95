import { toAppError } from '../domain/error.ts';
import type { Health } from './connector.ts';
import type { HttpClient } from './http.ts';

/** What the last answer of a client said of the other side's clock. */
export function clockOf(
  http: Pick<HttpClient, 'clockSkewMs'> | undefined,
): Pick<Health, 'clockSkewMs'> {
  const clockSkewMs = http?.clockSkewMs();
  return clockSkewMs === undefined ? {} : { clockSkewMs };
}

/**
 * The health that follows from asking: `ask` answers the version (null when the system does not say) or raises.
 * `unauthorized` is reachable with a right missing; every other failure is not reachable. Raises nothing.
 */
export async function healthOf(
  ask: () => Promise<string | null>,
  http?: Pick<HttpClient, 'clockSkewMs'>,
): Promise<Health> {
  try {
    const version = await ask();
    return { reachable: true, version, missing: [], problem: null, ...clockOf(http) };
  } catch (error) {
    const { code, message, permission } = toAppError(error);
    const reachable = code === 'unauthorized';
    const missing = reachable ? [permission ?? 'a valid credential'] : [];
    return { reachable, version: null, missing, problem: message, ...clockOf(http) };
  }
}
