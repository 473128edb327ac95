import { incidentsToCount, type CapStanding } from '../domain/cap.ts';
import {
  approvalStanding,
  approverOf,
  type ApprovalObstacle,
  type DoorObstacle,
} from '../domain/quorum.ts';
import { atLeast, type Approval } from '../domain/approval.ts';
import { quorumNeeded } from '../domain/approval-class.ts';
import { effectBeyondGlass } from '../domain/break-glass-reach.ts';
import { signedPart } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import { holdStateOf, type HoldState } from '../domain/legal-hold.ts';
import {
  isSettledAsNotApplied,
  keyText,
  type OperationKey,
  type OperationRow,
  type OperationState,
} from '../domain/operation.ts';
import { autonomyObstacle, type Unasked } from './autonomy.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { haltedBy, readHalts, type HaltState } from './halted.ts';
import { heldBy } from './held.ts';
import { missingCredential } from './served.ts';

/** How often the rows are read again because the rules changed meanwhile. */
const LOOKS_MAX = 3;

/** What an effect must show before it may happen. */
export interface EffectClaim {
  readonly key: OperationKey;
  readonly generation: number;
  readonly fence: number;
  /** The approval that covers the effect: the row's own, or that of an undo or stand-down. */
  readonly approvalId: string | null;
  /** Digest under which the approval must list the effect. */
  readonly digest: string;
  /** Name under which the approval lists it: the operation, or the undo that takes it back. */
  readonly listedAs: string;
  /** True when a person's approval is needed whatever the class: undo of a containment. */
  readonly needsApproval: boolean;
  /** True for `ensure`: it may only keep up what nothing later of the same incident has taken over. */
  readonly ensures: boolean;
}

/**
 * The guard: the one place that every apply, ensure, undo and retry passes immediately before each outside write.
 * Reads current rows; default deny. Raises `refused` with what stands in the way.
 */
export async function guard(deps: ActivityDependencies, claim: EffectClaim): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (await isCleared(deps, claim)) return;
  }
  throw refusal('the rules change faster than they can be read');
}

/** Lets the effect happen, or raises `refused`; false when the rules changed meanwhile: then nothing was decided. */
async function isCleared(deps: ActivityDependencies, claim: EffectClaim): Promise<boolean> {
  const { store, rules } = deps;
  const { key } = claim;
  const followed = rules.number();
  const [[incident, row, holds, halts, legal, standing], inForce] = await Promise.all([
    store.together((tables) =>
      Promise.all([
        tables.incidents.get(key.incidentId),
        tables.operations.find(key),
        tables.claims.holds(key.incidentId, key.target),
        readHalts({ haltFile: deps.haltFile, store: tables }),
        holdStateOf(tables.legalHolds.inForce()),
        standingFor({ caps: deps.caps, store: tables }, claim),
      ]),
    ),
    rules.follow(),
  ]);
  if (inForce === null) throw refusal('no rules that prove themselves are in force');
  if (inForce !== followed) return false;
  await decide(deps, claim, { incident, row, holds, halts, legal, standing });
  return true;
}

/** Current rows, as one flight read them. */
interface Read {
  readonly incident: Incident | null;
  readonly row: OperationRow | null;
  readonly holds: boolean;
  readonly halts: HaltState;
  readonly legal: HoldState;
  readonly standing: CapStanding | null;
}

/** Raises `refused` with what stands in the way, if anything does. */
async function decide(
  deps: ActivityDependencies,
  claim: EffectClaim,
  { incident, row, holds, halts, legal, standing }: Read,
): Promise<void> {
  const { key } = claim;
  if (!incident || !row) throw refusal(`no row for ${keyText(key)}`);
  const obstacle = haltedBy(halts, incident, row) ?? obstacleTo(claim, incident, row);
  if (obstacle !== null) throw refusal(obstacle);
  refuseAcross(deps, incident, row);
  refuseWithoutCredential(deps, row);
  const undoes = claim.listedAs !== row.operation;
  refuseUnderHold(deps, legal, { incident, row, undoes });
  if (!holds) throw refusal(`this incident holds no claim on ${key.target}`);
  if (row.fence !== claim.fence) throw refusal('a newer attempt holds the fence');
  if (claim.ensures && (await isTakenOver(deps, row))) {
    throw refusal('a later operation of this incident changes it');
  }
  if (needsApproval(claim, row)) {
    return checkApproval(deps, claim, { incident, row, legal, undoes });
  }
  checkAutonomy(deps, { incident, row, standing, undoes });
}

/** Raises `refused` for a drill on what is real, and for anything real on a drill's: by current rows and the instances now. */
function refuseAcross(deps: ActivityDependencies, incident: Incident, row: OperationRow): void {
  deps.connectors.of(incident).named(row.instance);
}

/** Raises `refused` for what a legal hold forbids. */
function refuseUnderHold(
  deps: ActivityDependencies,
  legal: HoldState,
  { incident, row, undoes }: Pick<Unasked, 'incident' | 'row' | 'undoes'>,
): void {
  const direction = undoes ? 'undo' : 'apply';
  const obstacle = heldBy(deps, legal, { incident, effect: row, direction });
  if (obstacle !== null) throw refusal(obstacle);
}

/** Raises `refused` in a process that has not the credential, even where its secrets would do. */
function refuseWithoutCredential(deps: ActivityDependencies, row: OperationRow): void {
  const missing = missingCredential(deps, row);
  if (missing !== null) throw refusal(missing);
}

/** What the caps count, read along with the rest; null where an approval is in charge. */
function standingFor(
  {
    store,
    caps,
  }: Pick<ActivityDependencies, 'caps'> & { readonly store: Pick<Tables, 'isolations'> },
  { approvalId, key }: EffectClaim,
): Promise<CapStanding | null> {
  if (approvalId !== null) return Promise.resolve(null);
  const countUpTo = incidentsToCount(caps());
  return store.isolations.standing(key.incidentId, { countUpTo, taker: key });
}

/** Raises `refused` unless mode, veto and caps let the effect happen without a person. */
function checkAutonomy(
  deps: ActivityDependencies,
  { standing, ...effect }: Omit<Unasked, 'standing'> & { readonly standing: CapStanding | null },
): void {
  if (standing === null) throw refusal('what is isolated is not known');
  const obstacle = autonomyObstacle(deps, { ...effect, standing });
  if (obstacle !== null) throw refusal(obstacle);
}

/** What names an approval must stand up to it, even where its class would need none. */
function needsApproval(claim: EffectClaim, row: OperationRow): boolean {
  return claim.needsApproval || claim.approvalId !== null || atLeast(row.approvalClass, 'R2');
}

/** What of the incident itself forbids the effect; null when nothing does. */
function obstacleTo(claim: EffectClaim, incident: Incident, row: OperationRow): string | null {
  if (incident.state === 'closed' && row.leftOwner === null) return 'the incident is closed';
  if (incident.mode === 'observe') return 'the incident only observes';
  if (incident.generation !== claim.generation) return 'another run of the incident took over';
  return null;
}

const KEPT: ReadonlySet<OperationState> = new Set<OperationState>([
  'applied',
  'verified',
  'unverified',
]);

/** True when an effect is being taken back, or a later one of its incident on the same fields has begun. */
export async function isTakenOver(
  deps: Pick<ActivityDependencies, 'store'>,
  row: OperationRow,
): Promise<boolean> {
  const rows = await deps.store.operations.ofIncident(row.incidentId);
  const now = rows.find((other) => keyText(other) === keyText(row));
  if (!now || now.superseded || !KEPT.has(now.state)) return true;
  return hasLaterEffect(rows, row);
}

/** True when a later effect of the same incident on the same fields has begun: the older one is history. */
export function hasLaterEffect(rows: readonly OperationRow[], row: OperationRow): boolean {
  return rows.some(
    (other) =>
      other.target === row.target &&
      other.use === row.use &&
      (other.applySequence ?? 0) > (row.applySequence ?? 0) &&
      !isSettledAsNotApplied(other.state),
  );
}

function refusal(reason: string): AppError {
  return new AppError('refused', `Refused: ${reason}.`, { details: { reason } });
}

/**
 * Verifies an approval from the signed rows alone: status words, updates and signals prove nothing. Raises
 * `refused`.
 */
async function checkApproval(
  deps: ActivityDependencies,
  claim: EffectClaim,
  {
    incident,
    row,
    legal,
    undoes,
  }: Pick<Unasked, 'incident' | 'row' | 'undoes'> & Pick<Read, 'legal'>,
): Promise<void> {
  if (claim.approvalId === null) throw refusal(`${row.approvalClass} needs an approval`);
  const approval = await deps.store.approvals.get(claim.approvalId);
  if (!approval || approval.incidentId !== claim.key.incidentId) throw refusal('no such approval');
  if (approval.status !== 'approved') throw refusal(`the approval is ${approval.status}`);
  if (claim.listedAs === row.operation && !atLeast(approval.approvalClass, row.approvalClass)) {
    throw refusal(`the approval is of ${approval.approvalClass}, ${row.approvalClass} is needed`);
  }
  const listed = approval.plans.some(
    (plan) =>
      plan.operation === claim.listedAs &&
      plan.target === claim.key.target &&
      plan.digest === claim.digest,
  );
  if (!listed) throw refusal('the approval lists another plan');
  const inventory = deps.inventory(incident);
  const direction = undoes ? 'undo' : 'apply';
  await checkSignatures(deps, approval, () =>
    effectBeyondGlass(legal, { incident, row, direction, inventory }),
  );
}

const WRONG_DOORS: Readonly<Record<DoorObstacle, string>> = {
  'chat-alone': 'the signed approvals came by chat alone',
  'no-fresh-sign-in': 'no signed approval is of somebody who had just signed in',
};

function obstacleWords(obstacle: ApprovalObstacle): string {
  switch (obstacle.kind) {
    case 'quorum':
      return 'the signed approvals do not make the quorum';
    case 'door':
      return WRONG_DOORS[obstacle.door];
    case 'glass':
      return obstacle.reason;
  }
}

/** What no single effect stands behind is answered by as many people as it asks for. */
const NEVER_ALONE = (): string => 'nobody answers this alone';

/**
 * Raises `refused` unless enough different people of the asked roles signed this exact digest in time, or one who broke the glass, whose time
 * is not over, for what `beyondGlass` has nothing against. A role counts that was signed and that the person still holds, by the rules now,
 * on every target of the plans.
 */
export async function checkSignatures(
  deps: Pick<ActivityDependencies, 'verifySignature' | 'now'> & {
    readonly store: Pick<ActivityDependencies['store'], 'accounts' | 'decisions'>;
    readonly rules: Pick<ActivityDependencies['rules'], 'rolesOn'>;
  },
  approval: Approval,
  beyondGlass: () => string | null = NEVER_ALONE,
): Promise<void> {
  const [decisions, signInSince] = await Promise.all([
    deps.store.decisions.approvalsOf(approval.id),
    deps.store.accounts.approversSignInSince(quorumNeeded(approval).roles),
  ]);
  const valid = decisions.filter(
    (decision) =>
      decision.incidentId === approval.incidentId &&
      decision.command.kind === 'approve' &&
      decision.command.approvalId === approval.id &&
      decision.command.planDigest === approval.planDigest &&
      Date.parse(decision.decidedAt) <= Date.parse(approval.expiresAt) &&
      deps.verifySignature(signedPart(decision), decision.signature),
  );
  const targets = approval.plans.map(({ target }) => target);
  const approvers = valid.flatMap(({ actor, decidedAt }) => {
    const now = deps.rules.rolesOn(actor.person, targets);
    const roles = actor.roles.filter((role) => now.includes(role));
    return roles.length === 0 ? [] : [{ ...approverOf(actor, decidedAt), roles }];
  });
  const now = deps.now().toISOString();
  const standing = approvalStanding(approval, approvers, {
    approversSignInSince: signInSince,
    now,
  });
  if (standing.met === null) throw refusal(obstacleWords(standing.obstacle));
  const beyond = standing.met === 'alone' ? beyondGlass() : null;
  if (beyond !== null) throw refusal(beyond);
}
