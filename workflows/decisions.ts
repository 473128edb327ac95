import type { Decision, DecisionCommand, DecisionKind } from '../domain/decision.ts';
import type { Waiting } from './messages.ts';

/** What of a run decides whether a command may be taken now. */
export interface RunView {
  readonly waiting: Waiting | null;
  readonly paused: boolean;
  readonly cancelled: boolean;
  readonly ended: boolean;
  /** Its effects were taken back: what is left is to close it. */
  readonly stoodDown: boolean;
  /** Its effects are being taken back now: what is decided about the time after waits for the end. */
  readonly standingDown: boolean;
  /** Approvals that this run has seen end without a yes: a late answer to one is refused. */
  readonly endedApprovals: ReadonlySet<string>;
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

/** Waits at which a run is at rest: nothing goes on by itself. */
function rests(view: RunView, ...kinds: readonly Waiting['kind'][]): boolean {
  return view.waiting !== null && kinds.includes(view.waiting.kind);
}

/** An answer may overtake the activity that opened its approval, so only ended ones are refused. */
function refuseAnswer(approvalId: string, view: RunView): string | null {
  return view.endedApprovals.has(approvalId)
    ? 'This approval is not being waited for any more: it was rejected, voided or replaced.'
    : null;
}

const STOOD_DOWN = 'The incident was stood down: close it.';

function refuseRetry(view: RunView): string | null {
  if (view.stoodDown) return STOOD_DOWN;
  if (view.waiting?.kind !== 'held') return 'Nothing is held: there is nothing to retry.';
  return view.cancelled && view.waiting.operation === null
    ? 'The incident was cancelled: resume it.'
    : null;
}

function refuseSettling(operation: string, view: RunView): string | null {
  if (view.stoodDown) return STOOD_DOWN;
  if (view.waiting?.kind !== 'held') return 'Nothing is held: there is nothing to settle.';
  return operation === view.waiting.operation
    ? null
    : `Held at ${view.waiting.operation ?? 'no operation'}, not at ${operation}.`;
}

function refuseResume(view: RunView): string | null {
  if (view.paused) return null;
  if (!rests(view, 'held')) return 'The incident is neither paused nor held.';
  return view.stoodDown ? STOOD_DOWN : null;
}

function refuseStandDown(view: RunView): string | null {
  if (view.standingDown) return 'A stand-down is already under way.';
  if (rests(view, 'held', 'close')) return null;
  return 'Cancel the incident first: a stand-down starts from a held incident.';
}

type SteeringKind = Exclude<DecisionKind, 'approve' | 'reject' | 'retry' | 'skip' | 'mark-done'>;

const NEVER_REFUSED = (): null => null;

/** The relay carries these out on the incident itself and starts its next generation. */
const NOT_OF_A_RUN = (): string => 'This is not decided by a run.';

const STEERING: Readonly<Record<SteeringKind, (view: RunView) => string | null>> = {
  targets: (view) => (rests(view, 'targets') ? null : 'The targets are already chosen.'),
  'stand-down': refuseStandDown,
  close: (view) =>
    view.standingDown || rests(view, 'held', 'close', 'targets')
      ? null
      : 'The incident is still working: cancel it first, or wait for its end.',
  resume: refuseResume,
  pause: ({ paused }) => (paused ? 'The incident is already paused.' : null),
  cancel: ({ cancelled }) => (cancelled ? 'The incident is already cancelled.' : null),
  reroute: NOT_OF_A_RUN,
  'target-add': NOT_OF_A_RUN,
  'target-remove': NOT_OF_A_RUN,
  'hand-over': NEVER_REFUSED,
  severity: NEVER_REFUSED,
  veto: NEVER_REFUSED,
  acknowledge: NEVER_REFUSED,
  note: NEVER_REFUSED,
  declare: NEVER_REFUSED,
};

const KINDS: ReadonlySet<unknown> = new Set([
  ...['approve', 'reject', 'retry', 'skip', 'mark-done'],
  ...Object.keys(STEERING),
]);

/** Whether this has the form of a decision: whoever reaches Temporal directly may send anything. */
export function isDecision(sent: unknown): sent is Decision {
  if (!isObject(sent) || !isObject(sent['command']) || !isObject(sent['actor'])) return false;
  const { person, name } = sent['actor'];
  const said = [sent['id'], person, name];
  return said.every((one) => typeof one === 'string') && KINDS.has(sent['command']['kind']);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * Why this command cannot be taken now, as a sentence for people, or null when it can. Synchronous and pure: it is
 * the update's validator.
 */
export function refusalOf(command: DecisionCommand, view: RunView): string | null {
  if (view.ended) return 'The incident is closed.';
  switch (command.kind) {
    case 'approve':
    case 'reject':
      return refuseAnswer(command.approvalId, view);
    case 'retry':
      return refuseRetry(view);
    case 'skip':
    case 'mark-done':
      return refuseSettling(command.operation, view);
    default:
      return STEERING[command.kind](view);
  }
}
