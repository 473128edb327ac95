import { z } from 'zod';
import { ERROR_CODES } from '../../domain/error.ts';

/** An error answer, RFC 9457 problem+json. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** One sentence for people. */
  detail: z.string(),
  code: z.enum(ERROR_CODES),
  /** The offending input; null when none is named. */
  field: z.string().nullable(),
  /** The missing right; null unless a right is missing. */
  permission: z.string().nullable(),
  /** Names the log lines of this request; also in the `x-request-id` header. */
  requestId: z.string(),
});

/** An error answer. */
export type Problem = z.output<typeof problemSchema>;
