import { toAppError } from '../domain/error.ts';
import type { Health } from './connector.ts';

/**
 * The health that follows from asking: `ask` answers the version (null when the system does not say) or raises.
 * `unauthorized` is reachable with a right missing; every other failure is not reachable. Raises nothing.
 */
export async function healthOf(ask: () => Promise<string | null>): Promise<Health> {
  try {
    return { reachable: true, version: await ask(), missing: [], problem: null };
  } catch (error) {
    const { code, message, permission } = toAppError(error);
    const reachable = code === 'unauthorized';
    const missing = reachable ? [permission ?? 'a valid credential'] : [];
    return { reachable, version: null, missing, problem: message };
  }
}
