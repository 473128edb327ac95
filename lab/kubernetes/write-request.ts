import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { jsonEquals } from '../../domain/plan.ts';
import type { ApiReply } from './api-reply.ts';
import { KINDS, safeSuffix } from './controller/cluster.ts';
import { orphanDependents } from './controller/garbage-collector.ts';
import { withDefaults } from './defaults.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';
import { withManagedFields, type FieldWriter } from './managed-fields.ts';
import { isList, listAt, nameOf, recordAt, textAt, uidOf, withAt } from './object.ts';
import type { ObjectStore } from './object-store.ts';
import { storedObject } from './read-request.ts';
import type { RequestPath } from './request-path.ts';
import { apiVersionOf } from './resource.ts';
import { scaleOf, withScale } from './scale.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  notFound,
  unsupportedMediaType,
} from './status.ts';
import { hasWrongTypes, refuseInvalid, refuseWrongTypes } from './validation.ts';

/** One request that may change the store. */
export interface WriteRequest {
  readonly method: string;
  readonly path: RequestPath;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** Undefined when the body is empty. */
  readonly body: Json | undefined;
  /** Who owns what the write sets. */
  readonly writer: FieldWriter;
}

const PATCHES: Readonly<Record<string, (document: JsonObject, patch: Json) => JsonObject>> = {
  'application/json-patch+json': jsonPatch,
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicMergePatch,
};

function isDryRun(request: WriteRequest): boolean {
  const values = request.query.getAll('dryRun');
  if (values.some((value) => value !== 'All')) throw badRequest('dryRun: only "All" is supported');
  const inBody = recordAt(request.body)['dryRun'];
  return values.length > 0 || (isList(inBody) && inBody.includes('All'));
}

function bodyObject(request: WriteRequest): JsonObject {
  const { body, path } = request;
  if (!isJsonObject(body)) throw badRequest('the body of the request is not an object');
  const wantedKind = path.subresource === 'scale' ? 'Scale' : path.resource.kind;
  const kind = body['kind'] ?? wantedKind;
  if (kind !== wantedKind) {
    throw badRequest(`the object in the body is not a ${wantedKind}`);
  }
  return body;
}

/** The object to create, with its name (given or generated) and namespace. */
function named(store: ObjectStore, request: WriteRequest): JsonObject {
  const { resource, namespace } = request.path;
  const given = bodyObject(request);
  const metadata = recordAt(given, 'metadata');
  if (textAt(metadata, 'resourceVersion') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (resource.namespaced && namespace !== textAt({ namespace, ...metadata }, 'namespace')) {
    throw badRequest('the namespace of the object does not match the namespace on the request');
  }
  const prefix = textAt(metadata, 'generateName');
  const suffix = safeSuffix(`${prefix}/${store.version().toString()}`, 5);
  const name = textAt(metadata, 'name') || (prefix === '' ? '' : `${prefix}${suffix}`);
  const home = resource.namespaced ? { namespace } : {};
  return { ...given, metadata: { ...metadata, name, ...home } };
}

function create(store: ObjectStore, request: WriteRequest): ApiReply {
  const { resource, namespace } = request.path;
  if (request.path.name !== '') throw methodNotAllowed();
  const fresh = withAt(named(store, request), ['status'], undefined);
  refuseWrongTypes(resource, fresh);
  const object = withManagedFields({}, withDefaults(resource, fresh), request.writer);
  refuseInvalid(resource, object, undefined);
  refuseHomeless(store, request.path);
  if (store.get(resource, namespace, nameOf(object)) !== undefined) {
    throw alreadyExists({ ...resource, name: nameOf(object) });
  }
  if (isDryRun(request)) return { status: 201, body: object };
  return { status: 201, body: store.insert(resource, object), changed: true };
}

function refuseHomeless(store: ObjectStore, path: RequestPath): void {
  if (!path.resource.namespaced) return;
  const found = store.get(KINDS.namespaces, '', path.namespace) !== undefined;
  if (!found) throw notFound({ ...KINDS.namespaces, name: path.namespace });
}

/** What a write may not change of an object's metadata. */
const KEPT = ['uid', 'creationTimestamp', 'generation', 'deletionTimestamp', 'namespace', 'name'];

function refuseMoved(path: RequestPath, old: JsonObject, wanted: JsonObject): void {
  const subject = { ...path.resource, name: path.name };
  const version = textAt(wanted, 'metadata', 'resourceVersion');
  const uid = uidOf(wanted);
  if (uid !== '' && uid !== uidOf(old)) {
    const pair = `UID in precondition: ${uid}, UID in object meta: ${uidOf(old)}`;
    throw conflict(subject, `Precondition failed: ${pair}`);
  }
  if (version !== '' && version !== textAt(old, 'metadata', 'resourceVersion')) {
    throw conflict(subject);
  }
  if (nameOf(wanted) !== path.name) {
    throw badRequest(
      `the name of the object (${nameOf(wanted)}) does not match the name on the URL (${path.name})`,
    );
  }
}

/** Stores the wanted state of an object, checked as the server checks an update. */
function update(store: ObjectStore, request: WriteRequest, wanted: JsonObject): ApiReply {
  const { resource, subresource } = request.path;
  const old = storedObject(store, request.path);
  refuseMoved(request.path, old, wanted);
  const kept = KEPT.reduce(
    (object, key) => withAt(object, ['metadata', key], recordAt(old, 'metadata')[key]),
    wanted,
  );
  const typed = { ...kept, kind: resource.kind, apiVersion: apiVersionOf(resource) };
  const merged =
    subresource === 'status'
      ? { ...old, status: recordAt(typed, 'status') }
      : withAt(typed, ['status'], old['status']);
  refuseWrongTypes(resource, merged);
  const owners = listAt(old, 'metadata', 'managedFields');
  const defaulted = withAt(
    withDefaults(resource, merged),
    ['metadata', 'managedFields'],
    owners.length === 0 ? undefined : owners,
  );
  const object = withManagedFields(old, defaulted, request.writer);
  refuseInvalid(resource, object, old);
  const view = (shown: JsonObject): JsonObject =>
    subresource === 'scale' ? scaleOf(shown) : shown;
  if (isDryRun(request)) return { status: 200, body: view(object) };
  const stored = store.replace(resource, object);
  return { status: 200, body: view(stored), changed: !jsonEquals(stored, old) };
}

function put(store: ObjectStore, request: WriteRequest): ApiReply {
  const given = bodyObject(request);
  if (request.path.subresource !== 'scale') return update(store, request, given);
  return update(store, request, withScale(storedObject(store, request.path), given));
}

/** A patch has no uid for a precondition, and what it makes of the object is checked as the patch's own fault. */
function refusePatched({ resource, name }: RequestPath, old: JsonObject, wanted: JsonObject): void {
  const uid = uidOf(wanted);
  if (uid !== uidOf(old)) {
    const cause = { field: 'metadata.uid', message: `Invalid value: "${uid}": field is immutable` };
    throw invalid({ ...resource, name }, [cause, cause]);
  }
  if (hasWrongTypes(resource, wanted)) {
    throw invalid({ plural: '', kind: '', group: '', name: '' }, [
      { field: 'patch', message: 'Invalid value: cannot be decoded' },
    ]);
  }
}

function patch(store: ObjectStore, request: WriteRequest): ApiReply {
  const type = request.contentType.split(';')[0]?.trim() ?? '';
  const apply = PATCHES[type];
  if (apply === undefined) throw unsupportedMediaType(Object.keys(PATCHES));
  if (request.body === undefined) throw badRequest('the body of the request is empty');
  const old = storedObject(store, request.path);
  if (request.path.subresource !== 'scale') {
    const wanted = apply(old, request.body);
    refusePatched(request.path, old, wanted);
    return update(store, request, wanted);
  }
  return update(store, request, withScale(old, apply(scaleOf(old), request.body)));
}

function remove(store: ObjectStore, request: WriteRequest): ApiReply {
  const { resource } = request.path;
  if (request.path.name === '' || request.path.subresource !== '') throw methodNotAllowed();
  const object = storedObject(store, request.path);
  const preconditions = recordAt(request.body, 'preconditions');
  refuseMoved(request.path, object, {
    metadata: {
      name: nameOf(object),
      uid: textAt(preconditions, 'uid'),
      resourceVersion: textAt(preconditions, 'resourceVersion'),
    },
  });
  const body =
    resource.kind === 'Pod'
      ? object
      : {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Success',
          details: {
            name: nameOf(object),
            ...(resource.group === '' ? {} : { group: resource.group }),
            kind: resource.plural,
            uid: uidOf(object),
          },
        };
  if (isDryRun(request)) return { status: 200, body };
  if (textAt(request.body, 'propagationPolicy') === 'Orphan') orphanDependents(store, object);
  store.remove(resource, object);
  return { status: 200, body, changed: true };
}

/** Answers POST, PUT, PATCH and DELETE on objects. Raises `StatusError`. */
export function answerWrite(store: ObjectStore, request: WriteRequest): ApiReply {
  if (request.method === 'POST') return create(store, request);
  if (request.path.name === '') throw methodNotAllowed();
  if (request.method === 'PUT') return put(store, request);
  if (request.method === 'PATCH') return patch(store, request);
  if (request.method === 'DELETE') return remove(store, request);
  throw methodNotAllowed();
}
