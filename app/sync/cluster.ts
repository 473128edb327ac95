import { referenceJson, servedBy } from '../../domain/finding.ts';
import type { Json } from '../../domain/json.ts';
import { subjectOf, type ObservationKind } from '../../domain/observation.ts';
import type { Seen } from '../../store/observation-table.ts';
import { deploymentsListing, runningListing } from './listing-schema.ts';
import { ask, recordAll, type SyncPlace } from './place.ts';

/** The probe that makes an instance a cluster. */
export const CLUSTER_PROBE = 'all-running-versions';

/** Stores what is there, and as gone what was there and is missing from a whole listing. */
async function recordWhole(
  place: SyncPlace,
  kind: ObservationKind,
  seen: readonly Seen[],
): Promise<void> {
  const heads = await place.store.observations.heads({ instance: place.instance.name, kind });
  const subjects = new Set(seen.map(({ subject }) => subject));
  const gone = heads
    .filter((head) => !head.gone && !subjects.has(head.subject))
    .map(({ subject }) => ({ subject, value: null, validFrom: null, backFill: false }));
  await recordAll(place, kind, [...seen, ...gone]);
}

function latest(times: readonly (string | null)[]): string | null {
  return times.reduce<string | null>(
    (last, time) => (time !== null && time > (last ?? '') ? time : last),
    null,
  );
}

async function servingSeen(place: SyncPlace): Promise<readonly Seen[]> {
  const heads = await place.store.observations.heads({
    instance: place.instance.name,
    kind: 'serving',
  });
  const known = new Set(heads.map(({ subject }) => subject));
  const listed = deploymentsListing.parse(await ask(place, 'deployments', { namespace: null }));
  return listed.deployments.flatMap(({ namespace, name, createdAt, containers }) => {
    const { references, looksLike } = servedBy(containers);
    const subject = subjectOf.workload(namespace, name);
    if (references.length === 0 && looksLike === null && !known.has(subject)) return [];
    const value: Json = {
      namespace,
      name,
      images: containers.map(({ image }) => image),
      references: references.map(referenceJson),
      looksLike,
    };
    const validFrom = known.has(subject) ? null : createdAt;
    return [{ subject, value, validFrom, backFill: place.first }];
  });
}

/**
 * Reads a cluster's serving objects and what their replicas run, and stores what differs. Of environments only what
 * names a model is kept. Raises what its probes raise, and `too_large`.
 */
export async function syncCluster(
  place: SyncPlace,
  inventoried: ReadonlySet<string>,
): Promise<void> {
  const serving = await servingSeen(place);
  await recordWhole(place, 'serving', serving);
  const served = new Set([...serving.map(({ subject }) => subject), ...inventoried]);
  const running = runningListing.parse(await ask(place, CLUSTER_PROBE, { namespace: null }));
  const seen = running.deployments
    .filter(({ namespace, name }) => served.has(subjectOf.workload(namespace, name)))
    .map(({ namespace, name, versions }) => ({
      subject: subjectOf.workload(namespace, name),
      value: {
        namespace,
        name,
        versions: versions.map(({ version, image, imageId }) => ({ version, image, imageId })),
      },
      // The state began with the last version that joined.
      validFrom: latest(versions.map(({ since }) => since)),
      backFill: place.first,
    }));
  await recordWhole(place, 'running', seen);
}
