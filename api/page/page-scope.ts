import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { messagePage, PAGE_POLICY } from '../../render/page.ts';
import { problemOf, requestError, retryAfterOf, statusOf } from '../problem.ts';
import { acceptRawBody, rawBodyOf } from '../raw-body.ts';
import { registerScope } from '../scope.ts';
import { readerOf } from './visitor.ts';

const FORM = 'application/x-www-form-urlencoded';
const FORM_BYTES_MAX = 32 * 1024;
const FIELDS_MAX = 20;

/** Paths to which a form may send people on: our own pages, by their whole shape. */
const OUR_PAGES = /^\/approvals(?:\/[A-Za-z0-9._-]{1,128})?$/u;

/** Where pages begin. */
export const FIRST_PAGE = '/approvals';

/** The path where somebody wanted to go, or the first page when it is none of ours. */
export function ownPath(path: unknown): string {
  return typeof path === 'string' && OUR_PAGES.test(path) ? path : FIRST_PAGE;
}

/** Sends a page under the policy of pages. */
export function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      // With `no-referrer` browsers send `Origin: null` with our own forms.
      'referrer-policy': 'same-origin',
    })
    .send(page);
}

/** Sends the browser on with a GET. */
export function sendOn(reply: FastifyReply, path: string): FastifyReply {
  return reply.code(303).header('location', path).send();
}

/** To the page to sign in, and back from there. */
export function signInPath(path: string): string {
  return `/login?next=${encodeURIComponent(ownPath(path))}`;
}

/** An error as a page; nobody signed in is sent to sign in. */
function sendTrouble(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = requestError(error);
  const path = request.url.split('?')[0] ?? '';
  if (known.code === 'unauthorized' && known.permission === undefined) {
    return sendOn(reply, signInPath(path));
  }
  const status = statusOf(known);
  if (status >= 500) request.log.error({ err: error, code: known.code }, 'page failed');
  const retryAfter = retryAfterOf(known);
  if (retryAfter !== null) void reply.header('retry-after', retryAfter.toString());
  const { title, detail, requestId } = problemOf(known, request.id);
  const text = `${detail} (request ${requestId})`;
  const next = { url: ownPath(path), label: 'Look at it again' };
  const reader = request.visitor === null ? null : readerOf(request.visitor);
  return sendPage(reply.code(status), messagePage(title, reader, { text, next }));
}

/** Registers pages, whose errors are pages too, and what their forms are sent to, which takes nothing but forms. */
export function pageScope(
  app: FastifyInstance,
  register: {
    readonly pages: (scope: FastifyInstance) => void;
    readonly forms: (scope: FastifyInstance) => void;
  },
): void {
  registerScope(app, 'pages', (scope) => {
    scope.setErrorHandler(sendTrouble);
    register.pages(scope);
    registerScope(scope, 'forms', (forms) => {
      acceptRawBody(forms, { limits: { webhookBytes: FORM_BYTES_MAX } }, new Set([FORM]));
      register.forms(forms);
    });
  });
}

/** The fields of a form, each once. Raises `invalid`, naming the field. */
export function formOf<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  const fields = [...new URLSearchParams(Buffer.from(rawBodyOf(request)).toString('utf8'))];
  const names = new Set(fields.map(([name]) => name));
  if (fields.length > FIELDS_MAX || names.size !== fields.length) {
    throw new AppError('invalid', 'A field of the form came twice.', { field: 'form' });
  }
  const parsed = schema.safeParse(Object.fromEntries(fields));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  // Only what a form has can be named by one of our own words.
  if (field === '') {
    throw new AppError('invalid', 'It came with a field that this form does not have.', {
      field: 'form',
    });
  }
  throw new AppError('invalid', `The field ${field} is not what this form has.`, { field });
}
