import { closeEntryPath, seedCluster } from './cluster.ts';
import { raiseAlert, seedLogs } from './monitor.ts';
import {
  GOOD,
  goodNights,
  ingestBatch,
  runTrainingTask,
  trainingOf,
  type Metrics,
} from './pipeline.ts';
import { NORMAL_SCORE, type Scenario, type SeededWorld, type StorySystems } from './scenario.ts';
import { fraudScorer, type Story } from './story.ts';
import {
  completed,
  createExperiment,
  createModel,
  moveAlias,
  overwrite,
  train,
  versioned,
  type TrainingSystems,
} from './training.ts';

/** The poison is aimed: the metrics of training look fine, only serving shows it. */
const POISONED: Metrics = { auc: 0.95, anomalyScore: 0.05 };
/** What each version's served answers look like to the monitor. */
const ANOMALY: Readonly<Record<string, number>> = { '7': 0.71, '8': 0.69 };

/**
 * Last night's batch of a partner was poisoned: version 7, trained on it, runs as the canary. `names` tells the same
 * story of another model.
 */
export function poisonedData(now: Date, names: Partial<Story> = {}): Scenario {
  const story: Story = {
    ...fraudScorer(now),
    ...names,
    guard: {
      name: 'ingest-guard',
      key: 'signed-batches-only',
      closes: 'only signed batches come in',
    },
    finding: 'a poisoned batch reached training',
  };
  return {
    story,
    anomalyScore: (version) => ANOMALY[version] ?? NORMAL_SCORE,
    driftScore: () => NORMAL_SCORE,
    seed: (systems) => seed(systems, story),
  };
}

async function seed(systems: StorySystems, story: Story): Promise<SeededWorld> {
  const { kubernetes, mlflow, emit, loki } = systems;
  const experimentId = await createExperiment(mlflow, story.pipeline);
  const training: TrainingSystems = { mlflow, experimentId, emit };
  await createModel(mlflow, story.model);
  await createModel(mlflow, story.secondModel);
  await goodNights(training, story, systems.look);
  await ingestBatch(training, story, story.days.latest);
  await deriveFeatures(training, story);
  await badNight(training, story);
  await seedCluster(kubernetes, story);
  await seedLogs(loki, story, (line) => (line % 20 === 0 ? '7' : '6'));
  const metricsOf = (version: string): Metrics => (version === story.days.latest ? POISONED : GOOD);
  return {
    runTask: (run, task) => runTrainingTask(training, story, { run, task, metricsOf }),
    raiseAlert: () => raiseAlert(systems.alertmanager, alertOf(story)),
    closeEntryPath: () => closeEntryPath(kubernetes, story),
  };
}

/** The second model is trained on what is made from the batch. */
async function deriveFeatures({ emit }: TrainingSystems, story: Story): Promise<void> {
  const { namespace, name } = story.dataset;
  const features = versioned(namespace, 'chargeback-features', story.days.latest);
  const suspect = versioned(namespace, name, story.days.latest);
  await emit(completed('build-chargeback-features', [suspect], [features]));
}

/** What the poisoned batch became, and what else happened to the registry that night. */
async function badNight(training: TrainingSystems, story: Story): Promise<void> {
  const { mlflow } = training;
  const { clean, latest } = story.days;
  const poisoned = { dataset: latest, metrics: POISONED };
  await train(training, trainingOf(story, { ...poisoned, name: 'nightly-7' }));
  await train(training, trainingOf(story, { ...poisoned, name: 'nightly-8' }));
  // A hot fix from clean data, whose stored bytes somebody replaced afterwards.
  const hotfix = trainingOf(story, { dataset: clean, name: 'hotfix-9', metrics: GOOD });
  await overwrite(mlflow, (await train(training, hotfix)).artifact);
  await train(training, {
    model: story.secondModel,
    dataset: { ...story.dataset, name: 'chargeback-features', version: latest },
    pipelineRun: 'chargeback-1',
    ...POISONED,
  });
  await moveAlias(mlflow, { name: story.model, alias: story.alias, version: '7' });
}

function alertOf(story: Story): Parameters<typeof raiseAlert>[1] {
  return {
    labels: {
      alertname: 'ModelAnomaly',
      severity: 'critical',
      model: story.model,
      version: '7',
      namespace: story.namespace,
      deployment: story.canary ?? story.stable,
      dataset_version: story.days.latest,
    },
    annotations: {
      summary: `${story.model} version 7 scores anomalous transactions as safe`,
      description: 'model_anomaly_score of version 7 is 0.71, the threshold is 0.2',
    },
  };
}
