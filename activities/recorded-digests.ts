import { isJsonObject, type Json } from '../domain/json.ts';
import type { RecordedDigest } from '../domain/known-good.ts';
import { asOf, subjectOf, type Observation } from '../domain/observation.ts';
import type { Store } from '../store/tables.ts';

/** Which versions are asked about, and until when a record counts as a proof. */
export interface DigestQuestion {
  /** Connector instance of the registry. */
  readonly instance: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly windowStart: string;
}

function digestIn(value: Json, member: 'sha256' | 'digest'): string | null {
  const digest = isJsonObject(value) ? value[member] : null;
  return typeof digest === 'string' ? digest : null;
}

/**
 * One subject's digest as we knew it when the compromise may have begun; where we knew none, the first that we learned
 * afterwards, which proves nothing.
 */
function recordedIn(
  history: readonly Observation[],
  member: 'sha256' | 'digest',
  windowStart: string,
): Pick<RecordedDigest, 'digest' | 'recordedAt'> | null {
  const digested = history.filter(({ value }) => digestIn(value, member) !== null);
  const before = asOf(digested, { validAt: windowStart, knownAt: windowStart });
  const told = before ?? digested[0];
  const digest = told ? digestIn(told.value, member) : null;
  return told && digest !== null ? { digest, recordedAt: told.recordedAt } : null;
}

/** What the sync has on record of some versions: digests of their bytes, and what the registry said. By version. */
export async function recordedDigests(
  { observations }: Pick<Store, 'observations'>,
  { instance, name, versions, windowStart }: DigestQuestion,
): Promise<ReadonlyMap<string, readonly RecordedDigest[]>> {
  const subjects = versions.map((version) => subjectOf.version(name, version));
  const [artifacts, stated] = await Promise.all([
    observations.history('artifact', subjects),
    observations.history('version', subjects),
  ]);
  const found = new Map<string, readonly RecordedDigest[]>();
  for (const version of versions) {
    const subject = subjectOf.version(name, version);
    const mine = (all: readonly Observation[]): readonly Observation[] =>
      all.filter((one) => one.subject === subject && one.instance === instance);
    const bytes = recordedIn(mine(artifacts), 'sha256', windowStart);
    const registry = recordedIn(mine(stated), 'digest', windowStart);
    found.set(version, [
      ...(bytes ? [{ ...bytes, source: 'stored bytes' }] : []),
      ...(registry ? [{ ...registry, source: 'registry' }] : []),
    ]);
  }
  return found;
}
