import {
  chooseKnownGood,
  type Candidate,
  type KnownGood,
  type RecordedDigest,
} from '../domain/known-good.ts';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { nodeId, type BlastRadius } from '../domain/lineage.ts';
import { blastRadius } from '../domain/blast-radius.ts';
import type { KnownGoodOperation } from '../domain/playbook.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { askPeople, chosenByPeople, type ChosenByPeople } from './choose-unproven.ts';
import { readProbe } from './read-probe.ts';
import { recordedDigests } from './recorded-digests.ts';
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

/** What the choice rests on, gathered. */
interface Gathered {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly windowStart: string;
  readonly choice: KnownGood;
}

/** The newest version that the evidence clears; every newer one with its reason. */
export async function chooseKnownGoodVersion(looking: Looking<KnownGoodOperation>): Promise<Sight> {
  const gathered = await gather(looking);
  const { choice, name, candidates } = gathered;
  if (choice.status !== 'unproven') return sightOf(looking, gathered, null);
  const asked = { looking, name, candidates, unproven: choice.unproven };
  const chosen = await chosenByPeople(asked);
  if (chosen) return sightOf(looking, gathered, chosen);
  const question = await askPeople(asked);
  const sight = sightOf(looking, gathered, null);
  return {
    ...sight,
    reason: question === null ? sight.reason : `${String(sight.reason)}: ${question}`,
  };
}

async function gather(looking: Looking<KnownGoodOperation>): Promise<Gathered> {
  const name = registryNameOf(looking);
  const radius = await radiusOf(looking);
  const windowStart = await windowStartOf(looking, radius.suspect);
  const { versions } = looking.operation;
  const { reply, instance } = await readProbe(looking, versions, looking.context);
  const listed = versionsIn(reply.value).slice(0, CANDIDATES_MAX);
  const recorded = await recordedDigests(looking.deps.store, {
    instance,
    name,
    versions: listed.map(({ version }) => version),
    windowStart,
  });
  const candidates: Candidate[] = [];
  for (const one of listed) {
    const ours = recorded.get(one.version) ?? [];
    candidates.push(await examine(looking, name, { ...one, recorded: ours }));
  }
  const choice = chooseKnownGood({ candidates, blastRadius: radius, windowStart });
  return { name, candidates, windowStart, choice };
}

/**
 * When the compromise may have begun: with the first alert, or earlier, when the suspect came into the world. What is
 * later than that may be the work of whoever did it.
 */
async function windowStartOf(
  { deps, incident }: Looking<KnownGoodOperation>,
  suspect: string,
): Promise<string> {
  const [node] = await deps.store.lineage.find([suspect]);
  const moments = [incident.openedAt, incident.onsetAt, node?.createdAt ?? null]
    .filter((moment) => moment !== null)
    .filter((moment) => !Number.isNaN(Date.parse(moment)));
  return moments.reduce((first, moment) =>
    Date.parse(moment) < Date.parse(first) ? moment : first,
  );
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
  listed: Listed & { readonly recorded: readonly RecordedDigest[] },
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
    recorded: [
      ...listed.recorded,
      ...told('registry', listed.digest),
      ...told('lineage', known?.digest ?? null),
    ],
    observedDigest: digest,
    node: known ? node : null,
    ancestryComplete:
      known !== undefined &&
      !ancestry.truncated &&
      ancestry.nodes.every(({ complete }) => complete),
    datasets: ancestry.nodes.filter(({ kind }) => kind === 'dataset').map(({ id }) => id),
  };
}

/** A digest that others state now: when they put it there, nobody of ours saw. */
function told(source: string, digest: string | null): readonly RecordedDigest[] {
  return digest === null ? [] : [{ digest, recordedAt: null, source }];
}

/** What later expressions read of the chosen version; nothing of it is known when none was chosen. */
function chosenPart(chosen: Candidate | null): JsonObject {
  if (chosen === null) return { version: null, digest: null, datasets: [], datasetVersions: [] };
  const { version, observedDigest, datasets } = chosen;
  const datasetVersions = datasets.map((id) => id.slice(id.lastIndexOf('@') + 1));
  return { version, digest: observedDigest, datasets, datasetVersions };
}

function summaryOf(chosen: Candidate | null, people: ChosenByPeople | null, choice: KnownGood) {
  if (chosen === null) return `No known-good version is proven (${choice.status}).`;
  if (people === null) {
    return `Known good: version ${chosen.version}; ${choice.rejected.length.toString()} newer rejected.`;
  }
  const who = people.chosenBy.join(' and ');
  return `Version ${chosen.version}, chosen by ${who} without all proofs: ${people.missing.join(' ')}`;
}

function sightOf(
  looking: Looking<KnownGoodOperation>,
  { choice, windowStart }: Gathered,
  people: ChosenByPeople | null,
): Sight {
  const { status, rejected, unproven } = choice;
  const chosen = people?.candidate ?? choice.chosen;
  const value: Json = {
    status,
    ...chosenPart(chosen),
    windowStart,
    // Not empty only when people chose what is not proven.
    missing: people?.missing ?? [],
    chosenBy: people?.chosenBy ?? [],
    rejected: rejected.map((one) => ({ ...one })),
    unproven: unproven.map((one) => ({ ...one })),
  };
  const summary = summaryOf(chosen, people, choice);
  return {
    outcome: chosen === null ? 'inconclusive' : 'succeeded',
    reason: chosen === null ? `known-good is ${status}` : null,
    value,
    facts: [sightFact(looking, 'known-good', { kind: 'known-good.chosen', summary, data: value })],
  };
}
