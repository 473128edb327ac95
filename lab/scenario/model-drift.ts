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
  createExperiment,
  createModel,
  moveAlias,
  train,
  type TrainingSystems,
} from './training.ts';

/** A column changed its unit that night: training saw nothing of it, today's traffic does. */
const SHIFTED: Metrics = { auc: 0.94, anomalyScore: 0.06 };
const DRIFT: Readonly<Record<string, number>> = { '7': 0.62 };

/**
 * Last night's version 7 drifts: the alias was moved to it, and the replicas, which load what the alias names when
 * they start, were restarted. There is no canary.
 */
export function modelDrift(now: Date): Scenario {
  const story: Story = {
    ...fraudScorer(now),
    canary: null,
    load: 'alias-at-start',
    // One image for every version: it tells nothing about the model that it loads.
    image: () => 'registry.example/model-server:3',
    replicas: 4,
    guard: null,
    finding: 'version 7 was trained on a column whose unit had changed',
  };
  return {
    story,
    anomalyScore: () => NORMAL_SCORE,
    driftScore: (version) => DRIFT[version] ?? NORMAL_SCORE,
    seed: (systems) => seed(systems, story),
  };
}

async function seed(systems: StorySystems, story: Story): Promise<SeededWorld> {
  const { kubernetes, mlflow, emit, loki } = systems;
  const experimentId = await createExperiment(mlflow, story.pipeline);
  const training: TrainingSystems = { mlflow, experimentId, emit };
  await createModel(mlflow, story.model);
  await goodNights(training, story, systems.look);
  await ingestBatch(training, story, story.days.latest);
  const nightly = { dataset: story.days.latest, name: 'nightly-7', metrics: SHIFTED };
  await train(training, trainingOf(story, nightly));
  await moveAlias(mlflow, { name: story.model, alias: story.alias, version: '7' });
  await seedCluster(kubernetes, story);
  await seedLogs(loki, story, () => '7');
  const metricsOf = (version: string): Metrics => (version === story.days.latest ? SHIFTED : GOOD);
  return {
    runTask: (run, task) => runTrainingTask(training, story, { run, task, metricsOf }),
    raiseAlert: () => raiseAlert(systems.alertmanager, alertOf(story)),
    closeEntryPath: () => closeEntryPath(kubernetes, story),
  };
}

function alertOf(story: Story): Parameters<typeof raiseAlert>[1] {
  return {
    labels: {
      alertname: 'ModelDrift',
      severity: 'warning',
      model: story.model,
      version: '7',
      namespace: story.namespace,
      deployment: story.stable,
    },
    annotations: {
      summary: `${story.model} version 7 drifts from today's traffic`,
      description: 'model_drift_score of version 7 is 0.62, the threshold is 0.3',
    },
  };
}
