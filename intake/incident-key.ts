import type { DrillSide } from '../domain/drill.ts';
import type { Mode } from '../domain/incident.ts';
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
 * neither model nor suspect is known, only the same alert joins. What is only observed has a key of its own: an incident keeps
 * the mode it was opened with, so one that may do nothing must not take in what a route would act on. A drill never
 * shares a key with what is real.
 */
export function incidentKeyOf(
  subject: IncidentSubject,
  {
    playbookClass,
    mode,
    drill,
  }: DrillSide & {
    readonly playbookClass: string;
    readonly mode: Mode;
  },
): string {
  const parts = [`firebreak/${drill ? 'drill' : 'incident'}/1`, ...subjectParts(subject)];
  return digestOfParts([...parts, playbookClass, ...(mode === 'observe' ? [mode] : [])]);
}
