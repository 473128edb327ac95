import { z } from 'zod';

/** How things of the configuration are called: kebab-case, 64 characters at most. */
export const nameSchema = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'is not a kebab-case name');

/** A person in Slack: the ids of workspace and member, `T0123ABCD/U0456EFGH`. The name that Slack shows means nothing. */
export const slackUserSchema = z
  .string()
  .regex(
    /^T[A-Z0-9]{2,20}\/[UW][A-Z0-9]{2,20}$/,
    'is not TEAM/USER: the ids of a Slack workspace and a member, as in T0123ABCD/U0456EFGH',
  );
