import { z } from 'zod';

const ISSUER_CHARACTERS_MAX = 500;
/** What OpenID Connect allows for a subject. */
const SUBJECT_CHARACTERS_MAX = 255;

/** A subject as an issuer may name it: 1 to 255 characters that can be seen. */
export const subjectSchema = z
  .string()
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'is not a subject: plain letters and signs')
  .max(SUBJECT_CHARACTERS_MAX);

/** Who somebody is at an OpenID Connect issuer. */
export const identitySchema = z.strictObject({
  issuer: z
    .string()
    .max(ISSUER_CHARACTERS_MAX)
    .regex(/^https?:\/\/[^\s?#]+$/, 'is not the address of an issuer')
    .describe('The issuer, exactly as it calls itself: OIDC_ISSUER.'),
  subject: subjectSchema.describe('What it calls the person (`sub`), no mail address and no name.'),
});
