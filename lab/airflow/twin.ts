import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { AirflowFailure, failureReply } from './failure.ts';
import { readBody } from './message.ts';
import { createRoutes, findRoute } from './routes.ts';
import { createScheduler, type TaskRunner } from './scheduler.ts';
import { newDag, type DagRecord, type DeclaredDag } from './world.ts';

/** How an Airflow twin is started. */
export interface AirflowTwinOptions {
  readonly dags: readonly DeclaredDag[];
  /** Executes tasks of runs whose DAG is not paused; by default every task succeeds. */
  readonly runner?: TaskRunner;
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** With a user, every call needs a token of `POST /auth/token`; without, everybody is admin. */
  readonly username?: string;
  readonly password?: string;
  /** A token that is valid beside those of the login. */
  readonly token?: string;
  readonly now?: () => Date;
}

/** A running Airflow twin. */
export interface AirflowTwin extends Twin {
  /** Makes every token of a login invalid, as time would. */
  expireTokens(): void;
  /** Resolves when no run executes; runs of paused DAGs wait and do not count. */
  idle(): Promise<void>;
}

const VERSION = '3.3.2';
const API = 'api/v2/';
const login = z.strictObject({ username: z.string(), password: z.string() });

interface Guard {
  /** Answers `POST /auth/token`. Raises 401. */
  logIn(request: TwinRequest): TwinReply;
  /** Raises 401 without a valid token. */
  check(request: TwinRequest): void;
  expire(): void;
}

function createGuard(options: AirflowTwinOptions): Guard {
  const tokens = new Set<string>();
  const open = options.username === undefined && options.token === undefined;
  return {
    logIn: (request) => {
      const given = readBody(request, login);
      const right = given.username === options.username && given.password === options.password;
      if (!open && !right) throw new AirflowFailure(401, 'Invalid credentials');
      const token = `lab.${randomBytes(24).toString('base64url')}`;
      tokens.add(token);
      return { status: 201, body: { access_token: token } };
    },
    check: (request) => {
      if (open) return;
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined) throw new AirflowFailure(401, 'Not authenticated');
      if (!tokens.has(token) && token !== options.token) {
        throw new AirflowFailure(401, 'Invalid JWT token');
      }
    },
    expire: () => {
      tokens.clear();
    },
  };
}

function segmentsOf(request: TwinRequest): readonly string[] {
  try {
    return request.url.pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new AirflowFailure(404, 'Not Found');
  }
}

/** Starts an Airflow 3.3 API server with the given DAGs, in memory, and a scheduler that calls `runner`. */
export async function createAirflowTwin(options: AirflowTwinOptions): Promise<AirflowTwin> {
  const now = options.now ?? ((): Date => new Date());
  const dags = new Map<string, DagRecord>(
    options.dags.map((declared) => [declared.id, newDag(declared, now())]),
  );
  const scheduler = createScheduler(options.runner ?? (() => Promise.resolve('success')), now);
  const guard = createGuard(options);
  const routes = createRoutes({ dags, scheduler, now });
  const answer = (request: TwinRequest): TwinReply => {
    const segments = segmentsOf(request);
    const path = `${request.method} ${segments.join('/')}`;
    if (path === 'POST auth/token') return guard.logIn(request);
    if (path === `GET ${API}version`) {
      return { status: 200, body: { version: VERSION, git_version: null } };
    }
    if (path === `GET ${API}monitor/health`) {
      return { status: 200, body: { metadatabase: { status: 'healthy' } } };
    }
    const [api, version, ...rest] = segments;
    const found =
      `${api ?? ''}/${version ?? ''}/` === API
        ? findRoute(routes, request.method, rest)
        : undefined;
    if (found === undefined) throw new AirflowFailure(404, 'Not Found');
    if (found === 'no-method') throw new AirflowFailure(405, 'Method Not Allowed');
    guard.check(request);
    return found.handler(request, found.parts);
  };
  const twin = await startTwin({
    name: 'airflow',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      try {
        return answer(request);
      } catch (error) {
        if (error instanceof AirflowFailure) return failureReply(error);
        throw error;
      }
    },
  });
  return {
    ...twin,
    expireTokens: () => {
      guard.expire();
    },
    idle: () => scheduler.idle(),
    close: async () => {
      scheduler.stop();
      await twin.close();
    },
  };
}
