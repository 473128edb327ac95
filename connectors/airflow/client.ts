import type { z } from 'zod';
import { AppError, isAppError } from '../../domain/error.ts';
import type { CallContext } from '../connector.ts';
import { openHttpAccess, rememberSecret } from '../http-access.ts';
import { createHttpClient, type HttpCall, type HttpClient, type HttpReply } from '../http.ts';
import { classifyAirflow, NAME } from './failure.ts';
import type { AirflowConfig } from './manifest.ts';
import {
  dagReply,
  dagRunReply,
  taskInstancesReply,
  tokenReply,
  type DagRun,
  type TaskInstance,
} from './reply-schema.ts';

const API = ['api', 'v2'];
const PAGE_SIZE = 100;
const PAGES_MAX = 20;

/** Calls of one Airflow API server. Each raises the codes of the HTTP kit. */
export interface AirflowClient {
  /** One call below `/api/v2`, with the token renewed once when it has expired. */
  call<T>(call: HttpCall<T>, context: CallContext): Promise<HttpReply<T>>;
  /** A DAG. Raises `not_found`. */
  dag(dag: string, context: CallContext): Promise<z.infer<typeof dagReply>>;
  /** A run, or null when it does not exist. */
  run(dag: string, runId: string, context: CallContext): Promise<DagRun | null>;
  /** Task instances of a run, at most 2000. Raises `not_found` and `too_large`. */
  taskInstances(dag: string, runId: string, context: CallContext): Promise<readonly TaskInstance[]>;
  readonly clockSkewMs: HttpClient['clockSkewMs'];
  /** Ends calls in flight. */
  close(): Promise<void>;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** Reads a list page by page, up to 20 pages of 100. */
export async function readPages<T>(
  read: (page: { readonly limit: number; readonly offset: number }) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly truncated: boolean }> {
  const items: T[] = [];
  let total = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await read({ limit: PAGE_SIZE, offset: items.length });
    items.push(...found.items);
    total = found.total;
    // A server may give smaller pages than asked for; an empty one is the end.
    if (found.items.length === 0 || items.length >= total) break;
  }
  return { items, truncated: items.length < total };
}

interface Login {
  readonly username: string;
  readonly password: string;
}

interface Door {
  readonly call: AirflowClient['call'];
  readonly clockSkewMs: HttpClient['clockSkewMs'];
  close(): Promise<void>;
}

/** Asks for a token. Raises `unauthorized` for a wrong user or password. */
async function logIn(http: HttpClient, login: Login, context: CallContext): Promise<string> {
  const reply = await http.call(
    {
      method: 'POST',
      path: ['auth', 'token'],
      json: { ...login },
      schema: tokenReply,
      readOnly: true,
      permission: 'a valid user and password',
    },
    context,
  );
  return reply.value.access_token;
}

/** Calls with a token from a login, renewed once on 401: nothing has happened then, so the call is sent again. */
function createLoginDoor(config: AirflowConfig, login: Login): Door {
  const access = openHttpAccess({ ...config, username: undefined, password: undefined }, NAME);
  const secrets: string[] = [...access.secrets, login.password];
  const fixed = secrets.length;
  const shared = { ...access, name: NAME, secrets, classify: classifyAirflow };
  let token: string | undefined;
  const bearer = (): Readonly<Record<string, string>> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const anonymous = createHttpClient({ ...shared, headers: () => Promise.resolve({}) });
  const http = createHttpClient({ ...shared, headers: () => Promise.resolve(bearer()) });
  const renew = async (context: CallContext): Promise<void> => {
    const fresh = await logIn(anonymous, login, context);
    token = fresh;
    rememberSecret(secrets, fresh, fixed);
  };
  return {
    call: async (call, context) => {
      if (token === undefined) await renew(context);
      try {
        return await http.call(call, context);
      } catch (error) {
        if (!isAppError(error) || error.details?.['status'] !== 401) throw error;
      }
      await renew(context);
      return http.call(call, context);
    },
    clockSkewMs: () => http.clockSkewMs() ?? anonymous.clockSkewMs(),
    close: async () => {
      await Promise.all([anonymous.close(), http.close()]);
    },
  };
}

function createDoor(config: AirflowConfig): Door {
  const { username, password } = config;
  if (username !== undefined && password !== undefined) {
    return createLoginDoor(config, { username, password });
  }
  const access = openHttpAccess(config, NAME);
  const http = createHttpClient({ ...access, name: NAME, classify: classifyAirflow });
  return http;
}

async function readRun(
  door: Door,
  asked: { readonly dag: string; readonly runId: string },
  context: CallContext,
): Promise<DagRun | null> {
  const path = [...API, 'dags', asked.dag, 'dagRuns', asked.runId];
  const permission = `DAG runs of ${asked.dag}: read`;
  try {
    return (await door.call({ method: 'GET', path, schema: dagRunReply, permission }, context))
      .value;
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return null;
    throw error;
  }
}

async function readTaskInstances(
  door: Door,
  asked: { readonly dag: string; readonly runId: string },
  context: CallContext,
): Promise<readonly TaskInstance[]> {
  const path = [...API, 'dags', asked.dag, 'dagRuns', asked.runId, 'taskInstances'];
  const permission = `task instances of ${asked.dag}: read`;
  const found = await readPages(async (query) => {
    const call = { method: 'GET' as const, path, query, schema: taskInstancesReply, permission };
    const { task_instances: items, total_entries: total } = (await door.call(call, context)).value;
    return { items, total };
  });
  if (!found.truncated) return found.items;
  throw new AppError('too_large', `Run ${asked.runId} has too many task instances to read.`);
}

/** A client of one Airflow API server. */
export function createAirflowClient(config: AirflowConfig): AirflowClient {
  const door = createDoor(config);
  return {
    call: (call, context) => door.call({ ...call, path: [...API, ...call.path] }, context),
    dag: async (dag, context) => {
      const path = [...API, 'dags', dag];
      const permission = `DAG ${dag}: read`;
      return (await door.call({ method: 'GET', path, schema: dagReply, permission }, context))
        .value;
    },
    run: (dag, runId, context) => readRun(door, { dag, runId }, context),
    taskInstances: (dag, runId, context) => readTaskInstances(door, { dag, runId }, context),
    clockSkewMs: () => door.clockSkewMs(),
    close: () => door.close(),
  };
}
