import { isAppError, AppError } from '../../domain/error.ts';
import { parseWith, type Connector } from '../connector.ts';
import { healthOf } from '../health.ts';
import { healthContext } from '../http.ts';
import { createClear } from './clear.ts';
import { createAirflowClient, type AirflowClient } from './client.ts';
import { createDagProbe, createDeclaredTasksProbe } from './dag.ts';
import { airflowConfig, manifest } from './manifest.ts';
import { createPause } from './pause.ts';
import { dagRunsReply, versionReply } from './reply-schema.ts';
import { createRunProbe } from './run.ts';
import { createTaskInstancesProbe } from './task-instances.ts';
import { createTrigger } from './trigger.ts';

/** The version that answers. Raises `unsupported` for a server without API v2, `unauthorized` without read rights. */
async function ask(client: AirflowClient, signal: AbortSignal): Promise<string> {
  const context = healthContext(signal);
  const version = { method: 'GET' as const, path: ['version'], schema: versionReply };
  const reply = await client.call(version, context).catch((error: unknown) => {
    if (!isAppError(error) || error.code !== 'not_found') throw error;
    throw new AppError('unsupported', 'This server has no API v2: Airflow 3 is needed.', {
      cause: error,
    });
  });
  await client.call(
    {
      method: 'GET',
      path: ['dags', '~', 'dagRuns'],
      query: { limit: 1 },
      schema: dagRunsReply,
      permission: 'DAG runs: read',
    },
    context,
  );
  return reply.value.version;
}

/** A connector to one Airflow API server. Raises `invalid` for a configuration that does not parse. */
export function create(config: unknown): Connector {
  const client = createAirflowClient(
    parseWith(airflowConfig, config, { code: 'invalid', name: 'config' }),
  );
  return {
    name: manifest.name,
    probes: {
      dag: createDagProbe(client),
      run: createRunProbe(client),
      'task-instances': createTaskInstancesProbe(client),
      'declared-tasks': createDeclaredTasksProbe(client),
    },
    actions: {
      pause: createPause(client),
      trigger: createTrigger(client),
      clear: createClear(client),
    },
    health: (signal) => healthOf(() => ask(client, signal), client),
    close: () => client.close(),
  };
}
