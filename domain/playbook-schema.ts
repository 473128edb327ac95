import { z } from 'zod';
import { APPROVAL_CLASSES, ROLES } from './approval.ts';
import type { Playbook, StepName } from './playbook.ts';

/** Most operations of a playbook, members of approvals and parallels included. */
export const OPERATIONS_MAX = 100;
/** Most probes that confirm an alert. */
export const CONFIRM_PROBES_MAX = 10;
/** The longest that they are asked, in seconds. */
export const CONFIRM_SECONDS_MAX = 600;
/** Most members of one parallel, and most effects that one approval covers. */
export const MEMBERS_MAX = 20;
/** Most parameters of a playbook. */
export const PARAMETERS_MAX = 50;

/** Kebab-case, starting with a letter. */
export const operationName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'is not a kebab-case name such as hold-alias');
/** A name that expressions can write as `parameters.<name>`. */
export const parameterName = z
  .string()
  .max(64)
  .regex(/^[a-z][A-Za-z0-9]*$/, 'is not a camelCase name such as entryPath');
/** `<connector>.<action or probe>`. */
export const useName = z
  .string()
  .max(130)
  .regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/, 'is not of the form connector.name');

const title = z.string().min(1).max(200);
const source = z.string().min(1).max(4096);
const seconds = (max: number) => z.int().min(0).max(max);
const template = z.json();
const approvalClass = z.enum(APPROVAL_CLASSES);

const base = {
  name: operationName,
  title,
  when: source.nullable(),
  onFailure: z.enum(['hold', 'continue', 'undo']),
};
const probeCall = { use: useName, instance: template, with: template };
const forEach = source.nullable();

const action = z.strictObject({
  kind: z.literal('action'),
  ...base,
  ...probeCall,
  forEach,
  approvalClass,
  containment: z.boolean(),
});
const undo = z.strictObject({
  kind: z.literal('undo'),
  ...base,
  of: z.array(operationName).min(1).max(MEMBERS_MAX),
  approvalClass,
});
const probe = z.strictObject({
  kind: z.literal('probe'),
  ...base,
  ...probeCall,
  forEach,
  expect: source.nullable(),
  withinSeconds: seconds(3600),
  proves: z.literal('containment').optional(),
});
const seal = z.strictObject({ kind: z.literal('seal'), ...base, ...probeCall, forEach });
const lineage = z.strictObject({
  kind: z.literal('lineage'),
  ...base,
  suspect: source,
  digest: z.strictObject(probeCall),
});
const knownGood = z.strictObject({
  kind: z.literal('known-good'),
  ...base,
  lineage: operationName,
  versions: z.strictObject(probeCall),
  digest: z.strictObject(probeCall),
});
const gate = z.strictObject({ kind: z.literal('gate'), ...base, expect: source });
const approval = z.strictObject({
  kind: z.literal('approval'),
  ...base,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  covers: z
    .array(z.discriminatedUnion('kind', [action, undo]))
    .min(1)
    .max(MEMBERS_MAX),
  expiresAfterSeconds: seconds(30 * 86_400).min(1),
  escalateAfterSeconds: seconds(30 * 86_400).min(1),
});
const wait = z.strictObject({ kind: z.literal('wait'), ...base, seconds: seconds(7 * 86_400) });
const leaf = [action, undo, probe, seal, lineage, knownGood, gate] as const;
const parallel = z.strictObject({
  kind: z.literal('parallel'),
  ...base,
  operations: z.array(z.discriminatedUnion('kind', leaf)).min(1).max(MEMBERS_MAX),
});
const operation = z.discriminatedUnion('kind', [...leaf, approval, wait, parallel]);

const step = (name: StepName) =>
  z.strictObject({
    name: z.literal(name),
    operations: z.array(operation).max(OPERATIONS_MAX),
  });

/** A normalised playbook, as it is pinned and stored. */
export const playbookSchema: z.ZodType<Playbook> = z.strictObject({
  formatVersion: z.literal(1),
  name: operationName,
  class: operationName,
  title,
  parameters: z.record(
    parameterName,
    z.strictObject({
      type: z.enum(['string', 'number', 'boolean']),
      default: z.json(),
      description: z.string().max(500),
    }),
  ),
  confirm: z
    .strictObject({
      probes: z.array(probe).min(1).max(CONFIRM_PROBES_MAX),
      needs: z.int().min(1).max(CONFIRM_PROBES_MAX),
      withinSeconds: seconds(CONFIRM_SECONDS_MAX),
    })
    .optional(),
  steps: z.tuple([
    step('isolate'),
    step('audit'),
    step('revert'),
    step('forensics'),
    step('redeploy'),
  ]),
});
