import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import { CLOSING_VERDICTS, MODES, SEVERITIES, type Incident } from '../../domain/incident.ts';
import type { InventoryEntry, ResolvedTargets } from '../../domain/inventory.ts';
import { STEP_NAMES } from '../../domain/playbook.ts';
import type { StormSuspect } from '../../domain/storm.ts';
import { jsonObjectSchema, stringMapSchema } from './value.ts';

/** The states of an incident. */
export const INCIDENT_STATES = ['pending', 'open', 'held', 'stuck', 'closed'] as const;

const alertSchema = z.object({
  source: z.string(),
  status: z.enum(['firing', 'resolved']),
  fingerprint: z.string(),
  startsAt: z.string(),
  endsAt: z.string().nullable(),
  title: z.string(),
  labels: stringMapSchema,
  annotations: stringMapSchema,
  details: jsonObjectSchema,
}) satisfies z.ZodType<Alert>;

const entrySchema = z.object({
  model: z.string(),
  registryName: z.string(),
  alias: z.string(),
  serving: z
    .array(
      z.object({
        cluster: z.string(),
        namespace: z.string(),
        kind: z.literal('Deployment'),
        name: z.string(),
        container: z.string(),
        role: z.enum(['stable', 'canary', 'only']),
      }),
    )
    .readonly(),
  service: z.string().nullable(),
  load: z.enum(['alias-at-start', 'pinned-uri', 'baked-image', 'sidecar']),
  replicas: z.number(),
  pipeline: z.string().nullable(),
  datasets: z.array(z.string()).readonly(),
  datasetPointer: z.object({ namespace: z.string(), name: z.string(), key: z.string() }).nullable(),
  owner: z.string(),
  onIsolation: z
    .enum(['previous-version', 'fallback-model', 'rules', 'fail-closed', 'fail-open'])
    .nullable(),
  source: z.enum(['file', 'annotation', 'discovery']),
  confidence: z.enum(['high', 'medium', 'low']),
}) satisfies z.ZodType<InventoryEntry>;

/** What alert labels select, with each rule tried. */
export const targetsSchema = z.object({
  status: z.enum(['resolved', 'none', 'several', 'weak']),
  entry: entrySchema.nullable(),
  candidates: z.array(entrySchema).readonly(),
  steps: z
    .array(
      z.object({
        rule: z.string(),
        model: z.string(),
        matched: z.boolean(),
        reason: z.string(),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<ResolvedTargets>;

/** One of the incidents that a storm incident stands for. */
export const suspectSchema = z.object({
  model: z.string().nullable(),
  suspect: z.string().nullable(),
  title: z.string(),
  alertCount: z.int(),
  firstAt: z.string(),
  lastAt: z.string(),
}) satisfies z.ZodType<StormSuspect>;

/** One of sev1 to sev4. */
export const severitySchema = z.enum(SEVERITIES);

/** An incident as everyone sees it. */
export const incidentSchema = z.object({
  id: z.string(),
  number: z.int(),
  key: z.string(),
  title: z.string(),
  state: z.enum(INCIDENT_STATES),
  stateReason: z.string().nullable(),
  owner: z.string().nullable(),
  severity: severitySchema,
  phase: z.enum(['triage', 'containment', 'eradication', 'recovery', 'review', 'closed']),
  mode: z.enum(MODES),
  drill: z.boolean(),
  vetoSeconds: z.number(),
  vetoUntil: z.string().nullable(),
  route: z.string().nullable(),
  playbookName: z.string(),
  playbookDigest: z.string().nullable(),
  suspect: z.string().nullable(),
  model: z.string().nullable(),
  targets: targetsSchema.nullable(),
  parameters: jsonObjectSchema,
  origin: z.object({
    kind: z.enum(['alert', 'person']),
    by: z.string(),
    channel: z.string().nullable(),
  }),
  firstAlert: alertSchema.nullable(),
  alertCount: z.int(),
  generation: z.int(),
  step: z.enum(STEP_NAMES).nullable(),
  paused: z.boolean(),
  acknowledgedBy: z.string().nullable(),
  verdict: z.enum(CLOSING_VERDICTS).nullable(),
  onsetAt: z.string().nullable(),
  openedAt: z.string(),
  containedAt: z.string().nullable(),
  restoredAt: z.string().nullable(),
  stabilisedAt: z.string().nullable(),
  closedAt: z.string().nullable(),
}) satisfies z.ZodType<Incident>;
