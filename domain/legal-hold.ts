import type { ApprovedPlan, Role } from './approval.ts';
import { quorumOf } from './approval-class.ts';
import { entriesAt, partsOf, REGISTRY_KINDS } from './claim-target.ts';
import { destroyedBy, type Destroys, type Direction } from './destruction.ts';
import { isAppError, toAppError } from './error.ts';
import type { Incident } from './incident.ts';
import type { InventoryEntry } from './inventory.ts';
import type { Json } from './json.ts';
import { claimTargetsOf, type OperationRow } from './operation.ts';
import { quorumMet, type Approver } from './quorum.ts';

/** What a legal hold can be on. */
export const HOLD_SCOPES = ['model', 'namespace', 'dataset', 'artefact', 'incident'] as const;
/** One of `HOLD_SCOPES`. */
export type HoldScope = (typeof HOLD_SCOPES)[number];

/** What one legal hold is on. */
export interface HoldSubject {
  readonly scope: HoldScope;
  /**
   * Name of the model (in the inventory or the registry), namespace or dataset (`namespace/name`); of an artefact
   * `MODEL@VERSION` or a SHA-256 in hex; id of the incident.
   */
  readonly subject: string;
}

/** A legal hold: while it is in force nothing that it is on loses anything that an inquiry may need. Kept for good. */
export interface LegalHold extends HoldSubject {
  readonly id: string;
  readonly reason: string;
  /** A person's id. */
  readonly placedBy: string;
  /** `api`, `cli` or `page`. */
  readonly channel: string;
  /** RFC 3339 UTC. */
  readonly placedAt: string;
  /** Null while it is in force. */
  readonly releasedAt: string | null;
}

/** One person's word that a hold shall end; kept for good. */
export interface HoldRelease {
  readonly holdId: string;
  readonly person: string;
  /** As the person held them then. */
  readonly roles: readonly Role[];
  readonly reason: string;
  readonly channel: string;
  /** RFC 3339 UTC. */
  readonly at: string;
}

/** Who may place a hold. */
export const PLACING_ROLES = ['legal', 'admin'] as const satisfies readonly Role[];
/** Who must say that a hold shall end: two different people, one of each of these roles. */
export const RELEASE_QUORUM = quorumOf('R4');
/** Words to release count together when all were said within so long. The database holds the same limit. */
export const RELEASE_WITHIN_MS = 24 * 3_600_000;

/** True when these words, together and now (milliseconds since 1970), end a hold. */
export function isReleasedBy(words: readonly HoldRelease[], now: number): boolean {
  const counted = words.filter(({ at }) => Date.parse(at) > now - RELEASE_WITHIN_MS);
  const people = counted.map(({ person, roles }): Approver => ({ person, roles }));
  return quorumMet(RELEASE_QUORUM, people, null);
}

/** Everything that an effect touches, as a hold can name it. */
export interface HeldThing {
  readonly incident: string;
  readonly models: readonly string[];
  readonly namespaces: readonly string[];
  readonly datasets: readonly string[];
  /** Names of artefacts, and texts in which a digest of one may stand. */
  readonly artefacts: readonly string[];
}

/** An effect as far as holds look at it. */
export type HeldEffect = Pick<OperationRow, 'target' | 'instance' | 'use' | 'plan'> & {
  readonly input: Json;
};

type HeldIncident = Pick<Incident, 'id' | 'model' | 'targets' | 'suspect'>;

/** Every text in a value. */
function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((one: Json) => textsIn(one));
}

/** `warehouse/t` of `dataset:warehouse/t@3`; empty for every other suspect. */
function suspectIn(suspect: string | null, kind: 'dataset' | 'model'): readonly string[] {
  const mark = `${kind}:`;
  return suspect?.startsWith(mark) === true ? [suspect.slice(mark.length)] : [];
}

function withoutVersion(name: string): string {
  const at = name.lastIndexOf('@');
  return at === -1 ? name : name.slice(0, at);
}

/**
 * What one effect touches: what its incident is about, what its plan claims, and which models and datasets the
 * inventory says are there, whichever incident the effect is of.
 */
export function heldThingOf(
  incident: HeldIncident,
  effect: HeldEffect,
  inventory: readonly InventoryEntry[],
): HeldThing {
  const targets = claimTargetsOf(effect);
  const parts = targets.map(partsOf);
  const own = incident.targets?.entry;
  const entries = [...(own ? [own] : []), ...entriesAt(inventory, targets)];
  const registry = parts.filter(({ kind }) => REGISTRY_KINDS.includes(kind));
  const models = suspectIn(incident.suspect, 'model');
  const datasets = suspectIn(incident.suspect, 'dataset');
  const { before, after } = effect.plan;
  return {
    incident: incident.id,
    models: [
      ...(incident.model === null ? [] : [incident.model]),
      ...entries.flatMap(({ model, registryName }) => [model, registryName]),
      ...registry.map(({ within }) => within),
      ...models.map(withoutVersion),
    ],
    namespaces: parts.map(({ within }) => within),
    datasets: [
      ...entries.flatMap((entry) => entry.datasets),
      ...datasets,
      ...datasets.map(withoutVersion),
    ],
    artefacts: [
      ...models,
      ...registry.map(({ within, name }) => `${within}@${name}`),
      ...[before, after, effect.input].flatMap(textsIn),
    ],
  };
}

/** True for a SHA-256 in hex. */
export function isDigest(subject: string): boolean {
  return /^[0-9a-f]{64}$/u.test(subject);
}

function isOn({ scope, subject }: HoldSubject, thing: HeldThing): boolean {
  switch (scope) {
    case 'model':
      return thing.models.includes(subject);
    case 'namespace':
      return thing.namespaces.includes(subject);
    case 'dataset':
      return thing.datasets.includes(subject);
    case 'artefact':
      // A digest stands within other text: `registry/image@sha256:…`.
      return thing.artefacts.some((one) =>
        isDigest(subject) ? one.includes(subject) : one === subject,
      );
    case 'incident':
      return thing.incident === subject;
  }
}

/** The holds in force that are on this thing, in their order. */
export function holdsOn(holds: readonly LegalHold[], thing: HeldThing): readonly LegalHold[] {
  return holds.filter((hold) => hold.releasedAt === null && isOn(hold, thing));
}

/** The holds in force that are on anything that an incident is about or has effects on. */
export function holdsOnIncident(
  holds: readonly LegalHold[],
  incident: HeldIncident,
  {
    rows,
    inventory,
  }: {
    readonly rows: readonly HeldEffect[];
    readonly inventory: readonly InventoryEntry[];
  },
): readonly LegalHold[] {
  const serving = incident.targets?.entry?.serving ?? [];
  const objects = serving.map(({ cluster, kind, namespace, name }): HeldEffect => ({
    target: `${cluster}/${kind}/${namespace}/${name}`,
    instance: cluster,
    use: '',
    input: null,
    plan: NO_PLAN,
  }));
  const nothing: HeldEffect = { target: '', instance: '', use: '', input: null, plan: NO_PLAN };
  const things = [nothing, ...objects, ...rows].map((row) => heldThingOf(incident, row, inventory));
  return holds.filter((hold) => things.some((thing) => holdsOn([hold], thing).length > 0));
}

const NO_PLAN: OperationRow['plan'] = {
  summary: '',
  targets: [],
  before: null,
  after: null,
  token: null,
  undo: '',
};

/** What is held, in words: `model fraud-scorer`. */
export function heldWords({ scope, subject }: HoldSubject): string {
  return `${scope} ${subject}`;
}

/** The exact command by which a hold ends. */
export function releaseCommandOf({ id }: Pick<LegalHold, 'id'>): string {
  return `firebreak legal-hold release ${id} --reason "WHY"`;
}

/** Which holds are in force, as far as that can be read. */
export type HoldState = { readonly holds: readonly LegalHold[] } | { readonly unreadable: string };

/**
 * Waits for the holds. What cannot be read is answered, not raised: then nothing that destroys may go on. Raises
 * `unavailable` only, with which the database says that it is away altogether.
 */
export async function holdStateOf(reading: Promise<readonly LegalHold[]>): Promise<HoldState> {
  try {
    return { holds: await reading };
  } catch (error) {
    if (isAppError(error) && error.code === 'unavailable') throw error;
    return { unreadable: toAppError(error).message.replace(/\.$/u, '') };
  }
}

/** One effect, before it is planned, approved or carried out. */
export interface DestructionCheck {
  readonly incident: HeldIncident;
  readonly effect: HeldEffect;
  readonly direction: Direction;
  /** What the action's manifest says; undefined when nobody knows the action. */
  readonly destroys: Destroys | undefined;
  readonly inventory: readonly InventoryEntry[];
}

/**
 * Why a legal hold forbids an effect, naming the hold and its end; null when none does. What destroys nothing is never
 * forbidden; what does is, also while the holds cannot be read.
 */
export function legalObstacle(state: HoldState, check: DestructionCheck): string | null {
  const { incident, effect, direction, destroys, inventory } = check;
  const destroyed = destroyedBy(destroys, effect.plan, direction);
  if (destroyed === null) return null;
  if ('unreadable' in state) {
    return `whether it is under a legal hold cannot be read (${state.unreadable}), and ${destroyed}`;
  }
  const [hold] = holdsOn(state.holds, heldThingOf(incident, effect, inventory));
  if (hold === undefined) return null;
  return (
    `${hold.placedBy} placed legal hold ${hold.id} on ${heldWords(hold)} at ${hold.placedAt}: ${hold.reason} ` +
    `(${destroyed}; ${RELEASE_QUORUM.roles.join(' and ')} end the hold with \`${releaseCommandOf(hold)}\`)`
  );
}

/** The effects that an approval is about, each with its direction; what lists no row of its incident is none. */
export function effectsOf<Row extends Pick<OperationRow, 'operation' | 'target' | 'round' | 'use'>>(
  plans: readonly Pick<ApprovedPlan, 'operation' | 'target' | 'round' | 'action'>[],
  rows: readonly Row[],
): readonly { readonly row: Row; readonly direction: Direction }[] {
  return plans.flatMap(({ operation, target, round, action }) => {
    const here = rows.filter((row) => row.target === target && row.round === round);
    const planned = here
      .filter((row) => row.operation === operation || row.use === action)
      .map((row) => ({ row, direction: 'apply' as const }));
    const undone = here
      .filter((row) => action === undoActionOf(row))
      .map((row) => ({ row, direction: 'undo' as const }));
    return [...planned, ...undone];
  });
}

/** How an approval names the undo of an effect. */
export function undoActionOf({ use }: Pick<OperationRow, 'use'>): string {
  return `undo of ${use}`;
}
