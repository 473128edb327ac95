import type { Logger } from 'pino';
import type { ReloadReport } from '../api/dependencies.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { InstalledRules } from './rules/install.ts';
import { isRuleKey } from './rules/rules-of.ts';

/** Parts of the file that are read at each use, beside the rules; everything else is built into the running process. */
const LIVE: ReadonlySet<string> = new Set(['sources', 'escalation', 'onCall', 'breakGlass']);

/** What a reload needs. */
export interface ReloadOptions {
  readonly rules: Pick<InstalledRules, 'live' | 'desk' | 'file' | 'takeFile'>;
  /** Reads the file again; null when the process was started without one. Raises `invalid`. */
  readonly read: (() => Promise<Configuration>) | null;
  readonly log: Logger;
}

/** Top-level keys in which two configurations differ. */
function changedKeys(before: Configuration, after: Configuration): readonly string[] {
  const [old, values] = [before, after].map((one) => new Map<string, unknown>(Object.entries(one)));
  const keys = new Set([...(old?.keys() ?? []), ...(values?.keys() ?? [])]);
  // A part that is taken out of the file changes as well.
  return [...keys].filter(
    (key) => canonicalJson(old?.get(key) ?? null) !== canonicalJson(values?.get(key) ?? null),
  );
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
  return [...keys.filter((key) => !LIVE.has(key) && !isRuleKey(key)), ...rounds];
}

async function reloadOnce({ rules, read, log }: ReloadOptions): Promise<ReloadReport> {
  if (read === null) {
    throw new AppError('invalid', 'This process was started without a configuration file.', {
      field: 'config',
    });
  }
  const next = await read();
  const needsRestart = restartsFor(rules.file(), next, changedKeys(rules.file(), next));
  // Half a file is no file: a route may name what only the restart brings.
  if (needsRestart.length > 0) {
    log.warn({ needsRestart }, 'configuration not reloaded: a restart is needed');
    return { changed: [], needsRestart, proposed: null };
  }
  const before = rules.live.configuration();
  // Rules first: when they cannot be asked for, the old file stays whole.
  const asked = await rules.desk?.proposeFile(next);
  await rules.takeFile(next);
  const changed = changedKeys(before, rules.live.configuration());
  const proposed = asked?.outcome === 'proposed' ? asked.change.id : null;
  log.info({ changed, proposed }, 'configuration reloaded');
  return { changed, needsRestart: [], proposed };
}

/**
 * A function that reads the configuration again and puts it in force; rules that people have to approve wait for them, and
 * what is in force stays. Calls at the same time wait for each other. Raises `invalid` for a file with a mistake, and
 * `unavailable` when the rules cannot be written: then the old one stays whole.
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
