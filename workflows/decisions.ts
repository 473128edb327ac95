import type { DecisionCommand } from '../domain/decision.ts';
import type { Waiting } from './messages.ts';

/** What of a run decides whether a command may be taken now. */
export interface RunView {
  readonly waiting: Waiting | null;
  readonly paused: boolean;
  readonly cancelled: boolean;
  readonly ended: boolean;
  /** Approvals that this run has seen end: a late answer to one is refused. */
  readonly settledApprovals: ReadonlySet<string>;
}

/** Commands that only the waiting loop can carry out; the others act at once. */
export function needsWaitingLoop(command: DecisionCommand, view: RunView): boolean {
  switch (command.kind) {
    case 'retry':
    case 'skip':
    case 'mark-done':
    case 'stand-down':
    case 'targets':
    case 'close':
      return true;
    case 'resume':
      return !view.paused;
    default:
      return false;
  }
}

/** An answer may overtake the activity that opened its approval, so only ended ones are refused. */
function refuseApproval(approvalId: string, view: RunView): string | null {
  return view.settledApprovals.has(approvalId)
    ? 'This approval is not being waited for any more: it was settled, voided or replaced.'
    : null;
}

function refuseAtHold(
  command: DecisionCommand & { operation?: string },
  view: RunView,
): string | null {
  if (view.waiting?.kind !== 'held') return `Nothing is held: there is nothing to ${command.kind}.`;
  const { operation } = view.waiting;
  if (command.operation !== undefined && command.operation !== operation) {
    return `Held at ${operation ?? 'no operation'}, not at ${command.operation}.`;
  }
  if (operation === null) return `Held at no operation: there is nothing to ${command.kind}.`;
  return null;
}

/**
 * Why this command cannot be taken now, as a sentence for people, or null when it can. Synchronous and pure: it is
 * the update's validator.
 */
// eslint-disable-next-line complexity -- one case per member of a closed set, or one guard after the other; splitting hides the order.
export function refusalOf(command: DecisionCommand, view: RunView): string | null {
  if (view.ended) return 'The incident is closed.';
  switch (command.kind) {
    case 'approve':
    case 'reject':
      return refuseApproval(command.approvalId, view);
    case 'retry':
    case 'skip':
    case 'mark-done':
      return refuseAtHold(command, view);
    case 'targets':
      return view.waiting?.kind === 'targets' ? null : 'The targets are already chosen.';
    case 'stand-down':
      return view.waiting?.kind === 'held' || view.waiting?.kind === 'close'
        ? null
        : 'Cancel the incident first: a stand-down starts from a held incident.';
    case 'close':
      return view.waiting?.kind === 'held' ||
        view.waiting?.kind === 'close' ||
        view.waiting?.kind === 'targets'
        ? null
        : 'The incident is still working: cancel it first, or wait for its end.';
    case 'resume':
      return view.paused || (view.waiting?.kind === 'held' && view.cancelled)
        ? null
        : 'The incident is neither paused nor cancelled.';
    case 'pause':
      return view.paused ? 'The incident is already paused.' : null;
    case 'cancel':
      return view.cancelled ? 'The incident is already cancelled.' : null;
    case 'hand-over':
    case 'severity':
    case 'acknowledge':
    case 'note':
      return null;
  }
}
