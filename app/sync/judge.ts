import {
  changedArtifacts,
  FINDING_KINDS,
  lineageGaps,
  unexplainedMoves,
  unregisteredServing,
  type AliasMove,
  type ArtifactChange,
  type Finding,
  type FindingKind,
  type ServingSight,
} from '../../domain/finding.ts';
import { isJsonObject } from '../../domain/json.ts';
import { nodeId } from '../../domain/lineage.ts';
import type { OperationRow } from '../../domain/operation.ts';
import type { CurrentObservation } from '../../store/observation-table.ts';
import type { Store } from '../../store/tables.ts';
import { storedAlias, storedArtifact } from './listing-schema.ts';
import { registrySight, type SeenRegistry, type UsedVersion } from './sights.ts';

/** What a round saw, and what it is judged by. */
export interface Judging {
  readonly store: Store;
  readonly registries: readonly SeenRegistry[];
  /** What the clusters serve; null when one of them could not be seen whole. */
  readonly sights: readonly ServingSight[] | null;
  readonly used: readonly UsedVersion[];
}

/** What stands, of the kinds that could be judged. */
export interface Judgement {
  readonly kinds: readonly FindingKind[];
  readonly findings: readonly Finding[];
}

/** Tag of a registered model by which a change says why an alias moved: `<version> <reference>`. */
export function changeTag(alias: string): string {
  return `firebreak.dev/change.${alias}`;
}

/** The version that a plan of ours set an alias to, or put it back to. */
function plannedVersions({ plan }: OperationRow): readonly unknown[] {
  return [plan.before, plan.after].map((state) => (isJsonObject(state) ? state['version'] : null));
}

/** Why an alias is where it is: its change tag must name that version, or an operation of ours put it there. */
async function recordOf(
  { store }: Judging,
  registry: SeenRegistry,
  moved: { readonly name: string; readonly alias: string; readonly to: string },
): Promise<string | null> {
  const { name, alias, to } = moved;
  const tag = registry.models.find((model) => model.name === name)?.tags[changeTag(alias)];
  const [version, ...reference] = (tag ?? '').trim().split(/\s+/);
  if (version === to && reference.length > 0) return reference.join(' ');
  const target = `${registry.instance}/Alias/${name}/${alias}`;
  const rows = await store.operations.begunOn(target);
  const ours = rows.find((row) => plannedVersions(row).includes(to));
  return ours === undefined ? null : `incident ${ours.incidentId}`;
}

async function aliasMoves(judging: Judging, registry: SeenRegistry): Promise<readonly AliasMove[]> {
  const { instance } = registry;
  const current = await judging.store.observations.current({ instance, kind: 'alias' });
  const moves: AliasMove[] = [];
  for (const { id, value, previous } of current) {
    if (previous === null) continue;
    const { name, alias, version: to } = storedAlias.parse(value);
    const from = storedAlias.parse(previous).version;
    if (from === to) continue;
    const record = await recordOf(judging, registry, { name, alias, to });
    moves.push({ instance, name, alias, from, to, observation: id, record });
  }
  return moves;
}

function artifactChanges(
  instance: string,
  current: readonly CurrentObservation[],
): readonly ArtifactChange[] {
  return current.flatMap(({ value, firstDigested }) => {
    if (firstDigested === null) return [];
    const now = storedArtifact.parse(value);
    const first = storedArtifact.parse(firstDigested);
    if (now.sha256 === null || first.sha256 === null) return [];
    const { name, version } = now;
    return [{ instance, name, version, first: first.sha256, now: now.sha256 }];
  });
}

/** Where nobody tells lineage at all a gap says nothing of a version; what needs lineage says that it has none. */
async function isTold(store: Store, known: ReadonlySet<string>): Promise<boolean> {
  return known.size > 0 || (await store.lineage.isTold());
}

/**
 * What is wrong in what is on record; kinds for which too little was seen are left as they stand. Every registry must
 * have been seen whole, or nobody could say what is not registered.
 */
export async function judge(judging: Judging): Promise<Judgement> {
  const { store, registries, sights, used } = judging;
  const moves: AliasMove[] = [];
  const changes: ArtifactChange[] = [];
  for (const registry of registries) {
    const { instance } = registry;
    moves.push(...(await aliasMoves(judging, registry)));
    const artifacts = await store.observations.current({ instance, kind: 'artifact' });
    changes.push(...artifactChanges(instance, artifacts));
  }
  const findings = [...unexplainedMoves(moves), ...changedArtifacts(changes)];
  if (sights === null) return { kinds: ['alias-moved', 'artifact-changed'], findings };
  const ids = used.map(({ name, version }) => nodeId.model(name, version));
  const known = new Set((await store.lineage.find(ids)).map(({ id }) => id));
  return {
    kinds: FINDING_KINDS,
    findings: [
      ...findings,
      ...unregisteredServing(sights, registrySight(registries)),
      ...((await isTold(store, known)) ? lineageGaps(used, known) : []),
    ],
  };
}
