import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { duplicate, invalid, missing } from './failure.ts';
import {
  done,
  int64,
  ok,
  pairList,
  required,
  route,
  setEntry,
  tagList,
  type Routes,
} from './message.ts';

interface Metric {
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
}

interface Run {
  readonly id: string;
  readonly experimentId: string;
  name: string;
  status: string;
  readonly startTime: number;
  endTime: number | undefined;
  readonly metrics: Map<string, Metric>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly inputs: Map<string, unknown>;
}

interface Experiment {
  readonly id: string;
  name: string;
  stage: 'active' | 'deleted';
  readonly createdAt: number;
}

/** Experiments and runs. */
export interface Tracking {
  readonly routes: Routes;
  /** Whether a run exists. */
  has(runId: string): boolean;
}

const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
const DATASET_DIGEST_CHARACTERS_MAX = 36;

const metric = z.object({
  key: required,
  value: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
  timestamp: int64,
  step: int64.default(0),
});
const runId = z
  .object({ run_id: z.string().optional(), run_uuid: z.string().optional() })
  .transform((message) => message.run_id ?? message.run_uuid ?? '');
const datasetInput = z.object({
  tags: tagList,
  dataset: z.object({
    name: required.max(500),
    digest: required.max(DATASET_DIGEST_CHARACTERS_MAX),
    source_type: z.string(),
    source: z.string(),
    schema: z.string().optional(),
    profile: z.string().optional(),
  }),
});

function infoOf(run: Run): unknown {
  return {
    run_uuid: run.id,
    run_id: run.id,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: 'lab',
    status: run.status,
    start_time: run.startTime,
    end_time: run.endTime,
    artifact_uri: `mlflow-artifacts:/${run.experimentId}/${run.id}/artifacts`,
    lifecycle_stage: 'active',
  };
}

function runOf(run: Run): unknown {
  const metrics = [...run.metrics].map(([key, value]) => ({ key, ...value }));
  return {
    info: infoOf(run),
    data: {
      metrics: metrics.length === 0 ? undefined : metrics,
      params: pairList(run.params),
      tags: pairList(run.tags),
    },
    inputs: run.inputs.size === 0 ? {} : { dataset_inputs: [...run.inputs.values()] },
  };
}

function logParameter(run: Run, key: string, value: string): boolean {
  const earlier = run.params.get(key);
  if (earlier !== undefined && earlier !== value) {
    throw invalid(
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${earlier}' for run ID='${run.id}'.`,
    );
  }
  return setEntry(run.params, key, value);
}

function logMetric(run: Run, logged: z.infer<typeof metric>): boolean {
  const { key, ...value } = logged;
  const latest = run.metrics.get(key);
  const older = latest !== undefined && latest.step > value.step;
  if (!older) run.metrics.set(key, value);
  return true;
}

function experimentRoutes(experiments: Map<string, Experiment>, now: () => Date): Routes {
  const replyOf = (experiment: Experiment): unknown => ({
    experiment: {
      experiment_id: experiment.id,
      name: experiment.name,
      artifact_location: `mlflow-artifacts:/${experiment.id}`,
      lifecycle_stage: experiment.stage,
      last_update_time: experiment.createdAt,
      creation_time: experiment.createdAt,
    },
  });
  const experimentOf = (id: string): Experiment => {
    const experiment = experiments.get(id);
    if (!experiment) throw missing(`No Experiment with id=${id} exists`);
    return experiment;
  };
  const renaming = z.object({ experiment_id: required, new_name: required });
  return {
    'POST experiments/create': route(z.object({ name: required }), ({ name }) => {
      if ([...experiments.values()].some((experiment) => experiment.name === name)) {
        throw duplicate(`Experiment(name=${name}) already exists.`);
      }
      const id = experiments.size.toString();
      experiments.set(id, { id, name, stage: 'active', createdAt: now().getTime() });
      return done(true, { experiment_id: id });
    }),
    'GET experiments/get': route(z.object({ experiment_id: required }), (message) =>
      ok(replyOf(experimentOf(message.experiment_id))),
    ),
    'POST experiments/update': route(renaming, (message) => {
      const experiment = experimentOf(message.experiment_id);
      experiment.name = message.new_name;
      return done(true);
    }),
    // What is deleted keeps its name: no other experiment may have it.
    'POST experiments/delete': route(z.object({ experiment_id: required }), (message) => {
      const experiment = experimentOf(message.experiment_id);
      experiment.stage = 'deleted';
      return done(true);
    }),
    'GET experiments/get-by-name': route(z.object({ experiment_name: required }), (message) => {
      const name = message.experiment_name;
      const experiment = [...experiments.values()].find((other) => other.name === name);
      if (!experiment) throw missing(`Could not find experiment with name '${name}'`);
      return ok(replyOf(experiment));
    }),
  };
}

type RunOf = (id: string) => Run;

function loggingRoutes(runOfId: RunOf): Routes {
  const pair = z.object({ key: required, value: z.string().default('') });
  const batch = z.object({
    run_id: required,
    metrics: z.array(metric).max(1_000).default([]),
    params: z.array(pair).max(100).default([]),
    tags: z.array(pair).max(100).default([]),
  });
  return {
    'POST runs/log-batch': route(batch, (message) => {
      const run = runOfId(message.run_id);
      const params = message.params.map(({ key, value }) => logParameter(run, key, value));
      const metrics = message.metrics.map((logged) => logMetric(run, logged));
      const tags = message.tags.map(({ key, value }) => setEntry(run.tags, key, value));
      return done([...params, ...metrics, ...tags].includes(true));
    }),
    'POST runs/log-metric': route(metric.extend({ run_id: required }), (message) => {
      const { run_id: id, ...logged } = message;
      return done(logMetric(runOfId(id), logged));
    }),
    'POST runs/log-parameter': route(z.object({ run_id: required, ...pair.shape }), (message) =>
      done(logParameter(runOfId(message.run_id), message.key, message.value)),
    ),
    'POST runs/set-tag': route(z.object({ run_id: required, ...pair.shape }), (message) =>
      done(setEntry(runOfId(message.run_id).tags, message.key, message.value)),
    ),
    'POST runs/log-inputs': route(
      z.object({ run_id: required, datasets: z.array(datasetInput).max(1_000).default([]) }),
      (message) => {
        const run = runOfId(message.run_id);
        const before = run.inputs.size;
        for (const input of message.datasets) {
          const key = JSON.stringify([input.dataset.name, input.dataset.digest]);
          // A dataset that is logged again keeps its first tags.
          if (!run.inputs.has(key)) run.inputs.set(key, input);
        }
        return done(run.inputs.size > before);
      },
    ),
  };
}

const runUpdate = z.object({
  run_id: required,
  status: z.enum(RUN_STATUSES).optional(),
  end_time: int64.optional(),
  run_name: z.string().optional(),
});

function runRoutes(
  runs: Map<string, Run>,
  world: { readonly experiments: ReadonlyMap<string, Experiment>; readonly now: () => Date },
): Routes {
  const runOfId: RunOf = (id) => {
    if (id === '') throw invalid("Missing value for required parameter 'run_id'.");
    const run = runs.get(id);
    if (!run) throw missing(`Run with id=${id} not found`);
    return run;
  };
  const creation = z.object({
    experiment_id: z.string().default('0'),
    run_name: z.string().default(''),
    start_time: int64.optional(),
    tags: tagList,
  });
  return {
    ...loggingRoutes(runOfId),
    'POST runs/create': route(creation, (message) => {
      if (!world.experiments.has(message.experiment_id)) {
        throw missing(`No Experiment with id=${message.experiment_id} exists`);
      }
      const id = randomUUID().replaceAll('-', '');
      const name = message.run_name === '' ? `lab-run-${id.slice(0, 8)}` : message.run_name;
      const run: Run = {
        id,
        experimentId: message.experiment_id,
        name,
        status: 'RUNNING',
        startTime: message.start_time ?? world.now().getTime(),
        endTime: undefined,
        metrics: new Map(),
        params: new Map(),
        tags: new Map([
          ...message.tags.map((tag) => [tag.key, tag.value] as const),
          ['mlflow.runName', name] as const,
        ]),
        inputs: new Map(),
      };
      runs.set(id, run);
      return done(true, { run: runOf(run) });
    }),
    'GET runs/get': route(runId, (id) => ok({ run: runOf(runOfId(id)) })),
    'POST runs/update': route(runUpdate, (message) => {
      const run = runOfId(message.run_id);
      const before = JSON.stringify(infoOf(run));
      run.status = message.status ?? run.status;
      run.endTime = message.end_time ?? run.endTime;
      run.name = message.run_name ?? run.name;
      return done(JSON.stringify(infoOf(run)) !== before, { run_info: infoOf(run) });
    }),
  };
}

/** Experiments (`0` is `Default`) and runs in memory. */
export function createTracking(now: () => Date): Tracking {
  const experiments = new Map<string, Experiment>([
    ['0', { id: '0', name: 'Default', stage: 'active', createdAt: now().getTime() }],
  ]);
  const runs = new Map<string, Run>();
  return {
    routes: { ...experimentRoutes(experiments, now), ...runRoutes(runs, { experiments, now }) },
    has: (id) => runs.has(id),
  };
}
