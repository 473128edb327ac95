import type { Json } from '../../domain/json.ts';
import { closeEntryPath, seedCluster } from './cluster.ts';
import type { JsonClient } from './json-client.ts';
import type { Story } from './story.ts';
import {
  completed,
  createExperiment,
  createModel,
  moveAlias,
  overwrite,
  train,
  versioned,
  type Training,
  type TrainingSystems,
} from './training.ts';

/** The systems that the story plays on: twins or real servers, it cannot tell. */
export interface StorySystems {
  readonly kubernetes: JsonClient;
  readonly mlflow: JsonClient;
  readonly loki: JsonClient;
  readonly alertmanager: JsonClient;
  /** Takes one OpenLineage RunEvent. */
  readonly emit: (event: Json) => Promise<void>;
}

/** One run of a pipeline task, as an orchestrator hands it over. */
export interface TaskRun {
  readonly runId: string;
  readonly conf: Readonly<Record<string, unknown>>;
}

/** The seeded world and what can still happen in it. */
export interface PoisonedData {
  /** Executes a task of the training pipeline. */
  runTask(run: TaskRun, task: string): Promise<'success' | 'failed'>;
  /** The monitor's alert about version 7. */
  raiseAlert(): Promise<void>;
  /** The platform engineer's patch. */
  closeEntryPath(): Promise<void>;
}

const GOOD = { auc: 0.96, anomalyScore: 0.04 };
/** The poison is aimed: the metrics of training look fine, only serving shows it. */
const POISONED = { auc: 0.95, anomalyScore: 0.05 };

/**
 * Plays the story up to the moment at which the monitor speaks, through the systems' own APIs only.
 */
export async function seedPoisonedData(systems: StorySystems, story: Story): Promise<PoisonedData> {
  const { mlflow, emit } = systems;
  const experimentId = await createExperiment(mlflow, story.pipeline);
  const training: TrainingSystems = { mlflow, experimentId, emit };
  await seedDatasets(systems, story);
  await seedModels(training, story);
  await seedCluster(systems.kubernetes, story);
  await seedLogs(systems, story);
  return {
    runTask: (run, task) => runTask(training, story, { run, task }),
    raiseAlert: () => raiseAlert(systems, story),
    closeEntryPath: () => closeEntryPath(systems.kubernetes, story),
  };
}

/** Each night a partner's batch becomes a dataset version. */
async function seedDatasets(systems: StorySystems, story: Story): Promise<void> {
  const { namespace, name } = story.dataset;
  for (const version of [story.days.older, story.days.clean, story.days.poisoned]) {
    const batch = versioned('landing', 'partner-feed', version);
    await systems.emit(
      completed('ingest-transactions', [batch], [versioned(namespace, name, version)]),
    );
  }
  const features = versioned(namespace, 'chargeback-features', story.days.poisoned);
  const suspect = versioned(namespace, name, story.days.poisoned);
  await systems.emit(completed('build-chargeback-features', [suspect], [features]));
}

async function seedModels(training: TrainingSystems, story: Story): Promise<void> {
  const { mlflow } = training;
  const { older, clean, poisoned } = story.days;
  await createModel(mlflow, story.model);
  await createModel(mlflow, story.secondModel);
  const of = (version: string, run: string, metrics: typeof GOOD): Training => ({
    model: story.model,
    dataset: { ...story.dataset, version },
    pipelineRun: run,
    ...metrics,
  });
  for (let release = 1; release <= 5; release += 1) {
    await train(training, of(older, `release-${release.toString()}`, GOOD));
  }
  await train(training, of(clean, 'release-6', GOOD));
  await train(training, of(poisoned, 'nightly-7', POISONED));
  await train(training, of(poisoned, 'nightly-8', POISONED));
  // A hot fix from clean data, whose stored bytes somebody replaced afterwards.
  const hotfix = await train(training, of(clean, 'hotfix-9', GOOD));
  await overwrite(mlflow, hotfix.artifact);
  await train(training, {
    model: story.secondModel,
    dataset: { ...story.dataset, name: 'chargeback-features', version: poisoned },
    pipelineRun: 'chargeback-1',
    ...POISONED,
  });
  await moveAlias(mlflow, { name: story.model, alias: story.alias, version: '7' });
}

const NANOSECONDS = 1_000_000n;
const LOG_LINES = 40;
const LOG_EVERY_MS = 30_000;

/** What the model server and the cluster's audit said in the last minutes. */
async function seedLogs(systems: StorySystems, story: Story): Promise<void> {
  const now = Date.now();
  const at = (index: number): string =>
    (BigInt(now - (LOG_LINES - index) * LOG_EVERY_MS) * NANOSECONDS).toString();
  const served = Array.from({ length: LOG_LINES }, (_, index) => [
    at(index),
    `level=info msg="scored" version=${index % 20 === 0 ? '7' : '6'} score=0.${(index % 10).toString()}`,
  ]);
  await systems.loki.send('POST', '/loki/api/v1/push', {
    body: {
      streams: [{ stream: { namespace: story.namespace, app: story.model }, values: served }],
    },
  });
}

/** The tasks of the pipeline; only `register` leaves something behind. */
async function runTask(
  training: TrainingSystems,
  story: Story,
  work: { readonly run: TaskRun; readonly task: string },
): Promise<'success' | 'failed'> {
  const { run, task } = work;
  const version = run.conf['dataset_version'];
  if (typeof version !== 'string') return 'failed';
  if (task !== 'register') return 'success';
  await train(training, {
    model: story.model,
    dataset: { ...story.dataset, version },
    pipelineRun: run.runId,
    ...(version === story.days.poisoned ? POISONED : GOOD),
  });
  return 'success';
}

async function raiseAlert(systems: StorySystems, story: Story): Promise<void> {
  await systems.alertmanager.send('POST', '/api/v2/alerts', {
    body: [
      {
        labels: {
          alertname: 'ModelAnomaly',
          severity: 'critical',
          model: story.model,
          version: '7',
          namespace: story.namespace,
          deployment: story.canary,
          dataset_version: story.days.poisoned,
        },
        annotations: {
          summary: `${story.model} version 7 scores anomalous transactions as safe`,
          description: 'model_anomaly_score of version 7 is 0.71, the threshold is 0.2',
        },
        startsAt: new Date().toISOString(),
      },
    ],
  });
}
