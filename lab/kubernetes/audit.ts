import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { textAt, uidOf } from './object.ts';
import type { RequestPath } from './request-path.ts';

/** One request as the audit log tells it. */
export interface AuditSubject {
  readonly auditId: string;
  readonly requestUri: string;
  readonly verb: string;
  /** Empty when nobody was recognised. */
  readonly user: string;
  readonly userAgent: string;
  readonly sourceAddress: string;
  readonly path: RequestPath | undefined;
  readonly requestBody: Json | undefined;
  readonly responseBody: Json | undefined;
  readonly code: number;
  readonly receivedAt: Date;
  readonly answeredAt: Date;
}

const VERBS: Readonly<Record<string, { readonly one: string; readonly many: string }>> = {
  GET: { one: 'get', many: 'list' },
  POST: { one: 'create', many: 'create' },
  PUT: { one: 'update', many: 'update' },
  PATCH: { one: 'patch', many: 'patch' },
  DELETE: { one: 'delete', many: 'deletecollection' },
};

/** The verb of a request as RBAC and audit name it. */
export function verbOf(
  method: string,
  path: RequestPath | undefined,
  query: URLSearchParams,
): string {
  const many = path !== undefined && path.name === '';
  if (many && method === 'GET' && query.has('watch')) return 'watch';
  const verbs = VERBS[method];
  if (verbs === undefined) return method.toLowerCase();
  return many ? verbs.many : verbs.one;
}

function micro(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** The object without its empty fields. */
function filled(object: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== ''));
}

function objectRef(subject: AuditSubject): JsonObject {
  const { path, responseBody } = subject;
  if (path === undefined) return {};
  const answered = isJsonObject(responseBody) && subject.code < 300 ? responseBody : {};
  return {
    objectRef: filled({
      resource: path.resource.plural,
      namespace: path.namespace,
      name: path.name || textAt(answered, 'metadata', 'name'),
      uid: uidOf(answered),
      apiGroup: path.resource.group,
      apiVersion: path.resource.version,
      subresource: path.subresource,
    }),
  };
}

function responseStatus(subject: AuditSubject): JsonObject {
  const body = isJsonObject(subject.responseBody) ? subject.responseBody : {};
  if (subject.code < 300) return { metadata: {}, code: subject.code };
  return {
    metadata: {},
    status: 'Failure',
    message: textAt(body, 'message'),
    reason: textAt(body, 'reason'),
    code: subject.code,
  };
}

/**
 * One `audit.k8s.io/v1` event of stage ResponseComplete: bodies for what changes (level RequestResponse),
 * metadata alone for reads.
 */
export function auditEvent(subject: AuditSubject): JsonObject {
  const mutating = !['get', 'list', 'watch'].includes(subject.verb);
  const { requestBody, responseBody } = subject;
  const bodies: JsonObject = {
    ...(requestBody === undefined ? {} : { requestObject: requestBody }),
    ...(responseBody === undefined ? {} : { responseObject: responseBody }),
  };
  const groups = subject.user === '' ? ['system:unauthenticated'] : ['system:authenticated'];
  const decision = subject.code === 403 ? 'forbid' : 'allow';
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: mutating ? 'RequestResponse' : 'Metadata',
    auditID: subject.auditId,
    stage: 'ResponseComplete',
    requestURI: subject.requestUri,
    verb: subject.verb,
    user: { username: subject.user === '' ? 'system:anonymous' : subject.user, groups },
    sourceIPs: [subject.sourceAddress],
    userAgent: subject.userAgent,
    ...objectRef(subject),
    responseStatus: responseStatus(subject),
    ...(mutating ? bodies : {}),
    requestReceivedTimestamp: micro(subject.receivedAt),
    stageTimestamp: micro(subject.answeredAt),
    annotations:
      subject.code === 401
        ? {}
        : {
            'authorization.k8s.io/decision': decision,
            'authorization.k8s.io/reason': decision === 'allow' ? 'RBAC: allowed by the lab' : '',
          },
  };
}
