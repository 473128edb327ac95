import { chooseKnownGood, type Candidate, type KnownGood } from '../domain/known-good.ts';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { nodeId, type BlastRadius } from '../domain/lineage.ts';
import { blastRadius } from '../domain/blast-radius.ts';
import type { KnownGoodOperation } from '../domain/playbook.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { readProbe } from './read-probe.ts';
import { digestNow } from './trace-lineage.ts';

/** Versions looked at, newest first. */
const CANDIDATES_MAX = 30;
const ANCESTORS_MAX = 5_000;
const NODES_MAX = 10_000;

interface Listed {
  readonly version: string;
  readonly createdAt: string | null;
  readonly digest: string | null;
}

/** The newest version that the evidence clears; every newer one with its reason. */
export async function chooseKnownGoodVersion(looking: Looking<KnownGoodOperation>): Promise<Sight> {
  const registryName = registryNameOf(looking);
  const radius = await radiusOf(looking);
  const { reply } = await readProbe(looking, looking.operation.versions, looking.context);
  const candidates: Candidate[] = [];
  for (const listed of versionsIn(reply.value).slice(0, CANDIDATES_MAX)) {
    candidates.push(await examine(looking, registryName, listed));
  }
  const choice = chooseKnownGood({ candidates, blastRadius: radius });
  return sightOf(looking, choice);
}

function registryNameOf(looking: Looking): string {
  const name = looking.incident.targets?.entry?.registryName;
  if (name === undefined)
    throw new AppError('invalid', 'The model is not known.', { field: 'model' });
  return name;
}

/** The radius again from the graph: what was learned since the audit counts as well. */
async function radiusOf(looking: Looking<KnownGoodOperation>): Promise<BlastRadius> {
  const traced = looking.context.results[looking.operation.lineage];
  const suspect = isJsonObject(traced) ? traced['suspect'] : null;
  if (typeof suspect !== 'string') {
    throw new AppError('invalid', `${looking.operation.lineage} named no suspect.`, {
      field: 'lineage',
    });
  }
  return blastRadius(await looking.deps.store.lineage.downstream(suspect, NODES_MAX), suspect);
}

function versionsIn(value: Json): readonly Listed[] {
  const versions = isJsonObject(value) ? value['versions'] : null;
  if (!Array.isArray(versions)) throw new AppError('bad_reply', 'The registry listed no versions.');
  return versions.flatMap((item: Json): readonly Listed[] => {
    if (!isJsonObject(item) || typeof item['version'] !== 'string') return [];
    const { createdAt, digest } = { createdAt: item['createdAt'], digest: item['digest'] };
    return [
      {
        version: item['version'],
        createdAt: typeof createdAt === 'string' ? createdAt : null,
        digest: typeof digest === 'string' ? digest : null,
      },
    ];
  });
}

async function examine(
  looking: Looking<KnownGoodOperation>,
  name: string,
  listed: Listed,
): Promise<Candidate> {
  const { deps, operation, context, attempt } = looking;
  attempt.heartbeat(`${name} ${listed.version}`);
  const node = nodeId.model(name, listed.version);
  const ancestry = await deps.store.lineage.upstream(node, ANCESTORS_MAX);
  const known = ancestry.nodes.find(({ id }) => id === node);
  const { digest } = await digestNow(looking, operation.digest, {
    ...context,
    each: { name, version: listed.version },
  });
  return {
    version: listed.version,
    createdAt: listed.createdAt,
    recordedDigest: known?.digest ?? listed.digest,
    observedDigest: digest,
    node: known ? node : null,
    ancestryComplete:
      known !== undefined &&
      !ancestry.truncated &&
      ancestry.nodes.every(({ complete }) => complete),
    datasets: ancestry.nodes.filter(({ kind }) => kind === 'dataset').map(({ id }) => id),
  };
}

/** What later expressions read of the chosen version; nothing of it is known when none was chosen. */
function chosenPart(chosen: Candidate | null): JsonObject {
  if (chosen === null) return { version: null, digest: null, datasets: [], datasetVersions: [] };
  const { version, observedDigest, datasets } = chosen;
  const datasetVersions = datasets.map((id) => id.slice(id.lastIndexOf('@') + 1));
  return { version, digest: observedDigest, datasets, datasetVersions };
}

function sightOf(looking: Looking<KnownGoodOperation>, choice: KnownGood): Sight {
  const { chosen, status, rejected, unproven } = choice;
  const value: Json = {
    status,
    ...chosenPart(chosen),
    rejected: rejected.map((one) => ({ ...one })),
    unproven: unproven.map((one) => ({ ...one })),
  };
  const summary =
    chosen === null
      ? `No known-good version is proven (${status}).`
      : `Known good: version ${chosen.version}; ${rejected.length.toString()} newer rejected.`;
  return {
    outcome: status === 'proven' ? 'succeeded' : 'inconclusive',
    reason: status === 'proven' ? null : `known-good is ${status}`,
    value,
    facts: [sightFact(looking, 'known-good', { kind: 'known-good.chosen', summary, data: value })],
  };
}
