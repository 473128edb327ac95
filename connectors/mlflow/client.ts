import type { z } from 'zod';
import { isAppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { CallContext } from '../connector.ts';
import { openHttpAccess } from '../http-access.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { classifyMlflow } from './failure.ts';
import type { MlflowConfig } from './manifest.ts';
import {
  emptyReply,
  modelVersionReply,
  modelVersionsReply,
  registeredModelReply,
  runReply,
  type ModelVersion,
  type RegisteredModel,
  type Run,
} from './reply-schema.ts';

const API = ['api', '2.0', 'mlflow'];
const PAGE_SIZE = 200;
const PAGES_MAX = 25;
const VERSION_BYTES_MAX = 4_096;

/** Versions of a search, newest first. */
export interface FoundVersions {
  readonly versions: readonly ModelVersion[];
  /** True when the page limit cut the list. */
  readonly truncated: boolean;
}

/** Calls of one MLflow server. Each raises the codes of the HTTP kit, mapped by `error_code`. */
export interface MlflowClient {
  readonly http: HttpClient;
  /** The server's address, for comparing artefact addresses with it. */
  readonly url: string;
  /** One model with its aliases and tags. Raises `not_found`. */
  registeredModel(name: string, context: CallContext): Promise<RegisteredModel>;
  /** One version. Raises `not_found`. */
  version(name: string, version: string, context: CallContext): Promise<ModelVersion>;
  /** The version that an alias names, or null. Raises `not_found` for an unknown model. */
  alias(name: string, alias: string, context: CallContext): Promise<string | null>;
  /** Versions that match a filter, newest first, at most 5000. */
  search(filter: string, context: CallContext): Promise<FoundVersions>;
  /** One run. Raises `not_found`. */
  run(runId: string, context: CallContext): Promise<Run>;
  /** One GET below `/api/2.0/mlflow`. */
  get<T>(get: MlflowGet<T>, context: CallContext): Promise<T>;
  /** The version that the server says it is, or null. */
  serverVersion(context: CallContext): Promise<string | null>;
  /** One change; `permission` is named when it is refused. */
  change(change: MlflowChange, context: CallContext): Promise<void>;
}

/** A read below `/api/2.0/mlflow`. */
export interface MlflowGet<T> {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly schema: z.ZodType<T>;
  readonly permission: string;
}

/** A write below `/api/2.0/mlflow`. */
export interface MlflowChange {
  readonly method: 'POST' | 'DELETE';
  readonly path: readonly string[];
  readonly json: Json;
  readonly permission: string;
}

function newestFirst(a: ModelVersion, b: ModelVersion): number {
  const byTime = (b.creation_timestamp ?? 0) - (a.creation_timestamp ?? 0);
  return byTime === 0 ? Number(b.version) - Number(a.version) : byTime;
}

type Get = MlflowClient['get'];

/** What servers answer for a missing alias; the first is also the code of every bad input. */
const MISSING_ALIAS: ReadonlySet<string> = new Set([
  'INVALID_PARAMETER_VALUE',
  'RESOURCE_DOES_NOT_EXIST',
]);

/** Reads an alias. When the answer may mean that there is none, the model itself has the last word. */
async function readAlias(
  get: Get,
  asked: { readonly name: string; readonly alias: string },
  context: CallContext,
): Promise<string | null> {
  const permission = `registered model ${asked.name}: READ`;
  try {
    const reply = await get(
      { path: ['registered-models', 'alias'], query: asked, schema: modelVersionReply, permission },
      context,
    );
    return reply.model_version.version;
  } catch (error) {
    if (!isAppError(error) || !MISSING_ALIAS.has(String(error.details?.['errorCode']))) throw error;
  }
  const query = { name: asked.name };
  const reply = await get(
    { path: ['registered-models', 'get'], query, schema: registeredModelReply, permission },
    context,
  );
  return reply.registered_model.aliases[asked.alias] ?? null;
}

async function searchVersions(
  get: Get,
  filter: string,
  context: CallContext,
): Promise<FoundVersions> {
  const versions: ModelVersion[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const reply = await get(
      {
        path: ['model-versions', 'search'],
        query: {
          filter,
          max_results: PAGE_SIZE,
          order_by: 'creation_timestamp DESC',
          page_token: token,
        },
        schema: modelVersionsReply,
        permission: 'registered models: READ',
      },
      context,
    );
    versions.push(...reply.model_versions);
    token = reply.next_page_token === '' ? undefined : reply.next_page_token;
    if (token === undefined) break;
    context.heartbeat({ versions: versions.length });
  }
  return { versions: versions.sort(newestFirst), truncated: token !== undefined };
}

/** `/version` answers plain text. */
async function readServerVersion(http: HttpClient, context: CallContext): Promise<string | null> {
  const reply = await http.bytes({ path: ['version'], bytesMax: VERSION_BYTES_MAX }, context);
  const pieces: Uint8Array[] = [];
  for await (const piece of reply.pieces) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8').trim();
  return /^\d[\w.+-]*$/.test(text) ? text : null;
}

/** A client of one MLflow server. */
export function createMlflowClient(config: MlflowConfig): MlflowClient {
  const name = 'MLflow';
  const access = openHttpAccess(config, name);
  const http = createHttpClient({ ...access, name, classify: classifyMlflow });
  const get: Get = async (asked, context) => {
    const path = [...API, ...asked.path];
    return (await http.call({ ...asked, method: 'GET', path }, context)).value;
  };
  return {
    http,
    url: config.url,
    get,
    registeredModel: async (name, context) => {
      const path = ['registered-models', 'get'];
      const permission = `registered model ${name}: READ`;
      const asked = { path, query: { name }, schema: registeredModelReply, permission };
      return (await get(asked, context)).registered_model;
    },
    version: async (name, version, context) => {
      const path = ['model-versions', 'get'];
      const permission = `registered model ${name}: READ`;
      const asked = { path, query: { name, version }, schema: modelVersionReply, permission };
      return (await get(asked, context)).model_version;
    },
    alias: (name, alias, context) => readAlias(get, { name, alias }, context),
    search: (filter, context) => searchVersions(get, filter, context),
    run: async (runId, context) => {
      const query = { run_id: runId };
      const permission = `run ${runId}: READ`;
      return (await get({ path: ['runs', 'get'], query, schema: runReply, permission }, context))
        .run;
    },
    serverVersion: (context) => readServerVersion(http, context),
    change: async (change, context) => {
      const path = [...API, ...change.path];
      await http.call({ ...change, path, schema: emptyReply }, context);
    },
  };
}
