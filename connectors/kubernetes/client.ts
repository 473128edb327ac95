import type { z } from 'zod';
import { isAppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { CallContext } from '../connector.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { openConnection } from './connection.ts';
import { classifyStatus, isMissing, reasonOf } from './failure.ts';
import type { KubernetesConfig } from './manifest.ts';
import {
  accessReply,
  deletionReply,
  objectReply,
  versionReply,
  type ListPage,
} from './reply-schema.ts';

/** Objects of one page. */
const PAGE_SIZE = 250;
/** Pages of one list. */
const PAGES_MAX = 40;
/** Objects of one list, at most. */
export const LIST_MAX = PAGE_SIZE * PAGES_MAX;
/** How often a list whose token expired begins anew. */
const LIST_ATTEMPTS_MAX = 2;
/** Who we are in the cluster's record of field owners. */
export const FIELD_MANAGER = 'firebreak';

/** A kind of object: where its path begins, and what one of them and a page of them are. */
export interface Kind<T> {
  readonly group: string;
  readonly plural: string;
  readonly schema: z.ZodType<T>;
  readonly page: z.ZodType<ListPage<T>>;
}

/** Which objects a list has: those of a namespace (null: of all) that a label selector picks. */
export interface ListFilter {
  readonly namespace: string | null;
  readonly labels?: string;
}

/** One object's address. */
export interface Address {
  readonly namespace: string;
  readonly name: string;
}

/** A list that a limit may have cut. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly truncated: boolean;
}

/** One patch: `json` operations (RFC 6902), `merge` (RFC 7386) or `strategic`, which finds list items by name. */
export interface ObjectPatch {
  readonly type: 'json' | 'merge' | 'strategic';
  readonly body: Json;
}

/** One right, asked for with a SelfSubjectAccessReview. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Undefined asks for all namespaces. */
  readonly namespace?: string | undefined;
}

/** Calls of one API server; plain objects, no field dropped. Each raises the codes of the HTTP kit. */
export interface KubernetesClient {
  /** One object, or null when there is none. */
  find<T>(kind: Kind<T>, address: Address, context: CallContext): Promise<T | null>;
  /** The objects that a filter picks, at most 10,000. */
  list<T>(kind: Kind<T>, filter: ListFilter, context: CallContext): Promise<Listed<T>>;
  patch<T>(
    kind: Kind<T>,
    change: Address & { readonly patch: ObjectPatch },
    context: CallContext,
  ): Promise<void>;
  create<T>(
    kind: Kind<T>,
    creation: { readonly namespace: string; readonly body: Json },
    context: CallContext,
  ): Promise<void>;
  /** Deletes the object with that uid; one that is gone is no error. */
  remove<T>(
    kind: Kind<T>,
    removal: Address & { readonly uid: string },
    context: CallContext,
  ): Promise<void>;
  version(context: CallContext): Promise<string>;
  /** Whether we have a right. */
  may(right: Right, context: CallContext): Promise<boolean>;
  readonly clockSkewMs: HttpClient['clockSkewMs'];
  close(): Promise<void>;
}

function rootOf<T>(kind: Kind<T>): readonly string[] {
  return kind.group === '' ? ['api', 'v1'] : ['apis', ...kind.group.split('/')];
}

/** `apps/deployments: patch`, as the README lists it. */
function permissionOf<T>(kind: Kind<T>, verb: string): string {
  const [group = ''] = kind.group.split('/');
  return `${group === '' ? '' : `${group}/`}${kind.plural}: ${verb}`;
}

function pathOf<T>(kind: Kind<T>, namespace: string, name?: string): readonly string[] {
  const path = [...rootOf(kind), 'namespaces', namespace, kind.plural];
  return name === undefined ? path : [...path, name];
}

function collectionOf<T>(kind: Kind<T>, namespace: string | null): readonly string[] {
  return namespace === null ? [...rootOf(kind), kind.plural] : pathOf(kind, namespace);
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

type Door = () => Promise<HttpClient>;

async function listOnce<T>(
  door: Door,
  list: { readonly kind: Kind<T>; readonly filter: ListFilter },
  context: CallContext,
): Promise<Listed<T>> {
  const http = await door();
  const items: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { value } = await http.call(
      {
        method: 'GET',
        path: collectionOf(list.kind, list.filter.namespace),
        query: { limit: PAGE_SIZE, labelSelector: list.filter.labels, continue: token },
        schema: list.kind.page,
        permission: permissionOf(list.kind, 'list'),
      },
      context,
    );
    items.push(...value.items);
    token = value.metadata.continue ?? '';
    if (token === '') return { items, truncated: false };
    context.heartbeat({ listed: items.length });
  }
  return { items, truncated: true };
}

function isExpired(error: unknown): boolean {
  return isAppError(error) && ['Expired', 'Gone'].includes(reasonOf(error));
}

type Reads = Pick<KubernetesClient, 'find' | 'list' | 'version' | 'may'>;

function createReads(door: Door): Reads {
  return {
    find: async (kind, { namespace, name }, context) => {
      const http = await door();
      try {
        const call = {
          method: 'GET',
          path: pathOf(kind, namespace, name),
          schema: kind.schema,
          permission: permissionOf(kind, 'get'),
        } as const;
        return (await http.call(call, context)).value;
      } catch (error) {
        if (isMissing(error, name)) return null;
        throw error;
      }
    },
    list: async (kind, filter, context) => {
      for (let attempt = 1; attempt < LIST_ATTEMPTS_MAX; attempt += 1) {
        try {
          return await listOnce(door, { kind, filter }, context);
        } catch (error) {
          if (!isExpired(error)) throw error;
        }
      }
      return listOnce(door, { kind, filter }, context);
    },
    version: async (context) => {
      const http = await door();
      const call = { method: 'GET', path: ['version'], schema: versionReply } as const;
      return (await http.call(call, context)).value.gitVersion;
    },
    may: async ({ verb, group, resource, namespace }, context) => {
      const http = await door();
      const attributes = {
        verb,
        group,
        resource,
        ...(namespace === undefined ? {} : { namespace }),
      };
      const { value } = await http.call(
        {
          method: 'POST',
          path: ['apis', 'authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
          json: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: attributes },
          },
          schema: accessReply,
          readOnly: true,
        },
        context,
      );
      return value.status.allowed;
    },
  };
}

type Writes = Pick<KubernetesClient, 'patch' | 'create' | 'remove'>;

function createWrites(door: Door): Writes {
  const query = { fieldManager: FIELD_MANAGER };
  return {
    patch: async (kind, { namespace, name, patch }, context) => {
      const http = await door();
      await http.call(
        {
          method: 'PATCH',
          path: pathOf(kind, namespace, name),
          query,
          json: patch.body,
          contentType: PATCH_TYPES[patch.type],
          schema: objectReply,
          permission: permissionOf(kind, 'patch'),
        },
        context,
      );
    },
    create: async (kind, { namespace, body }, context) => {
      const http = await door();
      await http.call(
        {
          method: 'POST',
          path: pathOf(kind, namespace),
          query,
          json: body,
          schema: objectReply,
          permission: permissionOf(kind, 'create'),
        },
        context,
      );
    },
    remove: async (kind, { namespace, name, uid }, context) => {
      const http = await door();
      try {
        await http.call(
          {
            method: 'DELETE',
            path: pathOf(kind, namespace, name),
            json: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } },
            schema: deletionReply,
            permission: permissionOf(kind, 'delete'),
          },
          context,
        );
      } catch (error) {
        if (!isMissing(error, name)) throw error;
      }
    },
  };
}

/** A client of the configured cluster; the connection is opened by the first call. */
export function createKubernetesClient(config: KubernetesConfig): KubernetesClient {
  let opening: Promise<HttpClient> | undefined;
  let opened: HttpClient | undefined;
  const open = async (): Promise<HttpClient> => {
    const connection = await openConnection(config);
    opened = createHttpClient({ name: 'Kubernetes', ...connection, classify: classifyStatus });
    return opened;
  };
  const door = async (): Promise<HttpClient> => {
    opening ??= open();
    try {
      return await opening;
    } catch (error) {
      // A file that was missing may be there at the next call.
      opening = undefined;
      throw error;
    }
  };
  return {
    ...createReads(door),
    ...createWrites(door),
    clockSkewMs: () => opened?.clockSkewMs(),
    close: async () => {
      if (opening === undefined) return;
      await (await opening).close();
    },
  };
}
