import { z } from 'zod';
import type { DecisionCommand } from '../../domain/decision.ts';
import { CLOSING_VERDICTS } from '../../domain/incident.ts';
import { severitySchema } from './incident.ts';
import { idSchema, instantSchema, nameSchema, reasonSchema, sha256Schema } from './value.ts';

const NOTE_CHARACTERS_MAX = 10_000;
const LEFT_MAX = 100;

/** A person's command with the id that makes its repetition harmless. */
export interface CommandBody {
  /** Null when the client sent none in the body. */
  readonly decisionId: string | null;
  readonly command: DecisionCommand;
}

const decisionId = idSchema.optional();
const reason = reasonSchema;
const operation = nameSchema;

/** A serving object of the inventory. */
const targetShape = { cluster: nameSchema, namespace: nameSchema, name: nameSchema, reason };

function body<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ decisionId, ...shape });
}

/** Bodies of the commands on an incident, by the last part of their path. */
export const commandBodies = {
  acknowledge: body({}).transform((b): CommandBody => ({
    decisionId: b.decisionId ?? null,
    command: { kind: 'acknowledge' },
  })),
  note: body({
    text: z.string().trim().min(1).max(NOTE_CHARACTERS_MAX),
    occurredAt: instantSchema.nullable().default(null),
  }).transform(({ decisionId: id, text, occurredAt }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'note', text, occurredAt },
  })),
  severity: body({ severity: severitySchema, reason }).transform(
    ({ decisionId: id, severity, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'severity', severity, reason: why },
    }),
  ),
  'hand-over': body({ to: nameSchema, reason: reason.optional() }).transform(
    ({ decisionId: id, to, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'hand-over', to, ...(why === undefined ? {} : { reason: why }) },
    }),
  ),
  veto: body({ reason }).transform(({ decisionId: id, reason: why }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'veto', reason: why },
  })),
  pause: body({ reason }).transform(({ decisionId: id, reason: why }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'pause', reason: why },
  })),
  resume: body({ reason: reason.optional() }).transform(
    ({ decisionId: id, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'resume', ...(why === undefined ? {} : { reason: why }) },
    }),
  ),
  retry: body({ reason: reason.optional() }).transform(
    ({ decisionId: id, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'retry', ...(why === undefined ? {} : { reason: why }) },
    }),
  ),
  skip: body({ operation, reason }).transform(
    ({ decisionId: id, operation: name, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'skip', operation: name, reason: why },
    }),
  ),
  'mark-done': body({ operation, reason }).transform(
    ({ decisionId: id, operation: name, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'mark-done', operation: name, reason: why },
    }),
  ),
  targets: body({ model: nameSchema, reason }).transform(
    ({ decisionId: id, model, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'targets', model, reason: why },
    }),
  ),
  reroute: body({ playbook: nameSchema, reason }).transform(
    ({ decisionId: id, playbook, reason: why }): CommandBody => ({
      decisionId: id ?? null,
      command: { kind: 'reroute', playbook, reason: why },
    }),
  ),
  'target-add': body({
    ...targetShape,
    /** The role that it plays here; without it that of the inventory. */
    role: z.enum(['stable', 'canary', 'only']).nullable().default(null),
  }).transform(({ decisionId: id, ...target }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'target-add', ...target },
  })),
  'target-remove': body(targetShape).transform(({ decisionId: id, ...target }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'target-remove', ...target },
  })),
  cancel: body({ reason }).transform(({ decisionId: id, reason: why }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'cancel', reason: why },
  })),
  'stand-down': body({ reason }).transform(({ decisionId: id, reason: why }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'stand-down', reason: why },
  })),
  close: body({
    verdict: z.enum(CLOSING_VERDICTS),
    reason,
    leave: z
      .array(
        z.strictObject({
          operation,
          target: z.string().min(1).max(500),
          owner: nameSchema,
          expiresAt: instantSchema,
        }),
      )
      .max(LEFT_MAX)
      .default([]),
  }).transform(({ decisionId: id, verdict, reason: why, leave }): CommandBody => ({
    decisionId: id ?? null,
    command: { kind: 'close', verdict, reason: why, leave },
  })),
} as const;

/** The commands on an incident, by the last part of their path. */
export type CommandName = keyof typeof commandBodies;

/** Every command name, in the order of `commandBodies`. */
export const COMMAND_NAMES = [
  'acknowledge',
  'note',
  'severity',
  'hand-over',
  'veto',
  'pause',
  'resume',
  'retry',
  'skip',
  'mark-done',
  'targets',
  'reroute',
  'target-add',
  'target-remove',
  'cancel',
  'stand-down',
  'close',
] as const satisfies readonly CommandName[];

/** A person's answer to an approval. */
export const answerBody = z.strictObject({
  decisionId,
  /** The digest of the plans that the person saw. */
  planDigest: sha256Schema,
  verdict: z.enum(['approve', 'reject']),
  /** Needed for a rejection. */
  reason: reasonSchema.optional(),
  /** Why this yes is to count alone; only of somebody who broke the glass for the incident. */
  breakGlass: reasonSchema.optional(),
});

/** A decision as people see it; its command is in the body that made it. */
export const decisionSchema = z.object({
  id: z.string(),
  incidentId: z.string(),
  kind: z.string(),
  by: z.string(),
  decidedAt: z.string(),
  outcome: z.enum(['pending', 'accepted', 'refused']),
  reason: z.string().nullable(),
});

/** A decision as people see it. */
export type DecisionView = z.output<typeof decisionSchema>;

/** What a person may do now, with the exact words for each door. */
export const possibleCommandSchema = z.object({
  command: z.string(),
  title: z.string(),
  cli: z.string(),
  http: z.string(),
  /** Roles of which one is needed. */
  roles: z.array(z.string()).readonly(),
});

/** One thing that can be done now. */
export type PossibleCommand = z.output<typeof possibleCommandSchema>;
