import type { JsonObject } from '../../domain/json.ts';
import type { ApiReply } from './api-reply.ts';
import { labelsOf, nameOf, namespaceOf, textAt } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import type { RequestPath } from './request-path.ts';
import { apiVersionOf } from './resource.ts';
import { scaleOf } from './scale.ts';
import { parseLabelSelector } from './selector.ts';
import { badRequest, methodNotAllowed, notFound } from './status.ts';

/** The stored object of a path. Raises 404. */
export function storedObject(store: ObjectStore, path: RequestPath): JsonObject {
  const object = store.get(path.resource, path.namespace, path.name);
  if (object === undefined) throw notFound({ ...path.resource, name: path.name });
  return object;
}

/** An item as lists give it: without its kind. */
function listItem(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key]) => key !== 'kind' && key !== 'apiVersion'),
  );
}

function fieldFilter(text: string): (object: JsonObject) => boolean {
  const terms = text.split(',').filter((term) => term !== '');
  const checks = terms.map((term) => {
    const [field = '', value = ''] = term.split(/==?/);
    if (field === 'metadata.name') return (object: JsonObject) => nameOf(object) === value;
    if (field === 'metadata.namespace')
      return (object: JsonObject) => namespaceOf(object) === value;
    if (field === 'status.phase') {
      return (object: JsonObject) => textAt(object, 'status', 'phase') === value;
    }
    throw badRequest(`field label not supported: ${field}`);
  });
  return (object) => checks.every((check) => check(object));
}

interface Page {
  readonly items: readonly JsonObject[];
  readonly next: string;
  readonly remaining: number;
}

const TOKEN_PREFIX = 'key:';

function keyOf(object: JsonObject): string {
  return `${TOKEN_PREFIX}${namespaceOf(object)}/${nameOf(object)}`;
}

/** The key after which a page begins; empty for the first page. Raises 400 for a token that is not ours. */
function startOf(token: string): string {
  const after = Buffer.from(token, 'base64url').toString('utf8');
  if (token !== '' && !after.startsWith(TOKEN_PREFIX)) {
    throw badRequest('continue key is not valid');
  }
  return after;
}

/** Cuts one page; the continue token carries where the next one begins. */
function pageOf(objects: readonly JsonObject[], query: URLSearchParams): Page {
  const after = startOf(query.get('continue') ?? '');
  const limit = Number(query.get('limit') ?? '0');
  if (!Number.isInteger(limit) || limit < 0) throw badRequest('limit must be a number');
  const rest = objects.filter((object) => after === '' || keyOf(object) > after);
  const items = limit === 0 ? rest : rest.slice(0, limit);
  const last = items.length < rest.length ? items.at(-1) : undefined;
  return {
    items,
    next: last === undefined ? '' : Buffer.from(keyOf(last)).toString('base64url'),
    remaining: rest.length - items.length,
  };
}

function listReply(store: ObjectStore, path: RequestPath, query: URLSearchParams): ApiReply {
  const { resource } = path;
  if (query.get('watch') === 'true' || query.get('watch') === '1') throw methodNotAllowed();
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '');
  const byField = fieldFilter(query.get('fieldSelector') ?? '');
  const namespace = resource.namespaced && path.namespace !== '' ? path.namespace : undefined;
  const matching = store
    .list(resource, namespace)
    .filter((object) => byLabel(labelsOf(object)) && byField(object));
  const page = pageOf(matching, query);
  const metadata = {
    resourceVersion: store.version().toString(),
    ...(page.next === '' ? {} : { continue: page.next, remainingItemCount: page.remaining }),
  };
  return {
    status: 200,
    body: {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata,
      items: page.items.map(listItem),
    },
  };
}

/** Answers GET: one object, its scale, or a page of a list. */
export function answerRead(
  store: ObjectStore,
  path: RequestPath,
  query: URLSearchParams,
): ApiReply {
  if (path.name === '') return listReply(store, path, query);
  const object = storedObject(store, path);
  return { status: 200, body: path.subresource === 'scale' ? scaleOf(object) : object };
}
