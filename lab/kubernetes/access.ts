import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { recordAt, textAt } from './object.ts';
import type { RequestPath } from './request-path.ts';
import { badRequest, forbidden, unauthorized } from './status.ts';

/** What somebody wants to do, as RBAC sees it. */
export interface AccessRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty: all namespaces. */
  readonly namespace: string;
  readonly name: string;
}

/** Who may come in, and what they may do. */
export interface AccessOptions {
  /** Bearer token to user name; without it nobody needs a token and everybody is `kubernetes-admin`. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** User name to password; without it nobody comes in by Basic authentication. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** False refuses with 403; without it everything is allowed. */
  readonly isAllowed?: (request: AccessRequest) => boolean;
}

function userOfPassword(options: AccessOptions, header: string): string | undefined {
  const pair = /^Basic\s+(\S+)$/i.exec(header)?.[1] ?? '';
  const text = Buffer.from(pair, 'base64').toString('utf8');
  const known = Object.entries(options.passwords ?? {});
  return known.find(([user, password]) => text === `${user}:${password}`)?.[0];
}

function userOf(options: AccessOptions, header: string): string {
  if (options.tokens === undefined) return 'kubernetes-admin';
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? '';
  const named = Object.hasOwn(options.tokens, token) ? options.tokens[token] : undefined;
  const user = named ?? userOfPassword(options, header);
  if (user === undefined) throw unauthorized();
  return user;
}

/** The user of a request, or whom it impersonates. Raises 401 when tokens are asked for and none fits. */
export function authenticate(options: AccessOptions, headers: IncomingHttpHeaders): string {
  const user = userOf(options, headers.authorization ?? '');
  const impersonated = headers['impersonate-user'];
  return typeof impersonated === 'string' ? impersonated : user;
}

/** Refuses with 403 what the user may not do. */
export function authorize(
  options: AccessOptions,
  path: RequestPath,
  who: { readonly user: string; readonly verb: string },
): void {
  const { resource, namespace, name, subresource } = path;
  const request: AccessRequest = {
    ...who,
    group: resource.group,
    resource: resource.plural,
    subresource,
    namespace,
    name,
  };
  if (options.isAllowed === undefined || options.isAllowed(request)) return;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const plural = subresource === '' ? resource.plural : `${resource.plural}/${subresource}`;
  throw forbidden({ ...resource, plural, name }, { ...who, scope });
}

/** Answers a SelfSubjectAccessReview. Raises 400 when it asks about nothing. */
export function reviewAccess(options: AccessOptions, user: string, body: Json): JsonObject {
  const attributes = recordAt(body, 'spec', 'resourceAttributes');
  if (!isJsonObject(body) || textAt(attributes, 'verb') === '') {
    throw badRequest('spec.resourceAttributes: Required value');
  }
  const request: AccessRequest = {
    user,
    verb: textAt(attributes, 'verb'),
    group: textAt(attributes, 'group'),
    resource: textAt(attributes, 'resource'),
    subresource: textAt(attributes, 'subresource'),
    namespace: textAt(attributes, 'namespace'),
    name: textAt(attributes, 'name'),
  };
  const allowed = options.isAllowed === undefined || options.isAllowed(request);
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: recordAt(body, 'spec'),
    status: { allowed, ...(allowed ? { reason: 'RBAC: allowed by the lab' } : {}) },
  };
}
