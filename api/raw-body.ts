import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, invariant } from '../domain/error.ts';
import { API_LIMITS, type ApiDependencies } from './dependencies.ts';
import { ENCODING_FIELD, MEDIA_TYPE_FIELD } from './problem.ts';

/** The media type without parameters, lower case. Raises `invalid` (415) for another charset than UTF-8. */
export function mediaTypeOf(header: string | undefined): string {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim());
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim().toLowerCase());
    const charset = value.replaceAll('"', '');
    if (name === 'charset' && charset !== 'utf-8' && charset !== 'utf8') {
      throw new AppError('invalid', 'Only UTF-8 is taken.', { field: MEDIA_TYPE_FIELD });
    }
  }
  return type.toLowerCase();
}

function countOf(request: FastifyRequest, name: string): number {
  return request.raw.rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === name,
  ).length;
}

/** Refuses what a sender of plain JSON never sends, before any byte of the body is read. */
function requireMedia(request: FastifyRequest, accepted: ReadonlySet<string> | null): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new AppError('invalid', 'Compressed bodies are not taken.', { field: ENCODING_FIELD });
  }
  if (countOf(request, 'content-type') > 1) {
    throw new AppError('invalid', 'Content-Type is given twice.', { field: MEDIA_TYPE_FIELD });
  }
  const type = mediaTypeOf(request.headers['content-type']);
  if (accepted === null || accepted.has(type)) return;
  throw new AppError('invalid', `This route takes ${[...accepted].join(' or ')}.`, {
    field: MEDIA_TYPE_FIELD,
  });
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
