import { z } from 'zod';
import { grantsSchema } from '../../domain/grant-schema.ts';
import { identitySchema } from '../../domain/identity-schema.ts';
import { slackUserSchema } from '../../domain/name-schema.ts';
import { LEAST_SCOPES, SCOPES } from '../../domain/scope.ts';
import { roleSchema } from './approval.ts';
import { API_PREFIX, instantSchema, nameSchema } from './value.ts';

const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(roleSchema).readonly(),
  grants: grantsSchema.exactOptional(),
  slackUser: z.string().nullable(),
  identity: identitySchema.exactOptional(),
  mail: z.string().nullable(),
  active: z.boolean(),
});

const scopesSchema = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).readonly();
const labelSchema = z.string().trim().min(1).max(200);

/** The id by which a token is shown and ended: of its digest, so that it opens nothing. */
export const tokenIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

/** What every new token is told: what it is for people, and when it ends. */
export const newTokenShape = { label: labelSchema, expiresAt: instantSchema };

/** People and their tokens. */
export const peopleEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/people`,
    schema: {
      summary: 'List people',
      response: { 200: z.object({ items: z.array(personSchema).readonly() }) },
    },
  },
  put: {
    method: 'PUT',
    url: `${API_PREFIX}/people/:id`,
    schema: {
      summary: 'Add or change a person',
      params: z.strictObject({ id: nameSchema }),
      body: z.strictObject({
        name: z.string().trim().min(1).max(200),
        roles: z.array(roleSchema).max(10).readonly(),
        grants: grantsSchema.exactOptional(),
        slackUser: slackUserSchema.nullable().default(null),
        identity: identitySchema.exactOptional(),
        mail: z.email().max(254).nullable().default(null),
        active: z.boolean().default(true),
      }),
      response: {
        200: z.object({
          person: personSchema,
          /** The change that two people have to approve first; null when it is done. */
          change: z.string().nullable(),
        }),
      },
    },
  },
  password: {
    method: 'POST',
    url: `${API_PREFIX}/people/:id/password`,
    schema: {
      summary: 'Make a password that is good once, for a day; it is shown once',
      params: z.strictObject({ id: nameSchema }),
      body: z.strictObject({}),
      response: {
        201: z.object({
          personId: z.string(),
          password: z.string(),
          endsAt: z.string(),
          canApprove: z.boolean(),
          /** True when it approves once somebody else has confirmed it. */
          pending: z.boolean(),
        }),
      },
    },
  },
  tokens: {
    method: 'GET',
    url: `${API_PREFIX}/people/:id/tokens`,
    schema: {
      summary: 'The tokens of a person that are still good, without what opens anything',
      params: z.strictObject({ id: nameSchema }),
      response: {
        200: z.object({
          items: z
            .array(
              z.object({
                id: z.string(),
                label: z.string(),
                expiresAt: z.string().nullable(),
                canApprove: z.boolean(),
                scopes: scopesSchema,
                /** Who made it, while somebody else has to confirm it. */
                pendingBy: z.string().nullable(),
              }),
            )
            .readonly(),
        }),
      },
    },
  },
  revoke: {
    method: 'POST',
    url: `${API_PREFIX}/people/:id/tokens/:token/revoke`,
    schema: {
      summary: 'End a token at once',
      params: z.strictObject({ id: nameSchema, token: tokenIdSchema }),
      body: z.strictObject({}),
      response: { 200: z.object({ personId: z.string(), revoked: z.literal(true) }) },
    },
  },
  confirmToken: {
    method: 'POST',
    url: `${API_PREFIX}/people/:id/tokens/:token/confirm`,
    schema: {
      summary: 'Let a first token approve that somebody else made',
      params: z.strictObject({ id: nameSchema, token: tokenIdSchema }),
      body: z.strictObject({}),
      response: { 200: z.object({ personId: z.string(), confirmed: z.literal(true) }) },
    },
  },
  confirmPassword: {
    method: 'POST',
    url: `${API_PREFIX}/people/:id/password/confirm`,
    schema: {
      summary: 'Let an account approve whose first password somebody else made',
      params: z.strictObject({ id: nameSchema }),
      body: z.strictObject({}),
      response: { 200: z.object({ personId: z.string(), confirmed: z.literal(true) }) },
    },
  },
  token: {
    method: 'POST',
    url: `${API_PREFIX}/people/:id/tokens`,
    schema: {
      summary: 'Make an API token: of your own, or as an administrator; it is shown once',
      params: z.strictObject({ id: nameSchema }),
      body: z.strictObject({
        ...newTokenShape,
        scopes: scopesSchema.default(LEAST_SCOPES),
      }),
      response: {
        201: z.object({
          token: z.string(),
          /** By which it is shown, ended and confirmed. */
          id: z.string(),
          personId: z.string(),
          canApprove: z.boolean(),
          /** True when it approves once somebody else has confirmed it. */
          pending: z.boolean(),
          scopes: scopesSchema,
          expiresAt: z.string(),
        }),
      },
    },
  },
} as const;
