import { forEachAtMost } from '../../activities/fan-out.ts';
import { isAppError, type ErrorCode } from '../../domain/error.ts';
import { subjectOf } from '../../domain/observation.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { CurrentObservation, Seen } from '../../store/observation-table.ts';
import {
  artifactDigest,
  artifactListing,
  runInputs,
  storedArtifact,
  type ListedVersion,
  type StoredArtifact,
} from './listing-schema.ts';
import { ask, recordAll, type SyncPlace } from './place.ts';

const AT_ONCE = 8;
/** Versions whose results are stored together: a round that dies loses no more than these. */
const CHUNK = 64;
/** Listings of versions in use that one round looks at again, and of all others, the longest unseen first. */
const AGAIN = { inUse: 500, others: 200 } as const;

/** What one round may still do with bytes, and with whom it begins. */
export interface ArtifactWork {
  readonly place: SyncPlace;
  readonly versions: readonly ListedVersion[];
  /** `subjectOf.version` of versions that an alias names or that are served. */
  readonly inUse: ReadonlySet<string>;
  /** Registry names of inventoried models: their versions come first. */
  readonly inventoried: ReadonlySet<string>;
  /** When the sync began to look at this registry, RFC 3339: what was made earlier is back-fill. */
  readonly began: string;
  /** False when the round's time is over: what is left waits for the next one. */
  readonly mayGoOn: () => boolean;
}

function subject({ name, version }: ListedVersion): string {
  return subjectOf.version(name, version);
}

/** Inventoried models first, then what is in use, then the newest. */
function byUrgency(
  work: Pick<ArtifactWork, 'inUse' | 'inventoried'>,
): (a: ListedVersion, b: ListedVersion) => number {
  const rank = (one: ListedVersion): number =>
    (work.inventoried.has(one.name) ? 0 : 2) + (work.inUse.has(subject(one)) ? 0 : 1);
  return (a, b) => rank(a) - rank(b) || ((a.createdAt ?? '') < (b.createdAt ?? '') ? 1 : -1);
}

function backFill({ began }: ArtifactWork, { createdAt }: ListedVersion): boolean {
  return createdAt === null || Date.parse(createdAt) < Date.parse(began);
}

/** Codes that another try in the next round would meet again: they are recorded, so that nobody asks for ever. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not_found',
  'unsupported',
  'too_large',
  'invalid',
  'bad_reply',
]);

function unreadable(version: ListedVersion, problem: string): StoredArtifact {
  const { name } = version;
  return { name, version: version.version, sha256: null, bytes: null, listing: null, problem };
}

/** Names and sizes as one digest; null when a size is not told: then nothing says that the bytes are the same. */
function listingDigest(value: unknown): string | null {
  const { files } = artifactListing.parse(value);
  if (files.some(({ bytes }) => bytes === null)) return null;
  const lines = files.map(({ path, bytes }) => `${path}\0${String(bytes)}\n`);
  return sha256Hex(Buffer.from(lines.join('')));
}

/**
 * The artefact as it is now. Its bytes are read only when the names and sizes differ from those that its digest was
 * taken under. Null: it could not be told now, and may be in the next round.
 */
async function lookAt(
  place: SyncPlace,
  version: ListedVersion,
  known: StoredArtifact | null,
): Promise<StoredArtifact | null> {
  const input = { name: version.name, version: version.version };
  try {
    const asked = { ...input, source: version.source };
    const listing = listingDigest(await ask(place, 'artifact-listing', asked));
    const isRead = known !== null && known.sha256 !== null;
    if (isRead && (listing === null || listing === known.listing)) return known;
    const { sha256, bytes } = artifactDigest.parse(await ask(place, 'artifact-digest', input));
    return { ...input, sha256, bytes, listing, problem: null };
  } catch (error) {
    if (!isAppError(error)) throw error;
    if (!LASTING.has(error.code)) return null;
    // What was read once stays on record; that it cannot be read any more is news.
    return unreadable(version, error.code);
  }
}

/** A run that still goes on may be told more inputs; one that nobody ended is not waited for. */
const UNFINISHED: ReadonlySet<string> = new Set(['RUNNING', 'SCHEDULED']);
const YOUNG_MS = 24 * 3_600_000;

function isYoung(place: SyncPlace, { createdAt }: ListedVersion): boolean {
  return createdAt !== null && place.context.now().getTime() - Date.parse(createdAt) < YOUNG_MS;
}

/** What went into the run of a version; null when nothing can be told now. */
async function inputsOf(place: SyncPlace, version: ListedVersion): Promise<Seen['value']> {
  const { name, runId } = version;
  if (runId === null) return null;
  try {
    const { status, datasets } = runInputs.parse(await ask(place, 'run', { runId }));
    if (UNFINISHED.has(status) && isYoung(place, version)) return null;
    return { name, version: version.version, runId, status, datasets };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return LASTING.has(error.code)
      ? { name, version: version.version, runId, status: error.code, datasets: [] }
      : null;
  }
}

/** Looks at some versions, a chunk at a time, and stores what differs. Answers how many were looked at. */
async function lookAtAll(
  work: ArtifactWork,
  due: readonly ListedVersion[],
  known: ReadonlyMap<string, StoredArtifact>,
): Promise<number> {
  const { place } = work;
  let looked = 0;
  for (let from = 0; from < due.length && work.mayGoOn(); from += CHUNK) {
    const chunk = due.slice(from, from + CHUNK);
    const found = await forEachAtMost(AT_ONCE, chunk, async (version) => {
      place.context.heartbeat(subject(version));
      const value = await lookAt(place, version, known.get(subject(version)) ?? null);
      return { version, value };
    });
    const seen = found.flatMap(({ version, value }): readonly Seen[] =>
      value === null
        ? []
        : [
            {
              subject: subject(version),
              value,
              validFrom: null,
              backFill: backFill(work, version),
            },
          ],
    );
    await recordAll(place, 'artifact', seen);
    await place.store.observations.looked(
      { instance: place.instance.name, kind: 'artifact' },
      seen.map((one) => one.subject),
    );
    looked += chunk.length;
  }
  return looked;
}

async function inputsOfAll(work: ArtifactWork): Promise<void> {
  const { place, versions } = work;
  const at = { instance: place.instance.name, kind: 'inputs' } as const;
  const heads = await place.store.observations.heads(at);
  const known = new Set(heads.map((head) => head.subject));
  const due = versions.filter((one) => one.runId !== null && !known.has(subject(one)));
  for (let from = 0; from < due.length && work.mayGoOn(); from += CHUNK) {
    const chunk = due.slice(from, from + CHUNK);
    const found = await forEachAtMost(AT_ONCE, chunk, async (version) => ({
      version,
      value: await inputsOf(place, version),
    }));
    const seen = found
      .filter(({ value }) => value !== null)
      .map(({ version, value }) => ({
        subject: subject(version),
        value,
        validFrom: version.createdAt,
        backFill: backFill(work, version),
      }));
    await recordAll(place, 'inputs', seen);
  }
}

function knownArtifacts(
  current: readonly CurrentObservation[],
): ReadonlyMap<string, StoredArtifact> {
  return new Map(current.map((one) => [one.subject, storedArtifact.parse(one.value)]));
}

/** Which versions are looked at: all that never were, then some of those that were, the longest unseen first. */
async function dueOf(
  work: ArtifactWork,
  known: ReadonlyMap<string, StoredArtifact>,
): Promise<readonly ListedVersion[]> {
  const { place, versions, inUse } = work;
  const fresh = versions.filter((one) => !known.has(subject(one)));
  const at = { instance: place.instance.name, kind: 'artifact' } as const;
  const heads = await place.store.observations.heads(at);
  const lookedAt = new Map(heads.map((head) => [head.subject, head.lookedAt]));
  const stale = versions
    .filter((one) => known.has(subject(one)))
    .map((version) => ({ version, at: lookedAt.get(subject(version)) ?? '' }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ version }) => version);
  const used = stale.filter((one) => inUse.has(subject(one))).slice(0, AGAIN.inUse);
  const others = stale.filter((one) => !inUse.has(subject(one))).slice(0, AGAIN.others);
  return [...used, ...others, ...fresh.toSorted(byUrgency(work))];
}

/**
 * Digests what was never read, looks again at some of what was, and notes what went into new versions. The same bytes
 * are never read twice: a digest is taken again only when names or sizes changed.
 */
export async function syncArtifacts(work: ArtifactWork): Promise<{ readonly looked: number }> {
  const at = { instance: work.place.instance.name, kind: 'artifact' } as const;
  const known = knownArtifacts(await work.place.store.observations.current(at));
  const looked = await lookAtAll(work, await dueOf(work, known), known);
  await inputsOfAll(work);
  return { looked };
}
