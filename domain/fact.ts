import type { Json } from './json.ts';
import type { StepName } from './playbook.ts';

/** The closed set of fact kinds; each is one line of the timeline. */
export const FACT_KINDS = [
  'alert.received',
  'alert.flapped',
  'alert.resolved',
  'alert.attached',
  'storm.collected',
  'alert.confirmed',
  'alert.unconfirmed',
  'incident.opened',
  'incident.reopened',
  'incident.resumed',
  'incident.severity-set',
  'incident.acknowledged',
  'incident.note',
  'incident.snoozed',
  'incident.handed-over',
  'incident.rerouted',
  'incident.veto-opened',
  'incident.vetoed',
  'incident.paused',
  'incident.unpaused',
  'incident.held',
  'incident.released',
  'incident.stuck',
  'incident.run-refused',
  'incident.signal-ignored',
  'incident.cancelled',
  'incident.stabilised',
  'incident.closed',
  'targets.resolved',
  'targets.chosen',
  'targets.changed',
  'step.started',
  'step.ended',
  'operation.skipped',
  'operation.planned',
  'operation.would-have',
  'operation.refused',
  'operation.conflict',
  'operation.applied',
  'operation.verified',
  'operation.unverified',
  'operation.unknown',
  'operation.confirmed',
  'operation.failed',
  'operation.marked-done',
  'operation.reverted',
  'operation.revert-failed',
  'probe.observed',
  'gate.evaluated',
  'claim.blocked',
  'evidence.sealed',
  'evidence.gap',
  'lineage.traced',
  'known-good.chosen',
  'containment.verified',
  'containment.lapsed',
  'containment.restored',
  'containment.left',
  'containment.unwatched',
  'containment.contested',
  'containment.expired',
  'approval.requested',
  'approval.escalated',
  'escalation.rung',
  'on-call.recorded',
  'approval.voided',
  'approval.approved',
  'approval.rejected',
  'approval.expired',
  'decision.admitted',
  'decision.refused',
  'break-glass.broken',
  'break-glass.used',
  'break-glass.reviewed',
  'clock.declared',
  'clock.reminded',
  'update.drafted',
  'update.reminded',
  'update.released',
  'update.skipped',
  'legal-hold.placed',
  'legal-hold.word',
  'legal-hold.ended',
  'stand-down.planned',
  'stand-down.done',
  'wait.started',
  'message.sent',
  'message.failed',
  'message.refused',
  'message.unknown',
  'message.channel',
  'postmortem.written',
] as const;
/** One of `FACT_KINDS`. */
export type FactKind = (typeof FACT_KINDS)[number];

/**
 * A fact to be appended. Its body holds nothing that depends on the attempt (no latency, no attempt number,
 * no time of this try): a retry must produce equal bytes.
 */
export interface NewFact {
  /** Unique within the incident: the same fact twice is dropped, another body under the key raises. */
  readonly key: string;
  readonly kind: FactKind;
  /** What happened when, RFC 3339; null when equal to the moment of recording. */
  readonly occurredAt: string | null;
  /** `engine`, a person's id, or a source's name. */
  readonly actor: string;
  readonly step: StepName | null;
  readonly operation: string | null;
  readonly target: string | null;
  /** One sentence for people; text from outside is data and stays inert in every rendering. */
  readonly summary: string;
  readonly data: Json;
  /** Keys of facts that caused this one. */
  readonly causes: readonly string[];
}

/** A fact as stored: numbered, timed, chained. */
export interface Fact extends NewFact {
  readonly incidentId: string;
  readonly sequence: number;
  readonly recordedAt: string;
  /** Hex. */
  readonly previousHash: string;
  readonly hash: string;
}

/** The part of a fact whose canonical bytes are hashed as its body. */
export function factBody(fact: NewFact): object {
  const { kind, occurredAt, actor, step, operation, target, summary, data, causes } = fact;
  return { kind, occurredAt, actor, step, operation, target, summary, data, causes };
}

/** A fact with everything that most facts leave empty filled in. */
export function newFact(
  fact: Pick<NewFact, 'key' | 'kind' | 'summary'> & Partial<NewFact>,
): NewFact {
  return {
    occurredAt: null,
    actor: 'engine',
    step: null,
    operation: null,
    target: null,
    data: null,
    causes: [],
    ...fact,
  };
}
