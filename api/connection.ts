import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../domain/error.ts';
import { headerError, PROBLEM_TYPE, problemOf } from './problem.ts';

/** What Node calls a request that it could not even read; what we answer, and why. */
const UNREADABLE: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The headers and the path are larger than this server takes.',
  ],
};

/** Answers a connection whose bytes are no HTTP request, in the same words as every other error. */
export function refuseConnection(error: ConnectionError, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = UNREADABLE[error.code] ?? [
    '400 Bad Request',
    'This is no HTTP request.',
  ];
  const problem = problemOf(new AppError('invalid', detail), requestId);
  const body = JSON.stringify({ ...problem, status: Number(status.slice(0, 3)) });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `x-request-id: ${requestId}\r\ncontent-length: ${Buffer.byteLength(body).toString()}\r\n\r\n${body}`,
  );
}

/** How often a header came: Node itself drops or joins repeated ones. The name is in lower case. */
export function countOfHeader(request: FastifyRequest, name: string): number {
  return request.raw.rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === name,
  ).length;
}

/**
 * Refuses what a proxy before us may have read as another request than we do, before a byte of the body is read.
 * Raises `invalid` naming the header.
 */
export function requirePlainRequest(request: FastifyRequest): void {
  const { headers, httpVersion } = request.raw;
  const hosts = countOfHeader(request, 'host');
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) {
    throw headerError('host', 'One Host header is needed.');
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw headerError('transfer-encoding', 'Of transfer codings only chunked is taken.');
  }
  const expected = headers.expect;
  if (expected !== undefined && expected.toLowerCase() !== '100-continue') {
    throw headerError('expect', 'Nothing but 100-continue can be expected.');
  }
}

/** Lets requests that Node would answer by itself, without our words, come to our own checks. */
export function answerExpectations({ server }: FastifyInstance): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
