import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invariant } from '../domain/error.ts';
import { countOfHeader } from './connection.ts';
import { API_LIMITS, type ApiDependencies } from './dependencies.ts';
import { headerError } from './problem.ts';

/** The media type without parameters, lower case. Raises `invalid` (415) for another charset than UTF-8. */
export function mediaTypeOf(header: string | undefined): string {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim().toLowerCase());
    const charset = value.replaceAll('"', '');
    if (name === 'charset' && charset !== 'utf-8' && charset !== 'utf8') {
      throw headerError('content-type', 'Only UTF-8 is taken.');
    }
  }
  return type.toLowerCase();
}

/** Refuses what a sender of plain JSON never sends, before any byte of the body is read. */
function requireMedia(request: FastifyRequest, accepted: ReadonlySet<string> | null): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw headerError('content-encoding', 'Compressed bodies are not taken.');
  }
  if (countOfHeader(request, 'content-type') > 1) {
    throw headerError('content-type', 'Content-Type is given twice.');
  }
  const type = mediaTypeOf(request.headers['content-type']);
  if (accepted === null || accepted.has(type)) return;
  throw headerError('content-type', `This route takes ${[...accepted].join(' or ')}.`);
}

/**
 * Makes a scope hand its bodies on as the bytes that came in, bounded while they are read. `accepted` lists the
 * media types of the scope; null takes every type, for routes whose own parser decides.
 */
export function acceptRawBody(
  scope: FastifyInstance,
  dependencies: Pick<ApiDependencies, 'limits'>,
  accepted: ReadonlySet<string> | null,
): void {
  const bodyLimit = dependencies.limits?.webhookBytes ?? API_LIMITS.webhookBytes;
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => {
    done(null, body);
  });
  scope.addHook('onRequest', (request, _reply, done) => {
    requireMedia(request, accepted);
    done();
  });
}

/** The bytes of a request in such a scope; empty when there was no body. */
export function rawBodyOf(request: FastifyRequest): Uint8Array {
  const { body } = request;
  if (body === undefined || body === null) return new Uint8Array();
  invariant(body instanceof Uint8Array, 'a raw scope hands bodies on as bytes');
  return body;
}
