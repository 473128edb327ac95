import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where programs that were fetched are kept between runs: `$XDG_CACHE_HOME/firebreak`, else
 * `~/.cache/firebreak`. The set-up script computes the same.
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['XDG_CACHE_HOME'] ?? '';
  if (isAbsolute(given)) return join(given, 'firebreak');
  const home = environment['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'firebreak') : join(tmpdir(), 'firebreak-cache');
}
