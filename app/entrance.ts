import type { Entrance } from '../api/dependencies.ts';
import { isLoopback } from '../domain/loopback.ts';

/** What of a process's settings says how requests come in. */
export interface EntranceSettings {
  readonly host: string;
  readonly baseUrl: string | null;
  readonly trustProxy?: boolean;
}

/**
 * How requests come in. Beyond loopback a process only listens where they come encrypted (`readConfig` refuses anything else), so that
 * cookies there are never sent on another way.
 */
export function entranceOf({ host, baseUrl, trustProxy = false }: EntranceSettings): Entrance {
  const encrypted = trustProxy || !isLoopback(host) || baseUrl?.startsWith('https://') === true;
  return { encrypted, behindProxy: trustProxy };
}
