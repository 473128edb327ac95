import type { ConnectorInstance } from '../../activities/dependencies.ts';
import type { CallContext } from '../../connectors/connector.ts';
import { AppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { Observation, ObservationKind } from '../../domain/observation.ts';
import type { Seen } from '../../store/observation-table.ts';
import type { Store } from '../../store/tables.ts';

/** Rows of one store call. */
const BATCH = 2_000;

/** One connector instance in one round. */
export interface SyncPlace {
  readonly store: Pick<Store, 'observations'>;
  readonly instance: ConnectorInstance;
  readonly context: CallContext;
  /** True until a first round saw everything: what is there now was there before we looked. */
  readonly first: boolean;
}

/** Asks a probe of the instance. Raises what it raises, and `unsupported` when there is none. */
export async function ask(place: SyncPlace, probe: string, input: Json): Promise<Json> {
  const found = place.instance.connector.probes[probe];
  if (!found) throw new AppError('unsupported', `There is no probe ${probe}.`);
  const { value, truncated } = await found.read(input, place.context);
  // What a limit cut must not pass for everything: whoever is missing would count as gone.
  if (truncated) throw new AppError('too_large', `${place.instance.name} has more than is read.`);
  return value;
}

/** A context that lets nothing be changed. */
export function readingContext(signal: AbortSignal, heartbeat: () => void): CallContext {
  return {
    idempotencyKey: 'sync',
    incidentId: 'sync',
    signal,
    heartbeat,
    permit: () => Promise.reject(new AppError('refused', 'The sync changes nothing.')),
    now: () => new Date(),
  };
}

/** Stores what was seen of one kind, whatever number; answers what is new. */
export async function recordAll(
  { store, instance }: SyncPlace,
  kind: ObservationKind,
  seen: readonly Seen[],
): Promise<readonly Observation[]> {
  const recorded: Observation[] = [];
  for (let from = 0; from < seen.length; from += BATCH) {
    const some = seen.slice(from, from + BATCH);
    const place = { instance: instance.name, kind };
    recorded.push(...(await store.observations.record(place, some)));
  }
  return recorded;
}
