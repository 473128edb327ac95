import type { Logger } from 'pino';
import type { SyncOutcome } from '../../activities/activity.ts';
import type { Attempt, ConnectorInstance } from '../../activities/dependencies.ts';
import { toAppError } from '../../domain/error.ts';
import type { DrillSide } from '../../domain/drill.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { subjectOf } from '../../domain/observation.ts';
import type { Router } from '../../intake/routing.ts';
import type { Store } from '../../store/tables.ts';
import { syncArtifacts } from './artifacts.ts';
import { CLUSTER_PROBE, syncCluster } from './cluster.ts';
import { judge, type Judging } from './judge.ts';
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
  /** What runs where, as configured now, for drills or for what is real. */
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
  readonly router: Pick<Router, 'route'>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** How one round is run. */
export interface RoundLimits extends Pick<Attempt, 'signal' | 'heartbeat'> {
  /** How long it may read bytes and runs, in milliseconds; four minutes by default. */
  readonly bytesWithinMs?: number;
}

/**
 * Looks at registries and clusters, records what it sees and tells what is wrong in it; of sandboxes it only records, so that
 * a drill has a "before" as well. It changes nothing outside.
 */
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
  /** Sandboxes and what is real are looked at one after the other, each as if the other were not there. */
  readonly instances: readonly ConnectorInstance[];
  readonly inventory: readonly InventoryEntry[];
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
  const { instances, inventory } = round;
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
  for (const instance of round.instances.filter((one) => has(one, REGISTRY_PROBE))) {
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
  const { inventory } = round;
  const { now } = round.deps;
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

/** What one side of a round saw. */
interface Looked extends Pick<Judging, 'sights' | 'used'> {
  readonly registries: readonly SeenRegistry[];
  readonly artifacts: number;
}

async function lookAt(round: Round): Promise<Looked> {
  const { inventory, deps } = round;
  const { store } = deps;
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
  return { registries: seen, sights, used, artifacts };
}

/** What stands by what is real, told. A sandbox tells nothing: what is wrong in it was put there to be found. */
async function judgeAndTell(round: Round, looked: Looked): Promise<number> {
  const { store, router, now } = round.deps;
  const wanted = round.instances.filter((one) => has(one, REGISTRY_PROBE)).length;
  // Without every registry nobody can say what is not registered: what stands, stands.
  if (looked.registries.length === wanted && wanted > 0) {
    const { kinds, findings } = await judge({ store, ...looked });
    await store.findings.stand(kinds, findings);
  }
  return tellFindings(store, router, now());
}

async function runRound(
  deps: SyncDependencies,
  { bytesWithinMs = BYTES_WITHIN_MS, ...how }: RoundLimits,
): Promise<SyncOutcome> {
  const problems: string[] = [];
  const began = deps.now().getTime();
  const sideOf = (side: DrillSide): Round => ({
    ...{ deps, problems, ...how },
    instances: deps.instances.filter(({ drill }) => drill === side.drill),
    inventory: deps.inventory(side),
    bytesWithinMs: Math.max(0, bytesWithinMs - (deps.now().getTime() - began)),
  });
  const real = sideOf({ drill: false });
  const looked = await lookAt(real);
  const told = await judgeAndTell(real, looked);
  const rehearsed = await lookAt(sideOf({ drill: true }));
  return { artifacts: looked.artifacts + rehearsed.artifacts, told, problems };
}

/** A sync over what a process stands on. */
export function createSync(deps: SyncDependencies): Sync {
  return {
    round: (how) => runRound(deps, how),
  };
}
