import { randomUUID } from 'node:crypto';
import { type Json, type JsonObject, parseJson } from '../../domain/json.ts';
import type { TwinHandler, TwinRequest } from '../twin.ts';
import { authenticate, authorize, reviewAccess, type AccessOptions } from './access.ts';
import type { ApiReply } from './api-reply.ts';
import { auditEvent, verbOf } from './audit.ts';
import { answerDiscovery } from './discovery.ts';
import type { FieldWriter } from './managed-fields.ts';
import { timestamp, type ObjectStore } from './object-store.ts';
import { answerRead } from './read-request.ts';
import { parseRequestPath, type RequestPath } from './request-path.ts';
import { badRequest, noSuchPath, StatusError } from './status.ts';
import { answerWrite } from './write-request.ts';

/** What the API server is made of. */
export interface ApiServer {
  readonly store: ObjectStore;
  readonly access: AccessOptions;
  readonly now: () => Date;
  /** Called after each request that changed the store, before its answer goes out. */
  readonly afterWrite: () => void;
  readonly onAudit: (event: JsonObject) => void;
}

/** What becomes known of a request while it is answered. */
interface Exchange {
  readonly path: RequestPath | undefined;
  readonly verb: string;
  user: string;
  body: Json | undefined;
}

const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

function parseBody(request: TwinRequest): Json | undefined {
  if (request.body.length === 0) return undefined;
  try {
    return parseJson(request.body.toString('utf8'));
  } catch {
    throw badRequest('the body of the request is not JSON');
  }
}

/** Who owns what a request sets: the manager that it names, else the program that sends it. */
function writerOf({ url, headers }: TwinRequest, path: RequestPath, now: Date): FieldWriter {
  const [agent = ''] = (headers['user-agent'] ?? '').split('/');
  const manager = url.searchParams.get('fieldManager') ?? agent;
  return { manager, subresource: path.subresource, at: timestamp(now) };
}

function answer(server: ApiServer, request: TwinRequest, exchange: Exchange): ApiReply {
  exchange.user = authenticate(server.access, request.headers);
  exchange.body = parseBody(request);
  const { path, verb, user, body } = exchange;
  const { method, url } = request;
  if (url.pathname === REVIEW_PATH && method === 'POST') {
    return { status: 201, body: reviewAccess(server.access, user, body ?? null) };
  }
  const discovered = method === 'GET' ? answerDiscovery(url.pathname) : undefined;
  if (discovered !== undefined) return discovered;
  if (path === undefined) throw noSuchPath();
  authorize(server.access, path, { user, verb });
  const query = url.searchParams;
  if (method === 'GET') return answerRead(server.store, path, query);
  const contentType = request.headers['content-type'] ?? '';
  const writer = writerOf(request, path, server.now());
  const reply = answerWrite(server.store, { method, path, query, contentType, body, writer });
  if (reply.changed === true) server.afterWrite();
  return reply;
}

function refusedAsStatus(work: () => ApiReply): ApiReply {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatusError) return { status: error.code, body: error.status };
    throw error;
  }
}

/** Answers requests as an API server does, and tells the audit log of each. */
export function createApiHandler(server: ApiServer): TwinHandler {
  return (request) => {
    const receivedAt = server.now();
    const auditId = randomUUID();
    const { url, headers } = request;
    const path = parseRequestPath(url.pathname);
    const verb = verbOf(request.method, path, url.searchParams);
    const exchange: Exchange = { path, verb, user: '', body: undefined };
    const reply = refusedAsStatus(() => answer(server, request, exchange));
    const forwarded = headers['x-forwarded-for'];
    server.onAudit(
      auditEvent({
        auditId,
        requestUri: `${url.pathname}${url.search}`,
        verb,
        user: exchange.user,
        userAgent: headers['user-agent'] ?? '',
        sourceAddress: typeof forwarded === 'string' ? forwarded : '127.0.0.1',
        path,
        requestBody: exchange.body,
        responseBody: reply.body,
        code: reply.status,
        receivedAt,
        answeredAt: server.now(),
      }),
    );
    return { ...reply, headers: { 'audit-id': auditId } };
  };
}
