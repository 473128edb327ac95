import type { ApprovalClass, ApprovedPlan, Role } from '../domain/approval.ts';
import { CLASS_RULES, classOfTakingBack, quorumOf, raisedClass } from '../domain/approval-class.ts';
import { AppError } from '../domain/error.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Incident } from '../domain/incident.ts';
import type { OperationResult, OperationRow } from '../domain/operation.ts';
import {
  findOperation,
  type ActionOperation,
  type ApprovalOperation,
  type Playbook,
  type UndoOperation,
} from '../domain/playbook.ts';
import { undoActionOf } from '../domain/legal-hold.ts';
import type { ApprovalInput } from './activity.ts';
import { isUnapproved } from './clear-effect.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { contextOf, isWanted } from './evaluation.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { currentRow, draftPlan, jobsOf, type Draft } from './plan-effect.ts';
import { titleWithGaps } from './proof-gaps.ts';
import { resultIn } from './results.ts';
import { undoDigestOf } from './revert.ts';

/** Name of the approval that a stand-down asks for. */
export const STAND_DOWN = 'stand-down';
/** How long people have to answer before they are reminded, when nothing says otherwise. */
export const ESCALATES_AFTER_SECONDS = 900;

/** An effect that stands alone in its playbook names nobody and no time: its class does. */
const ALONE = {
  roles: [],
  when: null,
  expiresAfterSeconds: null,
  escalateAfterSeconds: ESCALATES_AFTER_SECONDS,
} as const;

/** What will be asked: who, for how long, and about which plans. */
export interface Question {
  readonly title: string;
  readonly roles: readonly Role[];
  readonly approvalClass: ApprovalClass;
  readonly expiresAfterSeconds: number;
  readonly escalateAfterSeconds: number;
  readonly drafts: readonly Draft[];
  /** Rows of an earlier round whose effect is not settled: they go on under this approval's list as they are. */
  readonly plans: readonly ApprovedPlan[];
  /** Rows among `plans` that nobody approved so far: from now on this approval is in charge of them. */
  readonly bound: readonly OperationRow[];
}

/** One request for an approval. */
export interface Asking {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly input: ApprovalInput;
  readonly incident: Incident;
}

/** What is asked about: an approval of the playbook, or effects that may not go on by themselves. */
type Asked = Pick<
  ApprovalOperation,
  'title' | 'roles' | 'when' | 'covers' | 'escalateAfterSeconds'
> & { readonly expiresAfterSeconds: number | null };

/** The approval of that name, or the effects of that name that are to be asked for. Raises `invalid`. */
function askedOf(playbook: Playbook, input: ApprovalInput): Asked {
  const operation = findOperation(playbook, input.operation)?.operation;
  switch (operation?.kind) {
    case 'approval':
      return operation;
    case 'action':
    case 'undo':
      return { ...ALONE, title: operation.title, covers: [operation] };
    case 'parallel': {
      const members = operation.operations.filter(({ name }) => name in input.rounds);
      const covers = members.filter((member) => member.kind === 'action' || member.kind === 'undo');
      return { ...ALONE, title: operation.title, covers };
    }
    default:
      throw new AppError('invalid', `${input.operation} is nothing to approve.`, {
        field: 'operation',
      });
  }
}

/**
 * What an approval covers, planned now; null when its condition does not hold. Raises `invalid` for what is nothing to
 * approve.
 */
export async function coveredQuestion(asking: Asking): Promise<Question | null> {
  const { deps, attempt, input, incident } = asking;
  const pinned = await pinnedOf(deps, incident);
  const approval = askedOf(pinned.playbook, input);
  const results = await deps.store.results.ofIncident(incident.id);
  const context = contextOf({ incident, pinned, results, now: attempt.scheduledAt });
  if (!isWanted(approval, context)) return null;
  const rows = await deps.store.operations.ofIncident(incident.id);
  const drafts: Draft[] = [];
  const plans: ApprovedPlan[] = [];
  const bound: OperationRow[] = [];
  for (const covered of approval.covers) {
    if (isSettled(covered, results, input) || !isWanted(covered, context)) continue;
    if (covered.kind === 'undo') plans.push(...(await undoPlans(asking, covered)));
    else await planCovered(asking, { covered, context, rows, drafts, bound });
  }
  const { title, ...head } = headOf(approval);
  const listed = [...plans, ...bound.map(rowPlan)];
  return { ...head, title: titleWithGaps(title, results), drafts, plans: listed, bound };
}

function isSettled(
  covered: ActionOperation | UndoOperation,
  results: readonly OperationResult[],
  input: ApprovalInput,
): boolean {
  const known = resultIn(results, covered.name, input.rounds[covered.name] ?? 1);
  return known?.outcome === 'succeeded' || known?.outcome === 'skipped';
}

function headOf(approval: Asked): Omit<Question, 'drafts' | 'plans' | 'bound'> {
  const classes = approval.covers.map((covered) => covered.approvalClass);
  const approvalClass = raisedClass('R1', ...classes);
  const { title, roles, expiresAfterSeconds, escalateAfterSeconds } = approval;
  return {
    title,
    roles,
    approvalClass,
    expiresAfterSeconds: expiresAfterSeconds ?? CLASS_RULES[approvalClass].expiresAfterSeconds,
    escalateAfterSeconds,
  };
}

async function planCovered(
  asking: Asking,
  plan: {
    readonly covered: ActionOperation;
    readonly context: EvaluationContext;
    readonly rows: readonly OperationRow[];
    readonly drafts: Draft[];
    readonly bound: OperationRow[];
  },
): Promise<void> {
  const { deps, attempt, input, incident } = asking;
  if (input.step === null) return;
  const round = input.rounds[plan.covered.name] ?? 1;
  const asked = { incident, step: input.step, operation: plan.covered, round };
  for (const job of jobsOf(deps, asked, plan.context)) {
    const current = currentRow(plan.rows, job);
    // An effect of an earlier round that is not settled goes on as it was approved.
    if (current && isUnapproved(current)) plan.bound.push(current);
    if (current) continue;
    plan.drafts.push(await draftPlan(deps, attempt, { job, earlier: plan.drafts }));
  }
}

async function undoPlans(asking: Asking, covered: UndoOperation): Promise<readonly ApprovedPlan[]> {
  const stack = await asking.deps.store.operations.undoStack(asking.incident.id);
  return stack
    .filter((row) => covered.of.includes(row.operation))
    .map((row) => undoPlan(row, covered.name, covered.approvalClass));
}

/** A stored plan as it stands. */
function rowPlan(row: OperationRow): ApprovedPlan {
  const { operation, target, round, planDigest, plan, use, approvalClass } = row;
  const { summary, undo } = plan;
  return {
    operation,
    target,
    round,
    digest: planDigest,
    summary,
    action: use,
    approvalClass,
    undo,
  };
}

function undoPlan(row: OperationRow, listedAs: string, approvalClass: ApprovalClass): ApprovedPlan {
  return {
    operation: listedAs,
    target: row.target,
    round: row.round,
    digest: undoDigestOf(row),
    summary: `Take back ${row.operation}: ${row.plan.undo}`,
    action: undoActionOf(row),
    approvalClass,
    undo: row.plan.summary,
  };
}

/** The planned way back: everything whose apply began, newest first, at the class of what it lifts. */
export async function standDownQuestion(asking: Asking): Promise<Question> {
  const stack = await asking.deps.store.operations.undoStack(asking.incident.id);
  const approvalClass = raisedClass('R2', ...stack.map(classOfTakingBack));
  return {
    title: 'Stand down: undo everything, newest first',
    roles: quorumOf(approvalClass).roles,
    approvalClass,
    expiresAfterSeconds: CLASS_RULES[approvalClass].expiresAfterSeconds,
    escalateAfterSeconds: ESCALATES_AFTER_SECONDS,
    drafts: [],
    bound: [],
    plans: stack.map((row) => undoPlan(row, STAND_DOWN, approvalClass)),
  };
}
