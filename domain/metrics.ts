import type { Fact } from './fact.ts';
import type { Incident } from './incident.ts';
import { isJsonObject, type Json } from './json.ts';
import { momentOf, timeOf } from './timeline.ts';

/** The moments between which metrics are measured, in the order in which they must lie. */
export const MILESTONES = [
  'onset',
  'alert',
  'declared',
  'contained',
  'restored',
  'redeployed',
  'closed',
] as const;
/** One of `MILESTONES`, or a moment that has no fixed place among them. */
export type Milestone = (typeof MILESTONES)[number] | 'acknowledged' | 'scoped';

/** A moment and the fact that vouches for it; both null while it is unknown. */
export interface Anchor {
  readonly at: string | null;
  readonly fact: number | null;
}

/** Two milestones in the wrong order: an error to be corrected visibly, never silently. */
export interface OrderViolation {
  readonly earlier: Milestone;
  readonly later: Milestone;
  readonly facts: readonly number[];
}

/** Durations in milliseconds, each null while one of its ends is unknown or the two are in the wrong order. */
export interface Metrics {
  readonly anchors: Readonly<Record<Milestone, Anchor>>;
  /** Alert received minus onset. */
  readonly detectMs: number | null;
  /** Acknowledged minus alert. */
  readonly acknowledgeMs: number | null;
  /** Declared minus alert. */
  readonly declareMs: number | null;
  /** Verified contained minus alert. */
  readonly containMs: number | null;
  /** Verified contained minus onset. */
  readonly exposureMs: number | null;
  /** Lineage answer complete minus alert. */
  readonly scopeMs: number | null;
  /** Known good verified minus alert. */
  readonly restoreMs: number | null;
  /** Known good verified minus onset. */
  readonly restoreFromOnsetMs: number | null;
  /** Fixed version at 100 % minus known good verified. */
  readonly redeployMs: number | null;
  /** Waits for approvals that ended, together and the longest; null when none ended. */
  readonly humanWaitMs: number | null;
  readonly longestHumanWaitMs: number | null;
  /** Steps that ended without a person's decision, as a share of steps that ended; null when none did. */
  readonly automationShare: number | null;
  readonly alerts: number;
  readonly violations: readonly OrderViolation[];
}

function field(data: Json, name: string): Json {
  return isJsonObject(data) ? (data[name] ?? null) : null;
}

const NOWHERE: Anchor = { at: null, fact: null };

function anchorOf(fact: Fact | undefined, at: (fact: Fact) => string = momentOf): Anchor {
  return fact === undefined ? NOWHERE : { at: at(fact), fact: fact.sequence };
}

/** When an alert's delivery arrived; its own time is when it began to fire. */
function receivedAt({ data, recordedAt }: Fact): string {
  const at = field(data, 'receivedAt');
  return typeof at === 'string' ? at : recordedAt;
}

function isScope(fact: Fact): boolean {
  const { kind, data } = fact;
  return (
    kind === 'lineage.traced' && field(data, 'truncated') !== true && field(data, 'known') !== false
  );
}

function isRedeployed({ kind, step, data }: Fact): boolean {
  return kind === 'step.ended' && step === 'redeploy' && field(data, 'outcome') === 'succeeded';
}

function anchorsOf(incident: Incident, facts: readonly Fact[]): Metrics['anchors'] {
  const first = (kind: Fact['kind']): Fact | undefined => facts.find((fact) => fact.kind === kind);
  const alert = first('alert.received');
  const opened = first('incident.opened');
  // A row's own time stands in where its fact is not in the log; then no fact vouches for it.
  const orRow = (anchor: Anchor, at: string | null): Anchor =>
    anchor.at === null ? { at, fact: null } : anchor;
  return {
    onset: { at: incident.onsetAt, fact: (alert ?? opened)?.sequence ?? null },
    alert: anchorOf(alert, receivedAt),
    declared: orRow(anchorOf(opened), incident.openedAt),
    acknowledged: anchorOf(first('incident.acknowledged')),
    contained: orRow(anchorOf(first('containment.verified')), incident.containedAt),
    scoped: anchorOf(facts.find(isScope)),
    restored: orRow(anchorOf(first('incident.stabilised')), incident.restoredAt),
    redeployed: anchorOf(facts.find(isRedeployed)),
    closed: orRow(
      anchorOf(facts.findLast(({ kind }) => kind === 'incident.closed')),
      incident.closedAt,
    ),
  };
}

/** Milliseconds from one anchor to another; null when either is unknown or they are in the wrong order. */
function between(from: Anchor, to: Anchor): number | null {
  const start = timeOf(from.at);
  const end = timeOf(to.at);
  return start === null || end === null || end < start ? null : end - start;
}

function violationsOf(anchors: Metrics['anchors']): readonly OrderViolation[] {
  const ordered: readonly (readonly Milestone[])[] = [
    MILESTONES,
    ['alert', 'acknowledged'],
    ['alert', 'scoped'],
  ];
  return ordered.flatMap((names) => {
    const known = names.filter((name) => timeOf(anchors[name].at) !== null);
    return known.slice(1).flatMap((later, index): readonly OrderViolation[] => {
      const earlier = known[index];
      if (earlier === undefined) return [];
      const { [earlier]: before, [later]: after } = anchors;
      if ((timeOf(before.at) ?? 0) <= (timeOf(after.at) ?? 0)) return [];
      return [{ earlier, later, facts: [before, after].flatMap(({ fact }) => fact ?? []) }];
    });
  });
}

/** The fact that ended the wait for an approval: its last needed yes, a no, or the end of the question. */
function endOfWait(requested: Fact, facts: readonly Fact[]): Fact | undefined {
  const id = field(requested.data, 'approvalId');
  const people = field(requested.data, 'people');
  const about = facts.filter(
    (fact) => fact.sequence > requested.sequence && field(fact.data, 'approvalId') === id,
  );
  const yes = about.filter(
    ({ kind, data }) =>
      kind === 'approval.approved' ||
      (kind === 'decision.admitted' && field(data, 'kind') === 'approve'),
  );
  const ended = about.find(
    ({ kind, data }) =>
      kind === 'approval.rejected' ||
      kind === 'approval.expired' ||
      kind === 'approval.voided' ||
      (kind === 'decision.admitted' && field(data, 'kind') === 'reject'),
  );
  const enough = typeof people === 'number' && people > 0 ? yes[people - 1] : yes[0];
  return [ended, enough]
    .filter((fact) => fact !== undefined)
    .sort((a, b) => a.sequence - b.sequence)[0];
}

function humanWaits(facts: readonly Fact[]): readonly number[] {
  return facts
    .filter(({ kind }) => kind === 'approval.requested')
    .flatMap((requested) => {
      const end = endOfWait(requested, facts);
      const wait = end ? between(anchorOf(requested), anchorOf(end)) : null;
      return wait ?? [];
    });
}

/** Decisions with which a person took a step's work on. */
const TAKES_OVER: ReadonlySet<Json> = new Set<Json>([
  'approve',
  'reject',
  'skip',
  'mark-done',
  'retry',
]);

function automationShare(facts: readonly Fact[]): number | null {
  const ended = facts.filter(({ kind }) => kind === 'step.ended');
  if (ended.length === 0) return null;
  const byPeople = ended.filter((end) => {
    const start = facts.findLast(
      ({ kind, step, sequence }) =>
        kind === 'step.started' && step === end.step && sequence < end.sequence,
    );
    return facts.some(
      ({ kind, data, sequence }) =>
        sequence > (start?.sequence ?? 0) &&
        sequence < end.sequence &&
        kind === 'decision.admitted' &&
        TAKES_OVER.has(field(data, 'kind')),
    );
  });
  return (ended.length - byPeople.length) / ended.length;
}

/**
 * The metrics of one incident from its facts, in the order of the log. Unknown is null, never zero; milestones in the wrong
 * order are listed in `violations`, and what would be measured between them is null.
 */
export function computeMetrics(incident: Incident, facts: readonly Fact[]): Metrics {
  const anchors = anchorsOf(incident, facts);
  const waits = humanWaits(facts);
  return {
    anchors,
    detectMs: between(anchors.onset, anchors.alert),
    acknowledgeMs: between(anchors.alert, anchors.acknowledged),
    declareMs: between(anchors.alert, anchors.declared),
    containMs: between(anchors.alert, anchors.contained),
    exposureMs: between(anchors.onset, anchors.contained),
    scopeMs: between(anchors.alert, anchors.scoped),
    restoreMs: between(anchors.alert, anchors.restored),
    restoreFromOnsetMs: between(anchors.onset, anchors.restored),
    redeployMs: between(anchors.restored, anchors.redeployed),
    humanWaitMs: waits.length === 0 ? null : waits.reduce((sum, wait) => sum + wait, 0),
    longestHumanWaitMs: waits.length === 0 ? null : Math.max(...waits),
    automationShare: automationShare(facts),
    alerts: incident.alertCount,
    violations: violationsOf(anchors),
  };
}
