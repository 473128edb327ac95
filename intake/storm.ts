import type { Alert } from '../domain/alert.ts';
import type { DrillSide } from '../domain/drill.ts';
import type { Route, StormConfiguration } from '../domain/configuration.ts';
import { digestOfParts } from './fingerprint.ts';
import type { AlertRouting } from './routing.ts';

/**
 * Digest (hex) of (playbook class, severity). New incidents are counted by it, and one storm incident collects what is
 * too many of it: an attack of another class, or of another severity, is not swallowed by a storm, nor is anything real
 * by a storm of drills.
 */
export function stormKeyOf(
  playbookClass: string,
  { severity, drill }: Pick<Route, 'severity'> & DrillSide,
): string {
  return digestOfParts([`firebreak/${drill ? 'drill-' : ''}storm/1`, playbookClass, severity]);
}

/**
 * Where an alert goes when too many new incidents of its kind open at once: an incident that names no model, so that a
 * person picks one of its suspects before anything is planned, and that asks before each effect, unless its route only
 * observes.
 */
export function stormOf(
  alert: Alert,
  {
    route,
    playbookClass,
    drill,
  }: DrillSide & {
    readonly route: Route;
    readonly playbookClass: string;
  },
  { newIncidentsMax, windowSeconds }: StormConfiguration,
): AlertRouting['storm'] {
  const { name, playbook, severity, mode } = route;
  return {
    key: stormKeyOf(playbookClass, { severity, drill }),
    newIncidentsMax,
    windowSeconds,
    incident: {
      title: `Storm: too many new incidents of ${playbookClass} (${severity}) at once`,
      severity,
      mode: mode === 'observe' ? 'observe' : 'ask',
      drill,
      vetoSeconds: 0,
      route: name,
      playbookName: playbook,
      suspect: null,
      model: null,
      targets: { status: 'several', entry: null, candidates: [], steps: [] },
      parameters: {},
      origin: { kind: 'alert', by: alert.source, channel: null },
      firstAlert: alert,
      onsetAt: alert.startsAt,
    },
  };
}
