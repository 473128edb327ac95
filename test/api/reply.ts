import type { IncomingHttpHeaders } from 'node:http';
import { expect } from '@jest/globals';
import { z } from 'zod';
import { SECRETS } from './sources.ts';

/** What a server answered. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const problem = z.object({
  code: z.string(),
  status: z.number(),
  field: z.string().nullable(),
  requestId: z.string().min(1),
});

/** No secret is in an answer, nor in a log. */
export function expectNoSecret(text: string): void {
  for (const secret of Object.values(SECRETS)) expect(text.includes(secret)).toBe(false);
}

/** Neither a place in our code nor a secret is for others. */
export function expectDiscreet(text: string): void {
  expect(text).not.toMatch(/\n\s+at |node_modules|\.ts\b|\/firebreak\//);
  expectNoSecret(text);
}

/** The problem that a reply is: typed, with the request's id, telling nothing that is not the sender's business. */
export function problemOfReply({ status, headers, text }: Reply): {
  readonly status: number;
  readonly code: string;
  readonly field: string | null;
} {
  expect(headers['content-type']).toBe('application/problem+json');
  const told = problem.parse(JSON.parse(text));
  expect(headers['x-request-id']).toBe(told.requestId);
  expect(told.status).toBe(status);
  expectDiscreet(text);
  return { status, code: told.code, field: told.field };
}
