import { blastRadius } from '../domain/blast-radius.ts';
import { AppError, toAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import type { AffectedNode, BlastRadius, LineageNode } from '../domain/lineage.ts';
import { isJsonObject } from '../domain/json.ts';
import type { LineageOperation, ProbeCall } from '../domain/playbook.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import { compileExpression } from '../expression/expression.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { readProbe, type Asker } from './read-probe.ts';

/** Nodes of one blast radius; beyond, the rest is unknown and said so. */
const NODES_MAX = 10_000;
/** Model versions re-hashed in one audit. */
const REHASHED_MAX = 50;

/** One artefact of the radius, as recorded and as its bytes are now. */
interface Rehashed {
  readonly name: string;
  readonly version: string;
  readonly recorded: string | null;
  readonly observed: string | null;
  readonly matches: boolean | null;
  readonly problem: string | null;
}

/** Walks the graph from the suspect and re-hashes what it reaches. Missing edges are unknown, never clean. */
export async function traceLineage(looking: Looking<LineageOperation>): Promise<Sight> {
  const { deps, operation, context } = looking;
  const suspect = compileExpression(operation.suspect, 'operation', 'suspect').evaluate(context);
  if (typeof suspect !== 'string' || suspect === '') {
    throw new AppError('invalid', 'The suspect is not known: name one.', { field: 'suspect' });
  }
  const graph = await deps.store.lineage.downstream(suspect, NODES_MAX);
  const known = await deps.store.lineage.find([suspect]);
  const radius = blastRadius(graph, suspect);
  const rehashed = await rehash(looking, radius, graph.nodes);
  const deployments = deploymentsOf(looking, radius);
  const value: Json = {
    suspect,
    known: known.length > 0,
    affected: radius.affected.map(({ id, kind, name, version, path }) => ({
      id,
      kind,
      name,
      version,
      path,
    })),
    models: modelsOf(radius).map(({ name, version }) => ({ name, version })),
    deployments,
    unknown: radius.unknown,
    truncated: radius.truncated,
    digests: rehashed.map((one) => ({ ...one })),
  };
  const summary =
    `${suspect} reaches ${radius.affected.length.toString()} nodes, ` +
    `${modelsOf(radius).length.toString()} model versions; ${radius.unknown.length.toString()} unknown.`;
  const certain = known.length > 0 && !radius.truncated;
  return {
    outcome: certain ? 'succeeded' : 'inconclusive',
    reason: certain ? null : 'lineage does not know the suspect, or the walk was cut',
    value,
    facts: [sightFact(looking, 'traced', { kind: 'lineage.traced', summary, data: value })],
  };
}

function modelsOf(radius: BlastRadius): readonly AffectedNode[] {
  return radius.affected.filter(({ kind }) => kind === 'model');
}

/** Serving objects that load an affected model: by the inventory, beside those that lineage names itself. */
function deploymentsOf(looking: Looking, radius: BlastRadius): readonly string[] {
  const names = new Set(modelsOf(radius).map(({ name }) => name));
  const served = looking.deps
    .inventory(looking.incident)
    .filter((entry) => names.has(entry.registryName))
    .flatMap((entry) =>
      entry.serving.map((object) => `${object.cluster}/${object.namespace}/${object.name}`),
    );
  const named = radius.affected.filter(({ kind }) => kind === 'deployment').map(({ name }) => name);
  return [...new Set([...named, ...served])].sort();
}

async function rehash(
  looking: Looking<LineageOperation>,
  radius: BlastRadius,
  nodes: readonly LineageNode[],
): Promise<readonly Rehashed[]> {
  const rehashed: Rehashed[] = [];
  for (const { id, name, version } of modelsOf(radius).slice(0, REHASHED_MAX)) {
    if (version === null) continue;
    const recorded = nodes.find((node) => node.id === id)?.digest ?? null;
    const { digest, problem } = await digestNow(looking, looking.operation.digest, {
      ...looking.context,
      each: { name, version },
    });
    const matches = digest === null || recorded === null ? null : digest === recorded;
    rehashed.push({ name, version, recorded, observed: digest, matches, problem });
  }
  return rehashed;
}

/** The digest of a version's bytes as they are now; null with the problem when they cannot be read. */
export async function digestNow(
  asker: Asker,
  call: ProbeCall,
  context: EvaluationContext,
): Promise<{ readonly digest: string | null; readonly problem: string | null }> {
  try {
    const { reply } = await readProbe(asker, call, context);
    const sha256 = isJsonObject(reply.value) ? reply.value['sha256'] : null;
    return typeof sha256 === 'string' && !reply.truncated
      ? { digest: sha256, problem: null }
      : { digest: null, problem: 'the registry gave no digest' };
  } catch (error) {
    return { digest: null, problem: toAppError(error).message };
  }
}
