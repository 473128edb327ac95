import type { Role } from './approval.ts';
import type { Severity } from './incident.ts';
import type { MessageChannel } from './message.ts';

/** One rung: after so long without an answer these people are told, by these channels. At most one of the three names them. */
export interface Rung {
  /** Since the approval was asked for, or the incident opened. */
  readonly afterSeconds: number;
  /** A person's id. */
  readonly person: string | null;
  /** Every active person with this role. */
  readonly role: Role | null;
  /** Name of a schedule: whoever is on call then. */
  readonly onCall: string | null;
  readonly channels: readonly MessageChannel[];
}

/** Who is told when nobody answers. A rung tells people; it never approves and changes nothing of what stands. */
export interface Escalation {
  /** Of an open approval; a rung that names nobody tells those whom the approval asks for. */
  readonly approvals: readonly Rung[];
  /** Of an incident that nobody acknowledged. */
  readonly incidents: readonly Rung[];
  /** The severities of incidents that climb. */
  readonly severities: readonly Severity[];
  /** Name of the instance that pages; absent: nothing does. */
  readonly pager?: string;
}

const MINUTE = 60;
const BOTH = ['slack', 'mail'] as const;
const of = (minutes: number, role: Role | null): Rung => ({
  ...{ afterSeconds: minutes * MINUTE, role, person: null, onCall: null, channels: BOTH },
});

/** The ladder that is climbed where the configuration has none. */
export const DEFAULT_ESCALATION: Escalation = {
  approvals: [of(15, null), of(30, 'commander'), of(60, 'admin')],
  incidents: [of(10, 'responder'), of(20, 'commander'), of(40, 'admin')],
  severities: ['sev1', 'sev2'],
};

/** Rungs of a ladder at most. */
export const RUNGS_MAX = 10;

/** A rung that was taken: its place on the ladder, from 1, and whether it reached anybody. */
export interface TakenRung {
  readonly rung: number;
  readonly reached: boolean;
}

/**
 * The next rung to be taken, from 1; null while none is due. One that reached nobody makes the next one due at once.
 */
export function nextRung(
  ladder: readonly Rung[],
  taken: readonly TakenRung[],
  ageSeconds: number,
): { readonly rung: number; readonly step: Rung } | null {
  const last = taken.reduce((top, { rung }) => Math.max(top, rung), 0);
  const step = ladder[last];
  if (step === undefined) return null;
  const inVain = taken.some(({ rung, reached }) => rung === last && !reached);
  return inVain || ageSeconds >= step.afterSeconds ? { rung: last + 1, step } : null;
}

const RUNG_OF_APPROVAL = /^approval\/([^/]+)\/escalation\/(\d+)$/;
const RUNG_OF_INCIDENT = /^escalation\/(\d+)$/;

/** What a rung is about: an approval, an incident that nobody acknowledged, or who was on call when an incident opened. */
export interface RungSubject {
  readonly kind: 'approval' | 'incident' | 'on-call';
  readonly id: string;
}

/** The purpose of the message of a rung. */
export function rungPurpose({ kind, id }: RungSubject, rung: number): string {
  const of = kind === 'approval' ? `approval/${id}/` : '';
  return `${of}escalation/${rung.toString()}`;
}

/** The rung that a message is of; null for every other message. */
export function rungOf({
  incidentId,
  purpose,
}: {
  readonly incidentId: string | null;
  readonly purpose: string;
}): { readonly subject: RungSubject; readonly rung: number } | null {
  const [, approvalId, ofApproval] = RUNG_OF_APPROVAL.exec(purpose) ?? [];
  if (approvalId !== undefined) {
    return { subject: { kind: 'approval', id: approvalId }, rung: Number(ofApproval) };
  }
  const [, ofIncident] = RUNG_OF_INCIDENT.exec(purpose) ?? [];
  if (ofIncident === undefined || incidentId === null) return null;
  return { subject: { kind: 'incident', id: incidentId }, rung: Number(ofIncident) };
}
