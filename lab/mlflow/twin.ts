import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { createArtifacts, type Artifacts } from './artifacts.ts';
import { failureReply, htmlPage, MlflowFailure } from './failure.ts';
import type { Routes } from './message.ts';
import { createRegistry } from './registry.ts';
import { createTracking } from './tracking.ts';

/** How an MLflow twin is started. */
export interface MlflowTwinOptions {
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** Asks every caller for `Authorization: Bearer …`, as a proxy would. */
  readonly token?: string;
  /** Asks every caller for HTTP basic authentication, as MLflow's own app does. */
  readonly username?: string;
  readonly password?: string;
  readonly now?: () => Date;
}

/** A running MLflow twin. */
export interface MlflowTwin extends Twin {
  /** Replaces stored bytes as an attacker would, past the API; `path` is `<experiment>/<run>/artifacts/…`. */
  tamper(path: string, bytes: Uint8Array): void;
}

const API = '/api/2.0/mlflow/';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
const VERSION = '3.17.2';

function refusal(options: MlflowTwinOptions, request: TwinRequest): TwinReply | undefined {
  const given = request.headers.authorization;
  if (options.token !== undefined && given !== `Bearer ${options.token}`) {
    return { status: 401, body: 'Unauthorized' };
  }
  if (options.username === undefined) return undefined;
  const pair = Buffer.from(`${options.username}:${options.password ?? ''}`).toString('base64');
  if (given === `Basic ${pair}`) return undefined;
  return {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="mlflow"' },
    body: 'You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.',
  };
}

function artifactPath(pathname: string): string | undefined {
  if (pathname === ARTIFACTS) return '';
  if (!pathname.startsWith(`${ARTIFACTS}/`)) return undefined;
  try {
    return decodeURIComponent(pathname.slice(ARTIFACTS.length + 1));
  } catch {
    return undefined;
  }
}

function dispatch(request: TwinRequest, routes: Routes, artifacts: Artifacts): TwinReply {
  const { pathname } = request.url;
  const artifact = artifactPath(pathname);
  if (artifact !== undefined) return artifacts.answer(request, artifact);
  const name = pathname.startsWith(API) ? pathname.slice(API.length) : undefined;
  if (name === undefined) return htmlPage(404, 'Not Found');
  const handler = routes[`${request.method} ${name}`];
  if (handler !== undefined) return handler(request);
  const known = Object.keys(routes).some((key) => key.endsWith(` ${name}`));
  return known ? htmlPage(405, 'Method Not Allowed') : htmlPage(404, 'Not Found');
}

/** Starts an MLflow 3.17 tracking server and registry with an artefact proxy, in memory. */
export async function createMlflowTwin(options: MlflowTwinOptions = {}): Promise<MlflowTwin> {
  const now = options.now ?? ((): Date => new Date());
  const tracking = createTracking(now);
  const registry = createRegistry({ now, hasRun: (runId) => tracking.has(runId) });
  const routes: Routes = { ...tracking.routes, ...registry };
  const artifacts = createArtifacts();
  const twin = await startTwin({
    name: 'mlflow',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      if (request.url.pathname === '/health') return { status: 200, body: 'OK' };
      const refused = refusal(options, request);
      if (refused) return refused;
      if (request.url.pathname === '/version') return { status: 200, body: VERSION };
      try {
        return dispatch(request, routes, artifacts);
      } catch (error) {
        if (error instanceof MlflowFailure) return failureReply(error);
        throw error;
      }
    },
  });
  return {
    ...twin,
    tamper: (path, bytes) => {
      artifacts.tamper(path, bytes);
    },
  };
}
