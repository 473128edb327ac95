import { z } from 'zod';
import { APPROVAL_CLASSES, ROLES } from '../domain/approval.ts';
import {
  CONFIRM_PROBES_MAX,
  CONFIRM_SECONDS_MAX,
  MEMBERS_MAX,
  OPERATIONS_MAX,
  operationName,
  parameterName,
  useName,
} from '../domain/playbook-schema.ts';

/** The keys that say what an operation is; exactly one of them stands in each. */
export const KIND_KEYS = [
  'action',
  'undo',
  'probe',
  'seal',
  'lineage',
  'known-good',
  'gate',
  'approval',
  'wait',
  'parallel',
] as const;
/** One of `KIND_KEYS`. */
export type KindKey = (typeof KIND_KEYS)[number];

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration such as `20s`, `15m`, `4h`, `2d`. Only for text that `duration` accepted. */
export function secondsOf(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT_SECONDS[text.slice(-1)] ?? Number.NaN);
}

const duration = (max: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}[smhd]$/, 'is not a duration such as 20s, 15m, 4h or 2d')
    .refine((text) => secondsOf(text) <= secondsOf(max), `is longer than ${max}`)
    .meta({ description: `A duration such as 20s, 15m, 4h or 2d; at most ${max}.` });

const cel = z.string().min(1).max(4096).meta({ description: 'A CEL expression, without ${{ }}.' });
const template = z.json().meta({ description: 'Any value; strings may hold ${{ CEL }}.' });
const templateMap = z.record(z.string(), z.json()).meta({
  description: 'Input of the action or probe; strings may hold ${{ CEL }}.',
});

const base = {
  title: z.string().min(1).max(200).optional(),
  onFailure: z.enum(['hold', 'continue', 'undo']).optional(),
};
const common = { ...base, when: cel.optional() };
const call = { use: useName, instance: template.optional(), with: templateMap.optional() };
const approvalClass = z.enum(APPROVAL_CLASSES).optional();
const probeCall = z.strictObject(call);

const action = z.strictObject({
  action: operationName,
  ...common,
  ...call,
  forEach: cel.optional(),
  class: approvalClass,
  containment: z.boolean().optional(),
});
const undo = z.strictObject({
  undo: operationName,
  ...common,
  of: z.array(operationName).min(1).max(MEMBERS_MAX),
  class: approvalClass,
});
const probe = z.strictObject({
  probe: operationName,
  ...common,
  ...call,
  forEach: cel.optional(),
  expect: cel.optional(),
  within: duration('1h').optional(),
  proves: z.literal('containment').optional(),
});
const seal = z.strictObject({ seal: operationName, ...common, ...call, forEach: cel.optional() });
const lineage = z.strictObject({
  lineage: operationName,
  ...common,
  suspect: cel,
  digest: probeCall,
});
const knownGood = z.strictObject({
  'known-good': operationName,
  ...common,
  lineage: operationName,
  versions: probeCall,
  digest: probeCall,
});
const gate = z.strictObject({ gate: operationName, ...common, expect: cel });
const approval = z.strictObject({
  approval: operationName,
  ...common,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  covers: z
    .array(z.union([action, undo]))
    .min(1)
    .max(MEMBERS_MAX),
  expires: duration('30d').optional(),
  escalate: duration('30d').optional(),
});
// Nothing evaluates a condition of these two: members of a parallel have their own.
const wait = z.strictObject({ wait: operationName, ...base, for: duration('7d') });
const parallel = z.strictObject({
  parallel: operationName,
  ...base,
  operations: z
    .array(z.union([action, undo, probe, seal, lineage, knownGood, gate]))
    .min(1)
    .max(MEMBERS_MAX),
});

const members = z.array(z.unknown()).min(1).max(MEMBERS_MAX);

/** What each kind of operation looks like in a file; members of others are read one at a time. */
export const SURFACE_SCHEMAS = {
  action,
  undo,
  probe,
  seal,
  lineage,
  'known-good': knownGood,
  gate,
  approval: approval.extend({ covers: members }),
  wait,
  parallel: parallel.extend({ operations: members }),
} as const;

/** A call of a probe as written in a file. */
export type SurfaceCall = z.infer<typeof probeCall>;

const operation = z.union([
  action,
  undo,
  probe,
  seal,
  lineage,
  knownGood,
  gate,
  approval,
  wait,
  parallel,
]);
const operations = z.array(operation).max(OPERATIONS_MAX);

const parameter = z.strictObject({
  type: z.enum(['string', 'number', 'boolean']),
  default: z.union([z.string().max(4096), z.number(), z.boolean()]),
  description: z.string().min(1).max(500),
});

const confirm = {
  needs: z.int().min(1).max(CONFIRM_PROBES_MAX).optional(),
  within: duration(`${CONFIRM_SECONDS_MAX.toString()}s`).optional(),
};

const header = {
  name: operationName,
  class: operationName.meta({ description: 'Part of the incident key: alerts of one class join.' }),
  title: z.string().min(1).max(200),
  parameters: z.record(parameterName, parameter).optional(),
};

/** The head of a file: everything but the five steps, which are read one operation at a time. */
export const headerSchema = z.strictObject({
  ...header,
  confirm: z
    .strictObject({ ...confirm, probes: z.array(z.unknown()).min(1).max(CONFIRM_PROBES_MAX) })
    .optional(),
  isolate: z.array(z.unknown()),
  audit: z.array(z.unknown()),
  revert: z.array(z.unknown()),
  forensics: z.array(z.unknown()),
  redeploy: z.array(z.unknown()),
});

/** The whole file, for editors. */
export const fileSchema = z.strictObject({
  ...header,
  confirm: z
    .strictObject({ ...confirm, probes: z.array(probe).min(1).max(CONFIRM_PROBES_MAX) })
    .optional()
    .meta({
      description:
        'Probes that must agree with the alert before the first effect: `needs` of them (all) within `within` (60s).',
    }),
  isolate: operations,
  audit: operations,
  revert: operations,
  forensics: operations,
  redeploy: operations,
});
