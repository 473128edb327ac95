import { z } from 'zod';
import {
  HOLD_SCOPES,
  isDigest,
  type HoldRelease,
  type HoldSubject,
  type LegalHold,
} from '../../domain/legal-hold.ts';
import { roleSchema } from './approval.ts';
import { API_PREFIX, idParams, pageOf, pageQuery, reasonSchema } from './value.ts';

const SUBJECT_CHARACTERS_MAX = 256;

const namesItsSubject = ({ scope, subject }: HoldSubject): boolean =>
  scope !== 'artefact' || isDigest(subject) || /^[^@]+@[^@]+$/u.test(subject);

/** What a person holds, and why. */
export const legalHoldBody = z
  .strictObject({
    scope: z.enum(HOLD_SCOPES),
    subject: z
      .string()
      .trim()
      .min(1)
      .max(SUBJECT_CHARACTERS_MAX)
      .regex(/^\P{Cc}*$/u, 'holds control characters'),
    reason: reasonSchema,
  })
  .refine(namesItsSubject, {
    message: 'an artefact is MODEL@VERSION, or its SHA-256 in lower-case hex',
    path: ['subject'],
  });

/** A legal hold as people see it. */
export const legalHoldSchema = z.object({
  id: z.string(),
  scope: z.enum(HOLD_SCOPES),
  subject: z.string(),
  reason: z.string(),
  placedBy: z.string(),
  channel: z.string(),
  placedAt: z.string(),
  releasedAt: z.string().nullable(),
}) satisfies z.ZodType<LegalHold>;

const wordSchema = z.object({
  holdId: z.string(),
  person: z.string(),
  roles: z.array(roleSchema).readonly(),
  reason: z.string(),
  channel: z.string(),
  at: z.string(),
}) satisfies z.ZodType<HoldRelease>;

/** Placing legal holds, looking at them, and ending them by two people. */
export const legalHoldEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/legal-holds`,
    schema: {
      summary: 'Legal holds in force and ended ones, newest first',
      querystring: z.strictObject(pageQuery),
      response: { 200: pageOf(legalHoldSchema) },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/legal-holds/:id`,
    schema: {
      summary: 'One legal hold, with every word that it shall end',
      params: idParams,
      response: { 200: z.object({ hold: legalHoldSchema, words: z.array(wordSchema).readonly() }) },
    },
  },
  place: {
    method: 'POST',
    url: `${API_PREFIX}/legal-holds`,
    schema: {
      summary: 'Place a legal hold: nothing that it is on is destroyed until two people end it',
      body: legalHoldBody,
      response: { 201: z.object({ hold: legalHoldSchema }) },
    },
  },
  release: {
    method: 'POST',
    url: `${API_PREFIX}/legal-holds/:id/release`,
    schema: {
      summary:
        'Say that a legal hold shall end; it does once legal and another who commands said so',
      params: idParams,
      body: z.strictObject({ reason: reasonSchema }),
      response: {
        200: z.object({ hold: legalHoldSchema, words: z.array(wordSchema).readonly() }),
      },
    },
  },
} as const;
