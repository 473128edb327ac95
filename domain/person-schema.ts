import { z } from 'zod';
import { ROLES } from './approval.ts';
import { grantsSchema } from './grant-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { nameSchema as name, slackUserSchema } from './name-schema.ts';

/** A person as the configuration file names them: with a role everywhere, or on some object. */
export const personSchema = z
  .strictObject({
    id: name.describe('Names the person for good; a token belongs to it.'),
    name: z.string().min(1).max(1000).describe('As others read it.'),
    roles: z
      .array(z.enum(ROLES))
      .max(ROLES.length)
      .default([])
      .describe('What the person may do everywhere.'),
    grants: grantsSchema
      .exactOptional()
      .describe('Roles on one model, on one namespace or for one team alone.'),
    slackUser: slackUserSchema
      .nullable()
      .default(null)
      .describe('Who they are in Slack: `TEAM/USER`, the ids of the workspace and of the member.'),
    identity: identitySchema
      .exactOptional()
      .describe('Who they are at the issuer where people sign in (OpenID Connect).'),
    mail: z.email().nullable().default(null).describe('Where approvals of theirs go too.'),
  })
  .refine(({ roles, grants = [] }) => roles.length + grants.length > 0, {
    message: 'needs a role, or a grant of one',
    path: ['roles'],
  });
