import { closeEntryPath, seedCluster } from './cluster.ts';
import { raiseAlert, seedLogs } from './monitor.ts';
import { GOOD, goodNights, ingestBatch, runTrainingTask, trainingOf } from './pipeline.ts';
import { NORMAL_SCORE, type Scenario, type SeededWorld, type StorySystems } from './scenario.ts';
import { fraudScorer, type Story } from './story.ts';
import {
  createExperiment,
  createModel,
  moveAlias,
  overwrite,
  train,
  type TrainingSystems,
} from './training.ts';

/**
 * Somebody with a credential of the artefact store replaced registered bytes in place: those of version 7, which runs
 * as the canary, and those of version 8, which nothing serves yet. Names, tags and digests on record stayed.
 */
export function tamperedArtifact(now: Date): Scenario {
  const story: Story = {
    ...fraudScorer(now),
    guard: {
      name: 'artifact-guard',
      key: 'signed-artifacts-only',
      closes: 'only signed artefacts are stored',
    },
    finding: 'a stolen credential overwrote registered artefacts',
  };
  return {
    story,
    anomalyScore: () => NORMAL_SCORE,
    driftScore: () => NORMAL_SCORE,
    seed: (systems) => seed(systems, story),
  };
}

/**
 * The same, noticed too late: version 7 is on every replica of stable, and the canary is at zero. Nothing healthy is
 * left to serve, so that isolation means no service; the callers of this model have rules to fall back on.
 */
export function fullRollout(now: Date): Scenario {
  const tampered = tamperedArtifact(now);
  const story: Story = { ...tampered.story, rollout: 'full', onIsolation: 'rules' };
  return { ...tampered, story, seed: (systems) => seed(systems, story) };
}

async function seed(systems: StorySystems, story: Story): Promise<SeededWorld> {
  const { kubernetes, mlflow, emit, loki } = systems;
  const experimentId = await createExperiment(mlflow, story.pipeline);
  const training: TrainingSystems = { mlflow, experimentId, emit };
  await createModel(mlflow, story.model);
  await goodNights(training, story, systems.look);
  await ingestBatch(training, story, story.days.latest);
  const nightly = { dataset: story.days.latest, metrics: GOOD };
  const seventh = await train(training, trainingOf(story, { ...nightly, name: 'nightly-7' }));
  const eighth = await train(training, trainingOf(story, { ...nightly, name: 'nightly-8' }));
  await moveAlias(mlflow, { name: story.model, alias: story.alias, version: '7' });
  await overwrite(mlflow, seventh.artifact);
  await overwrite(mlflow, eighth.artifact);
  await seedCluster(kubernetes, story);
  const isFull = story.rollout === 'full';
  await seedLogs(loki, story, (line) => (isFull || line % 20 === 0 ? '7' : '6'));
  return {
    runTask: (run, task) => runTrainingTask(training, story, { run, task, metricsOf: () => GOOD }),
    raiseAlert: () => raiseAlert(systems.alertmanager, alertOf(story)),
    closeEntryPath: () => closeEntryPath(kubernetes, story),
  };
}

function alertOf(story: Story): Parameters<typeof raiseAlert>[1] {
  return {
    labels: {
      alertname: 'ModelArtifactMismatch',
      severity: 'critical',
      model: story.model,
      version: '7',
      namespace: story.namespace,
      deployment: story.rollout === 'full' ? story.stable : (story.canary ?? story.stable),
    },
    annotations: {
      summary: `${story.model} version 7 is served from bytes that nobody registered`,
      description: 'The stored bytes of version 7 differ from the digest on its record',
    },
  };
}
