import { setTimeout as delay } from 'node:timers/promises';
import { admit, type AdmissionInput } from '../domain/admission.ts';
import type { Approval, Role } from '../domain/approval.ts';
import { quorumNeeded } from '../domain/approval-class.ts';
import { signedPart, type Actor, type Decision, type DecisionCommand } from '../domain/decision.ts';
import type { Destroys } from '../domain/destruction.ts';
import type { DrillSide } from '../domain/drill.ts';
import { AppError } from '../domain/error.ts';
import { rolesOnModel, rolesToDecide } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import { effectsOf, holdStateOf, legalObstacle } from '../domain/legal-hold.ts';
import { approverOf } from '../domain/quorum.ts';
import { digestOf } from '../evidence/digest.ts';
import type { Person } from '../store/person-table.ts';
import type { Store, Tables } from '../store/tables.ts';
import type { Caller } from './auth.ts';
import { aloneInput } from './broken-glass.ts';
import { answeredBy, isRefusal, keepRefusal } from './refused-answers.ts';
import type { DecisionView } from './schema/decision.ts';

/** A person's command as it came through a door. */
export interface DecisionRequest {
  readonly decisionId: string;
  readonly command: DecisionCommand;
  /** The incident of the path; null when the approval names it. */
  readonly incidentId: string | null;
  readonly actor: Actor;
  readonly caller: Caller;
  /** Why a yes is to count alone, because its person broke the glass; absent for every other decision. */
  readonly alone?: string;
}

/** What admission needs of the API's dependencies. */
export interface AdmissionDependencies {
  readonly store: Store;
  readonly clock: () => Date;
  readonly signer: (payload: object) => string;
  readonly holding: Holding;
}

/** What tells which effects a legal hold is on, and what they destroy. */
export interface Holding {
  /** What an action says of itself, by `<connector>.<action>`; undefined for one that nobody knows. */
  readonly destroys: (use: string) => Destroys | undefined;
  /** What runs where, as an incident or a drill sees it. */
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
  /** What the rules say runs where: grants go by it, never by what was discovered. */
  readonly written: () => readonly InventoryEntry[];
}

/** What a decision is about. */
interface Locked {
  readonly incident: Incident;
  readonly approval: Approval | null;
}

/** Locks what the command is about, so that two decisions at once are judged one after the other. */
async function lock(tables: Tables, request: DecisionRequest): Promise<Locked> {
  const { command } = request;
  if (command.kind === 'approve' || command.kind === 'reject') {
    const approval = await tables.approvals.lock(command.approvalId);
    const incident = await tables.incidents.get(approval.incidentId);
    if (incident === null) throw new AppError('not_found', 'There is no such incident.');
    return { incident, approval };
  }
  if (request.incidentId === null) throw new AppError('internal', 'A command names an incident.');
  return { incident: await tables.incidents.lock(request.incidentId), approval: null };
}

/** The stored decision when this id was used for the same thing before. Raises `conflict` for another thing. */
function replayed(stored: Decision, request: DecisionRequest): Decision {
  const same =
    stored.actor.person === request.actor.person &&
    stored.actor.brokenGlass?.reason === request.alone &&
    (request.incidentId === null || stored.incidentId === request.incidentId) &&
    digestOf(stored.command) === digestOf(request.command);
  if (same) return stored;
  throw new AppError('conflict', 'This decision id was used for another decision.', {
    field: 'decisionId',
  });
}

/** Raises `invalid` unless the one who gets the incident is an active person who sees it. */
async function requireSuccessor(
  { holding }: Pick<AdmissionDependencies, 'holding'>,
  tables: Tables,
  { incident, command }: Pick<Locked, 'incident'> & Pick<DecisionRequest, 'command'>,
): Promise<void> {
  if (command.kind !== 'hand-over') return;
  const person = await tables.people.get(command.to);
  if (person?.active === true) {
    if (rolesOnModel(person, incident.model, holding.written()).length > 0) return;
  }
  throw new AppError('invalid', 'There is no active person of this id.', { field: 'body.to' });
}

/** Why a legal hold forbids one of the effects that would be approved; null when none does. */
async function legalObstacleTo(
  { holding }: Pick<AdmissionDependencies, 'holding'>,
  tables: Tables,
  { incident, approval, command }: Locked & Pick<DecisionRequest, 'command'>,
): Promise<string | null> {
  if (approval === null || command.kind !== 'approve') return null;
  const [rows, state] = await Promise.all([
    tables.operations.ofIncident(incident.id),
    holdStateOf(tables.legalHolds.inForce()),
  ]);
  const inventory = holding.inventory(incident);
  const obstacles = effectsOf(approval.plans, rows).map(({ row, direction }) =>
    legalObstacle(state, {
      ...{ incident, effect: row, direction, inventory },
      destroys: holding.destroys(row.use),
    }),
  );
  return obstacles.find((obstacle) => obstacle !== null) ?? null;
}

async function pinnedPlaybook(tables: Tables, incident: Incident) {
  if (incident.playbookDigest === null) return null;
  return (await tables.playbooks.get(incident.playbookDigest))?.playbook ?? null;
}

/**
 * The roles by which somebody decides about an incident, as they hold them now: a yes has to be good for every target of the plans.
 * Raises `not_found` for one on whose incident they hold none: to them it is not there.
 */
function rolesAbout(
  person: Person,
  { incident, approval }: Locked,
  {
    command,
    written,
  }: Pick<DecisionRequest, 'command'> & { readonly written: readonly InventoryEntry[] },
): readonly Role[] {
  const roles = rolesOnModel(person, incident.model, written);
  if (roles.length === 0 && person.active) {
    throw new AppError(
      'not_found',
      `There is no such ${approval === null ? 'incident' : 'approval'}.`,
    );
  }
  if (approval === null || command.kind !== 'approve') return roles;
  return rolesToDecide(person, { incident, approval }, written);
}

/** What of a request is judged. */
type Judged = Pick<DecisionRequest, 'actor' | 'caller' | 'command' | 'alone'>;

/** Everything that admission looks at, read afresh: who lost a role or was deactivated since the request has no say. */
async function judgedBy(
  { holding, tables }: Pick<AdmissionDependencies, 'holding'> & { readonly tables: Tables },
  request: Judged,
  about: Locked & { readonly now: string },
): Promise<{ readonly input: AdmissionInput; readonly actor: Actor }> {
  const { actor, caller, command } = request;
  const { incident, approval, now } = about;
  const [person, approvals, approversSignInSince, playbook, legal] = await Promise.all([
    tables.people.get(actor.person),
    approval === null ? [] : tables.decisions.approvalsOf(approval.id),
    approval === null ? null : tables.accounts.approversSignInSince(quorumNeeded(approval).roles),
    pinnedPlaybook(tables, incident),
    legalObstacleTo({ holding }, tables, { incident, approval, command }),
  ]);
  if (person === null) throw new AppError('unauthorized', 'This person does not exist any more.');
  const { id, name, active } = person;
  const roles = rolesAbout(person, { incident, approval }, { command, written: holding.written() });
  const alone = await aloneOf({ holding, tables }, request, about);
  const decides = { ...actor, person: id, name, roles, ...alone.carried };
  const decider = { ...approverOf(decides, now), ...{ active, canApprove: caller.canApprove } };
  const approvers = approvals
    .filter(({ outcome }) => outcome !== 'refused')
    .map((decision) => approverOf(decision.actor, decision.decidedAt));
  const input = { command, decider, incident, approval, approvers, approversSignInSince };
  const seen = { playbook, legalObstacle: legal, now, ...alone.seen };
  return { input: { ...input, ...seen }, actor: decides };
}

/** What a yes carries that is to count alone, and what admission looks at for it; nothing of any other decision. */
async function aloneOf(
  { holding, tables }: Pick<AdmissionDependencies, 'holding'> & { readonly tables: Tables },
  { actor: { person }, command, alone }: Judged,
  { incident, approval, now }: Locked & { readonly now: string },
): Promise<{
  readonly carried: Pick<Actor, 'brokenGlass'>;
  readonly seen: Pick<AdmissionInput, 'beyondGlass'>;
}> {
  if (alone === undefined) return { carried: {}, seen: {} };
  if (approval === null || command.kind !== 'approve') {
    throw new AppError('invalid', 'Glass is broken for a yes to an approval alone.', {
      field: 'body.breakGlass',
    });
  }
  const asked = { person, incident, approval, reason: alone, now };
  const { brokenGlass, beyondGlass } = await aloneInput({ holding }, tables, asked);
  return { carried: { brokenGlass }, seen: { beyondGlass } };
}

/** Why an answer would be refused now, as a sentence; null when it would be admitted. Locks and writes nothing. */
export async function foreseenRefusal(
  { store, clock, holding }: Omit<AdmissionDependencies, 'signer'>,
  request: Judged,
  about: Locked,
): Promise<string | null> {
  try {
    const now = clock().toISOString();
    const judged = await judgedBy({ holding, tables: store }, request, { ...about, now });
    admit(judged.input);
    return null;
  } catch (error) {
    if (isRefusal(error)) return error.message;
    throw error;
  }
}

/**
 * Admits a decision, or keeps that an answer to an approval was refused, by whom and why, whatever door it came through. Raises what
 * `inTransaction` raises.
 */
export async function admitDecision(
  dependencies: AdmissionDependencies,
  request: DecisionRequest,
): Promise<Decision> {
  try {
    return await inTransaction(dependencies, request);
  } catch (error) {
    const answer = answeredBy(request.command);
    if (answer !== null) {
      const { person, name, roles, channel } = request.actor;
      const by = { ...answer, person, claimed: null, name, roles, channel };
      await keepRefusal(dependencies, { ...by, requestId: request.decisionId }, error);
    }
    throw error;
  }
}

/**
 * Admits a decision: in one transaction and under the lock of what it is about, the rules are applied, the signed
 * row is written with its outbox row, and a complete quorum or a rejection settles the approval. The same id with
 * the same command answers the stored decision. Raises what `admit` raises, `conflict` for an id used otherwise.
 */
function inTransaction(
  dependencies: AdmissionDependencies,
  request: DecisionRequest,
): Promise<Decision> {
  return dependencies.store.transaction(async (tables) => {
    const { incident, approval } = await lock(tables, request);
    const stored = await tables.decisions.get(request.decisionId);
    if (stored !== null) return replayed(stored, request);
    const { input, actor } = await judgedBy({ holding: dependencies.holding, tables }, request, {
      incident,
      approval,
      now: dependencies.clock().toISOString(),
    });
    const { now } = input;
    const admission = admit(input);
    await requireSuccessor(dependencies, tables, { incident, command: request.command });
    const unsigned = {
      id: request.decisionId,
      incidentId: incident.id,
      command: request.command,
      actor,
      decidedAt: now,
    };
    const decision = await tables.decisions.insert({
      ...unsigned,
      signature: dependencies.signer(signedPart(unsigned)),
    });
    // At once, under the lock: the guard reads this row before the next write, whether or not the run was told yet.
    if (request.command.kind === 'veto')
      await tables.incidents.change(incident.id, { mode: 'ask' });
    if (approval !== null && admission.settles !== null) {
      const { status, reason } = admission.settles;
      await tables.approvals.settle(approval.id, status, reason);
    }
    if (actor.brokenGlass) await tables.breakGlass.tell(actor.brokenGlass.id);
    return decision;
  });
}

const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 250;

/** The decision with its outcome, or still pending after `waitMs`: the workflow answers through the store. */
export async function awaitOutcome(
  store: Pick<Store, 'decisions'>,
  decision: Decision,
  waitMs: number,
): Promise<Decision> {
  let latest = decision;
  let waited = 0;
  let pause = FIRST_LOOK_MS;
  while (latest.outcome === 'pending' && waited < waitMs) {
    const step = Math.min(pause, waitMs - waited);
    await delay(step);
    waited += step;
    pause = Math.min(pause * 2, LONGEST_LOOK_MS);
    latest = (await store.decisions.get(decision.id)) ?? latest;
  }
  return latest;
}

/** A decision as people see it. */
export function viewOf(decision: Decision): DecisionView {
  const { id, incidentId, command, actor, decidedAt, outcome, reason } = decision;
  return { id, incidentId, kind: command.kind, by: actor.person, decidedAt, outcome, reason };
}
