import type { Logger } from 'pino';
import type { SyncOutcome } from '../../activities/activity.ts';
import type { Attempt, ConnectorInstance } from '../../activities/dependencies.ts';
import { toAppError } from '../../domain/error.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { subjectOf } from '../../domain/observation.ts';
import type { Router } from '../../intake/routing.ts';
import type { Store } from '../../store/tables.ts';
import { syncArtifacts } from './artifacts.ts';
import { CLUSTER_PROBE, syncCluster } from './cluster.ts';
import { judge } from './judge.ts';
import type { ListedVersion } from './listing-schema.ts';
import { readingContext, type SyncPlace } from './place.ts';
import { REGISTRY_PROBE, syncRegistry, type ListedRegistry } from './registry.ts';
import { registrySight, servingSights, usedVersions, type SeenRegistry } from './sights.ts';
import { tellFindings } from './tell.ts';

/** How long one round may read bytes and runs; what is left waits for the next round. */
const BYTES_WITHIN_MS = 240_000;

/** What the sync works on. */
export interface SyncDependencies {
  readonly store: Store;
  readonly instances: readonly ConnectorInstance[];
  /** What runs where, as configured now. */
  readonly inventory: () => readonly InventoryEntry[];
  readonly router: Pick<Router, 'route'>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** How one round is run. */
export interface RoundLimits extends Pick<Attempt, 'signal' | 'heartbeat'> {
  /** How long it may read bytes and runs, in milliseconds; four minutes by default. */
  readonly bytesWithinMs?: number;
}

/** Looks at registries and clusters, records what it sees and tells what is wrong in it. It changes nothing outside. */
export interface Sync {
  /** One round. Raises what the store raises; an instance in trouble is told in `problems`. */
  round(how: RoundLimits): Promise<SyncOutcome>;
}

/** One registry of a round. */
interface RoundRegistry {
  readonly place: SyncPlace;
  readonly began: string;
  readonly listed: ListedRegistry;
}

/** One round under way. */
interface Round extends Required<RoundLimits> {
  readonly deps: SyncDependencies;
  readonly problems: string[];
}

function firstKey(instance: string): string {
  return `sync/first/${instance}`;
}

function has({ connector }: ConnectorInstance, probe: string): boolean {
  return Object.hasOwn(connector.probes, probe);
}

/** Does one instance's part; its trouble is noted, and everybody else goes on. */
async function attempt<T>(
  { deps, problems, signal, heartbeat }: Round,
  instance: ConnectorInstance,
  work: (place: SyncPlace, began: string) => Promise<T>,
): Promise<T | null> {
  const { store, now, log } = deps;
  const key = firstKey(instance.name);
  const known = await store.settings.putIfAbsent(key, { began: now().toISOString(), whole: false });
  const mark = typeof known === 'object' && known !== null && 'began' in known ? known : null;
  const first = mark?.['whole'] !== true;
  const began = typeof mark?.['began'] === 'string' ? mark['began'] : now().toISOString();
  try {
    const context = readingContext(signal, () => {
      heartbeat(instance.name);
    });
    const done = await work({ store, instance, context, first }, began);
    if (first) await store.settings.put(key, { began, whole: true });
    return done;
  } catch (error) {
    const { code, message } = toAppError(error);
    log.warn({ instance: instance.name, code }, `not seen whole: ${message}`);
    problems.push(`${instance.name}: ${message}`);
    return null;
  }
}

function inventoriedObjects(inventory: readonly InventoryEntry[], cluster: string) {
  return new Set(
    inventory
      .flatMap(({ serving }) => serving)
      .filter((object) => object.cluster === cluster)
      .map(({ namespace, name }) => subjectOf.workload(namespace, name)),
  );
}

/** Looks at every cluster; answers those that were seen whole, and whether all were. */
async function lookAtClusters(round: Round): Promise<readonly string[] | null> {
  const { instances } = round.deps;
  const inventory = round.deps.inventory();
  const seen: string[] = [];
  const clusters = instances.filter((instance) => has(instance, CLUSTER_PROBE));
  for (const instance of clusters) {
    const done = await attempt(round, instance, async (place) => {
      await syncCluster(place, inventoriedObjects(inventory, instance.name));
      return true;
    });
    if (done) seen.push(instance.name);
  }
  return seen.length === clusters.length ? seen : null;
}

async function lookAtRegistries(round: Round): Promise<readonly RoundRegistry[]> {
  const found: RoundRegistry[] = [];
  for (const instance of round.deps.instances.filter((one) => has(one, REGISTRY_PROBE))) {
    const registry = await attempt(round, instance, async (place, began) => ({
      place,
      began,
      listed: await syncRegistry(place),
    }));
    if (registry) found.push(registry);
  }
  return found;
}

function seenRegistry({ place, listed }: RoundRegistry): SeenRegistry {
  const subject = ({ name, version }: ListedVersion): string => subjectOf.version(name, version);
  return {
    instance: place.instance.name,
    models: listed.models,
    versions: new Set(listed.versions.map(subject)),
  };
}

async function readArtifacts(
  round: Round,
  registries: readonly RoundRegistry[],
  inUse: ReadonlySet<string>,
): Promise<number> {
  const { now } = round.deps;
  const inventory = round.deps.inventory();
  const ends = now().getTime() + round.bytesWithinMs;
  const mayGoOn = (): boolean => now().getTime() < ends && !round.signal.aborted;
  const inventoried = new Set(inventory.map(({ registryName }) => registryName));
  let looked = 0;
  for (const { place, began, listed } of registries) {
    const work = { place, versions: listed.versions, inUse, inventoried, began, mayGoOn };
    looked += (await syncArtifacts(work)).looked;
  }
  return looked;
}

async function runRound(round: Round): Promise<SyncOutcome> {
  const { deps, problems } = round;
  const { store, instances, router, now } = deps;
  const inventory = deps.inventory();
  const clusters = await lookAtClusters(round);
  const registries = await lookAtRegistries(round);
  const seen = registries.map(seenRegistry);
  const sights =
    clusters === null
      ? null
      : (await Promise.all(clusters.map((one) => servingSights({ store, inventory }, one)))).flat();
  const used = usedVersions(sights ?? [], registrySight(seen));
  const inUse = new Set(used.map(({ name, version }) => subjectOf.version(name, version)));
  const artifacts = await readArtifacts(round, registries, inUse);
  const wanted = instances.filter((one) => has(one, REGISTRY_PROBE)).length;
  // Without every registry nobody can say what is not registered: what stands, stands.
  if (seen.length === wanted && wanted > 0) {
    const { kinds, findings } = await judge({ store, registries: seen, sights, used });
    await store.findings.stand(kinds, findings);
  }
  return { artifacts, told: await tellFindings(store, router, now()), problems };
}

/** A sync over what a process stands on. */
export function createSync(deps: SyncDependencies): Sync {
  return {
    round: ({ bytesWithinMs = BYTES_WITHIN_MS, ...how }) =>
      runRound({ deps, ...how, bytesWithinMs, problems: [] }),
  };
}
