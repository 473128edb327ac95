import { z } from 'zod';
import { isAppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { JsonClient } from '../scenario/json-client.ts';
import { existing, outside, type Owned } from './own-namespace.ts';

const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts/';

const asked = z.looseObject({
  name: z.string().optional(),
  experiment_id: z.string().optional(),
  run_id: z.string().optional(),
});
const experimentReply = z.object({ experiment_id: z.string() });
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

/** What was made in a registry so far. */
interface Made {
  readonly models: Set<string>;
  readonly experiments: Map<string, string>;
  readonly runs: Set<string>;
}

/** True when a write touches only what was made: its model, its run, or its experiment. */
function isOwn(made: Made, body: Json | undefined): boolean {
  const { name, run_id: run, experiment_id: experiment } = asked.catch({}).parse(body);
  const named = [
    name === undefined || made.models.has(name),
    run === undefined || made.runs.has(run),
    experiment === undefined || made.experiments.has(experiment),
  ];
  return [name, run, experiment].some((one) => one !== undefined) && named.every(Boolean);
}

async function creating(work: Promise<Json>, kind: string, name: string): Promise<Json> {
  try {
    return await work;
  } catch (error) {
    if (!isAppError(error) || !error.message.includes('RESOURCE_ALREADY_EXISTS')) throw error;
    throw existing(kind, name, `rename or delete it in MLflow.`);
  }
}

/** Renamed first: a deleted experiment keeps its name, and would be in the way of the next demo. */
async function removeExperiment(mlflow: JsonClient, id: string, name: string): Promise<void> {
  const renamed = { experiment_id: id, new_name: `${name}-removed-${id}` };
  await mlflow.send('POST', `${API}/experiments/update`, { body: renamed });
  await mlflow.send('POST', `${API}/experiments/delete`, { body: { experiment_id: id } });
}

/**
 * A real MLflow as a story may use it: reading everywhere, writing only to the models, experiments and runs that it
 * created itself. `send` raises `refused` for a name that exists already, and for a write to anything else.
 */
export function ownRegistry(mlflow: JsonClient): Owned {
  const made: Made = { models: new Set(), experiments: new Map(), runs: new Set() };
  const create: Readonly<Record<string, (body: Json, name: string) => Promise<Json>>> = {
    [`${API}/registered-models/create`]: async (body, name) => {
      const path = `${API}/registered-models/create`;
      const reply = await creating(mlflow.send('POST', path, { body }), 'Registered model', name);
      made.models.add(name);
      return reply;
    },
    [`${API}/experiments/create`]: async (body, name) => {
      const path = `${API}/experiments/create`;
      const reply = await creating(mlflow.send('POST', path, { body }), 'Experiment', name);
      made.experiments.set(experimentReply.parse(reply).experiment_id, name);
      return reply;
    },
  };
  const write: JsonClient['send'] = async (method, path, options) => {
    const body = options?.body;
    if (!isOwn(made, body)) throw outside(method, path);
    const reply = await mlflow.send(method, path, options);
    if (path === `${API}/runs/create`) made.runs.add(runReply.parse(reply).run.info.run_id);
    return reply;
  };
  return {
    send: (method, path, options = {}) => {
      if (method === 'GET') return mlflow.send(method, path, options);
      const body = options.body ?? null;
      const { name = '' } = asked.catch({}).parse(body);
      return create[path]?.(body, name) ?? write(method, path, options);
    },
    put: async (path, bytes) => {
      const [experiment = '', run = ''] = path.slice(ARTIFACTS.length).split('/');
      const own = path.startsWith(ARTIFACTS) && made.experiments.has(experiment);
      if (!own || !made.runs.has(run)) throw outside('PUT', path);
      await mlflow.put(path, bytes);
    },
    remove: async () => {
      for (const name of made.models) {
        await mlflow.send('DELETE', `${API}/registered-models/delete`, { body: { name } });
      }
      for (const [id, name] of made.experiments) await removeExperiment(mlflow, id, name);
      for (const set of [made.models, made.experiments, made.runs]) set.clear();
    },
  };
}
