import { z } from 'zod';
import { CLOSING_VERDICTS, MODES, SEVERITIES } from '../domain/incident.ts';
import type { Incident } from '../domain/incident.ts';
import { STEP_NAMES } from '../domain/playbook.ts';
import { document, timestamp } from './column.ts';

/** The columns of an incident under the names of the domain. */
export const INCIDENT_COLUMNS = `id, number, incident_key as key, title, state, state_reason as "stateReason",
  owner, severity, phase, mode, drill, veto_seconds as "vetoSeconds",
  veto_until as "vetoUntil", route, playbook_name as "playbookName", playbook_digest as "playbookDigest",
  suspect, model, targets, parameters, origin, first_alert as "firstAlert", alert_count as "alertCount",
  generation, step, paused, acknowledged_by as "acknowledgedBy", verdict, onset_at as "onsetAt",
  opened_at as "openedAt", contained_at as "containedAt", restored_at as "restoredAt",
  stabilised_at as "stabilisedAt", closed_at as "closedAt"`;

/** An incident as stored. */
export const incidentRow: z.ZodType<Incident> = z.object({
  id: z.string(),
  number: z.number(),
  key: z.string(),
  title: z.string(),
  state: z.enum(['pending', 'open', 'held', 'stuck', 'closed']),
  stateReason: z.string().nullable(),
  owner: z.string().nullable(),
  severity: z.enum(SEVERITIES),
  phase: z.enum(['triage', 'containment', 'eradication', 'recovery', 'review', 'closed']),
  mode: z.enum(MODES),
  drill: z.boolean(),
  vetoSeconds: z.number(),
  vetoUntil: timestamp.nullable(),
  route: z.string().nullable(),
  playbookName: z.string(),
  playbookDigest: z.string().nullable(),
  suspect: z.string().nullable(),
  model: z.string().nullable(),
  targets: document<Incident['targets']>(),
  parameters: document<Incident['parameters']>(),
  origin: document<Incident['origin']>(),
  firstAlert: document<Incident['firstAlert']>(),
  alertCount: z.number(),
  generation: z.number(),
  step: z.enum(STEP_NAMES).nullable(),
  paused: z.boolean(),
  acknowledgedBy: z.string().nullable(),
  verdict: z.enum(CLOSING_VERDICTS).nullable(),
  onsetAt: timestamp.nullable(),
  openedAt: timestamp,
  containedAt: timestamp.nullable(),
  restoredAt: timestamp.nullable(),
  stabilisedAt: timestamp.nullable(),
  closedAt: timestamp.nullable(),
});
