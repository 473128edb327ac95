import type { JsonObject } from './json.ts';
import type { Alert } from './alert.ts';
import type { ResolvedTargets } from './inventory.ts';
import type { StepName } from './playbook.ts';

/** Where an incident stands. `held`: a person decides next. `stuck`: the engine cannot go on. */
export type IncidentState = 'pending' | 'open' | 'held' | 'stuck' | 'closed';

/** Severities, the worst first. */
export const SEVERITIES = ['sev1', 'sev2', 'sev3', 'sev4'] as const;
/** sev1 is the worst. */
export type Severity = (typeof SEVERITIES)[number];

/** True when the first severity is worse than the second. */
export function isWorse(one: Severity, other: Severity): boolean {
  return SEVERITIES.indexOf(one) < SEVERITIES.indexOf(other);
}

/** Phase words in the sense of NIST SP 800-61 Rev. 2. */
export type Phase = 'triage' | 'containment' | 'eradication' | 'recovery' | 'review' | 'closed';

/** What a route may let the engine do by itself, the least first. */
export const MODES = ['observe', 'ask', 'auto'] as const;
/**
 * What a route lets the engine do by itself. `observe`: look and plan, write nothing outside. `ask`: each effect of R1
 * waits for one responder. `auto`: R1 goes on by itself. R2 and up wait for their approvals in `ask` and `auto`.
 */
export type Mode = (typeof MODES)[number];

/** What an incident can turn out to have been. */
export const CLOSING_VERDICTS = [
  'confirmed',
  'false_positive',
  'expected_change',
  'inconclusive',
] as const;
/** What the incident turned out to be. */
export type ClosingVerdict = (typeof CLOSING_VERDICTS)[number];

/** How a step or an operation ended. Held is never success. */
export type Outcome = 'succeeded' | 'failed' | 'inconclusive' | 'skipped' | 'not_run';

/** What opened an incident: an alert's words, or a person's. */
export interface IncidentOrigin {
  readonly kind: 'alert' | 'person';
  /** Source name, or the person's id. */
  readonly by: string;
  /** Where the person spoke: `api`, `cli`, `slack`; null for an alert. */
  readonly channel: string | null;
}

/** An incident row as everyone but the store sees it. */
export interface Incident {
  readonly id: string;
  /** Small number for people, unique. */
  readonly number: number;
  readonly key: string;
  readonly title: string;
  readonly state: IncidentState;
  /** Why it is held or stuck, for people; null otherwise. */
  readonly stateReason: string | null;
  /** Who has the next move while held or stuck, and at any time who leads it; null when nobody took it. */
  readonly owner: string | null;
  readonly severity: Severity;
  readonly phase: Phase;
  readonly mode: Mode;
  /** A rehearsal: it reaches drill instances alone, and counts nowhere. Fixed when the incident is opened. */
  readonly drill: boolean;
  /** How long people may veto before the first effect that goes on by itself, in seconds; 0: at once. */
  readonly vetoSeconds: number;
  /** When that time ends, once people were told; null before. */
  readonly vetoUntil: string | null;
  readonly route: string | null;
  readonly playbookName: string;
  readonly playbookDigest: string | null;
  /** The suspect (model, dataset version …) as named by alert or person; null when unknown. */
  readonly suspect: string | null;
  readonly model: string | null;
  readonly targets: ResolvedTargets | null;
  readonly parameters: JsonObject;
  readonly origin: IncidentOrigin;
  readonly firstAlert: Alert | null;
  readonly alertCount: number;
  /** Runs of this incident so far: workflow id is `incident/<id>/<generation>`. */
  readonly generation: number;
  readonly step: StepName | null;
  readonly paused: boolean;
  readonly acknowledgedBy: string | null;
  readonly verdict: ClosingVerdict | null;
  readonly onsetAt: string | null;
  readonly openedAt: string;
  /** When it was seen contained, restored and stabilised; each null before that, and again from a stand-down on. */
  readonly containedAt: string | null;
  readonly restoredAt: string | null;
  readonly stabilisedAt: string | null;
  readonly closedAt: string | null;
}

/** The source whose alert opened an incident; null when a person did. */
export function sourceOf({ origin }: Pick<Incident, 'origin'>): string | null {
  return origin.kind === 'alert' ? origin.by : null;
}

/** The workflow id of one generation of an incident. */
export function workflowIdOf(incidentId: string, generation: number): string {
  return `incident/${incidentId}/${generation.toString()}`;
}
