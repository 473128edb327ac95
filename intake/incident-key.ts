import { digestOfParts } from './fingerprint.ts';

/** What an incident is about, the most specific first: a resolved model, a suspect, or one alert. */
export interface IncidentSubject {
  readonly model: string | null;
  readonly suspect: string | null;
  /** Fingerprint of the alert; null when a person opened the incident. */
  readonly fingerprint: string | null;
}

function subjectParts(subject: IncidentSubject): readonly [string, string] {
  if (subject.model !== null) return ['model', subject.model];
  if (subject.suspect !== null) return ['suspect', subject.suspect];
  return ['alert', subject.fingerprint ?? ''];
}

/**
 * Digest (hex) of (resolved model or suspect, playbook class): alerts with one key belong to one incident. While
 * neither model nor suspect is known, only the same alert joins.
 */
export function incidentKeyOf(subject: IncidentSubject, playbookClass: string): string {
  return digestOfParts(['firebreak/incident/1', ...subjectParts(subject), playbookClass]);
}
