import { z } from 'zod';

/** How things of the configuration are called: kebab-case, 64 characters at most. */
export const nameSchema = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'is not a kebab-case name');
