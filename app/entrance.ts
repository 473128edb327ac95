import type { Entrance } from '../api/dependencies.ts';
import { isLoopback } from '../domain/loopback.ts';
import type { TlsFiles } from './tls-files.ts';

/** What of a process's settings says how requests come in. */
export interface EntranceSettings {
  readonly host: string;
  readonly baseUrl: string | null;
  readonly trustProxy?: boolean;
  readonly tls?: TlsFiles | null;
}

/**
 * How requests come in. Beyond loopback a process only listens where they come encrypted (`readConfig` refuses anything else), so that
 * cookies there are never sent on another way.
 */
export function entranceOf(settings: EntranceSettings): Entrance {
  const { host, baseUrl, trustProxy = false, tls = null } = settings;
  const encrypted =
    tls !== null || trustProxy || !isLoopback(host) || baseUrl?.startsWith('https://') === true;
  return { encrypted, behindProxy: trustProxy };
}
