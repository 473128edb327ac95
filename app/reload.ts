import type { Logger } from 'pino';
import type { ReloadReport } from '../api/dependencies.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { Store } from '../store/tables.ts';
import { allSources, putPeople } from './first-start.ts';
import type { Live } from './live.ts';

/** Parts of the file that are read at each use; everything else is built into the running process. */
const LIVE: ReadonlySet<string> = new Set([
  'sources',
  'inventory',
  'selectionRules',
  'routes',
  'storm',
  'people',
]);

/** What a reload needs. */
export interface ReloadOptions {
  readonly live: Live;
  readonly store: Store;
  /** Reads the file again; null when the process was started without one. Raises `invalid`. */
  readonly read: (() => Promise<Configuration>) | null;
  readonly log: Logger;
}

/** Top-level keys in which two configurations differ. */
function changedKeys(before: Configuration, after: Configuration): readonly string[] {
  const values = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([key, value]: [string, unknown]) => {
      const old = values.get(key);
      return old === undefined || canonicalJson(old) !== canonicalJson(value);
    })
    .map(([key]) => key);
}

/** What of the sources the rounds of the self watch were made with. */
function watchedOf({ sources }: Configuration): string {
  const watched = sources.flatMap(({ name, watchdog = null, alertmanager = null }) =>
    watchdog === null && alertmanager === null ? [] : [{ name, watchdog, alertmanager }],
  );
  return canonicalJson(watched);
}

/** The changes that the running process cannot follow, by name. */
function restartsFor(
  before: Configuration,
  after: Configuration,
  keys: readonly string[],
): readonly string[] {
  const rounds = watchedOf(before) === watchedOf(after) ? [] : ['sources (watchdog, alertmanager)'];
  return [...keys.filter((key) => !LIVE.has(key)), ...rounds];
}

async function reloadOnce({ live, store, read, log }: ReloadOptions): Promise<ReloadReport> {
  if (read === null) {
    throw new AppError('invalid', 'This process was started without a configuration file.', {
      field: 'config',
    });
  }
  const configuration = await read();
  const before = live.configuration();
  const keys = changedKeys(before, configuration);
  const needsRestart = restartsFor(before, configuration, keys);
  // Half a file is no file: a route may name what only the restart brings.
  if (needsRestart.length > 0) {
    log.warn({ needsRestart }, 'configuration not reloaded: a restart is needed');
    return { changed: [], needsRestart };
  }
  const next = live.prepare(configuration, await allSources(store, configuration));
  await putPeople(store, configuration.people);
  next.swap();
  log.info({ changed: keys }, 'configuration reloaded');
  return { changed: keys, needsRestart: [] };
}

/**
 * A function that reads the configuration again and puts it in force, whole or not at all; calls at the same time wait for
 * each other. Raises `invalid` for a file with a mistake, and `unavailable` when people cannot be written: then the old one stays.
 */
export function createReload(options: ReloadOptions): () => Promise<ReloadReport> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const turn = last.then(
      () => reloadOnce(options),
      () => reloadOnce(options),
    );
    last = turn;
    return turn;
  };
}
