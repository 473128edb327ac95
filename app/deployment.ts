import { AppError } from '../domain/error.ts';
import { createStore } from '../store/database.ts';
import { loadWorkflowBundle } from '../worker/bundle.ts';
import { createAdopter } from './adoption.ts';
import { readConfig } from './config.ts';
import { environmentWithFile } from './environment.ts';
import { connectEngine } from './engine-client.ts';
import { makeCurrent } from './engine-setup.ts';
import { createOurNamespace } from './namespace.ts';
import { createReconciler, reconcileAll } from './reconciler.ts';
import { createLog } from './start.ts';
import { readTemporalConnection } from './temporal-connection.ts';

/** What a deployment did. */
export interface Deployment {
  /** The build that new incidents start on from now on. */
  readonly buildId: string;
  /** Open incidents that were moved to it, or resumed on it from Postgres. */
  readonly adopted: number;
}

const POOL = 2;

function needed(name: string, why: string): AppError {
  return new AppError('invalid', `${name} is not set: ${why}`, { field: name });
}

function unseen(left: number): AppError {
  return new AppError(
    'unavailable',
    `This build is current, but ${left.toString()} of the open incidents could not be looked at: ` +
      'keep the workers of other builds, and deploy again.',
  );
}

/**
 * Makes this build current on the Temporal server that the environment names, and adopts what other builds left
 * open, so that their workers may go. Waits `withinMs` for a worker of this build to poll, and as long again for
 * incidents that could not be looked at. Raises `invalid` when no server is named (an embedded one makes its own
 * build current), `unavailable` when one does not answer, no worker of this build polls, or incidents are left.
 */
export async function deploy(withinMs: number): Promise<Deployment> {
  const environment = environmentWithFile();
  const config = readConfig({ environment });
  const temporal = await readTemporalConnection(environment);
  if (temporal === null) {
    throw needed('TEMPORAL_ADDRESS', 'an embedded server takes each build as current by itself.');
  }
  const { databaseUrl, taskQueue } = config;
  if (databaseUrl === null) throw needed('DATABASE_URL', 'it holds the open incidents.');
  const bundle = await loadWorkflowBundle();
  const engine = await connectEngine({ ...temporal, taskQueue });
  try {
    await makeCurrent(engine, bundle.buildId, withinMs);
    const store = await createStore({ databaseUrl, role: 'worker', poolSize: POOL });
    try {
      const log = createLog(config.logLevel);
      const adopter = createAdopter({ store, engine, bundle, log, replacesOthers: true });
      const namespace = createOurNamespace({ store, engine, isOwn: false, log });
      const reconciler = createReconciler({ store, engine, adopter, namespace, log });
      const { touched: adopted, left } = await reconcileAll(reconciler, withinMs);
      if (left > 0) throw unseen(left);
      return { buildId: bundle.buildId, adopted };
    } finally {
      await store.close();
    }
  } finally {
    await engine.close();
  }
}
