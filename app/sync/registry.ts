import { AppError, isAppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { subjectOf } from '../../domain/observation.ts';
import type { Seen } from '../../store/observation-table.ts';
import {
  modelsPage,
  versionsPage,
  type ListedModel,
  type ListedVersion,
} from './listing-schema.ts';
import { ask, recordAll, type SyncPlace } from './place.ts';

/** Pages of one listing; beyond, the round says that it saw too much and judges nothing. */
const PAGES_MAX = 400;
/** Things missing from a listing that are asked themselves in one round, before they count as gone. */
const MISSING_MAX = 500;

/** What a registry listed. */
export interface ListedRegistry {
  readonly models: readonly ListedModel[];
  readonly versions: readonly ListedVersion[];
}

/** The probe that makes an instance a registry. */
export const REGISTRY_PROBE = 'model-versions';

async function pages<T>(
  place: SyncPlace,
  probe: string,
  read: (value: Json) => { readonly items: readonly T[]; readonly next: string | null },
): Promise<readonly T[]> {
  const items: T[] = [];
  let page: string | null = null;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const answer = read(await ask(place, probe, { page }));
    items.push(...answer.items);
    if (answer.next === null) return items;
    page = answer.next;
  }
  throw new AppError('too_large', `${place.instance.name} lists more than is read.`);
}

function versionSeen(place: SyncPlace, version: ListedVersion, known: ReadonlySet<string>): Seen {
  const { updatedAt, ...value } = version;
  const subject = subjectOf.version(version.name, version.version);
  // What we know already changed when the registry says so; what is new began when it was made.
  const validFrom = known.has(subject) ? updatedAt : version.createdAt;
  return { subject, value, validFrom, backFill: place.first };
}

function aliasesSeen(place: SyncPlace, models: readonly ListedModel[]): readonly Seen[] {
  return models.flatMap(({ name, aliases }) =>
    Object.entries(aliases).map(([alias, version]) => ({
      subject: subjectOf.alias(name, alias),
      value: { name, alias, version },
      // No registry says since when an alias points where it does.
      validFrom: null,
      backFill: place.first,
    })),
  );
}

/** True when the registry itself says that there is no such thing; a listing may have missed it. */
async function isGone(place: SyncPlace, kind: 'version' | 'alias', subject: string) {
  const [name = '', other = ''] = subject.split('/').map(decodeURIComponent);
  try {
    if (kind === 'version') {
      await ask(place, 'version', { name, version: other });
      return false;
    }
    const answer = await ask(place, 'alias', { name, alias: other });
    return typeof answer === 'object' && answer !== null && 'version' in answer
      ? answer['version'] === null
      : false;
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return true;
    throw error;
  }
}

async function recordKind(
  place: SyncPlace,
  kind: 'version' | 'alias',
  seenOf: (known: ReadonlySet<string>) => readonly Seen[],
): Promise<void> {
  const heads = await place.store.observations.heads({ instance: place.instance.name, kind });
  const known = new Set(heads.filter(({ gone }) => !gone).map(({ subject }) => subject));
  const seen = seenOf(known);
  const subjects = new Set(seen.map(({ subject }) => subject));
  const missing = [...known].filter((subject) => !subjects.has(subject)).slice(0, MISSING_MAX);
  const gone: Seen[] = [];
  for (const subject of missing) {
    if (await isGone(place, kind, subject)) {
      gone.push({ subject, value: null, validFrom: null, backFill: false });
    }
  }
  await recordAll(place, kind, [...seen, ...gone]);
}

/** Reads a registry whole, page by page, and stores what differs. Raises what its probes raise, and `too_large`. */
export async function syncRegistry(place: SyncPlace): Promise<ListedRegistry> {
  const models = await pages(place, 'models', (value) => {
    const page = modelsPage.parse(value);
    return { items: page.models, next: page.next };
  });
  const versions = await pages(place, REGISTRY_PROBE, (value) => {
    const page = versionsPage.parse(value);
    return { items: page.versions, next: page.next };
  });
  await recordKind(place, 'version', (known) =>
    versions.map((version) => versionSeen(place, version, known)),
  );
  await recordKind(place, 'alias', () => aliasesSeen(place, models));
  return { models, versions };
}
