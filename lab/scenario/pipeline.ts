import type { Story } from './story.ts';
import {
  completed,
  moveAlias,
  train,
  versioned,
  type Training,
  type TrainingSystems,
} from './training.ts';

/** One run of a pipeline task, as an orchestrator hands it over. */
export interface TaskRun {
  readonly runId: string;
  readonly conf: Readonly<Record<string, unknown>>;
}

/** What a training's own evaluation says. */
export type Metrics = Pick<Training, 'auc' | 'anomalyScore'>;

/** The metrics of a training that went well. */
export const GOOD: Metrics = { auc: 0.96, anomalyScore: 0.04 };

/** A training of the story's model. */
export function trainingOf(
  story: Story,
  run: { readonly dataset: string; readonly name: string; readonly metrics: Metrics },
): Training {
  return {
    model: story.model,
    dataset: { ...story.dataset, version: run.dataset },
    pipelineRun: run.name,
    ...run.metrics,
  };
}

/** A night in which a partner's batch becomes a dataset version. */
export async function ingestBatch(
  training: TrainingSystems,
  story: Story,
  version: string,
): Promise<void> {
  const { namespace, name } = story.dataset;
  const batch = versioned('landing', 'partner-feed', version);
  const dataset = versioned(namespace, name, version);
  await training.emit(completed('ingest-transactions', [batch], [dataset]));
}

/** Everything up to the last good night, and the look that somebody had at it. */
export async function goodNights(
  training: TrainingSystems,
  story: Story,
  look: () => Promise<void>,
): Promise<void> {
  for (const version of [story.days.older, story.days.clean]) {
    await ingestBatch(training, story, version);
  }
  await trainCleanReleases(training, story);
  await moveAlias(training.mlflow, { name: story.model, alias: story.alias, version: '6' });
  await look();
}

/** Trains, in order, the versions 1 to 6: five from the older night, the sixth from the clean one. */
async function trainCleanReleases(training: TrainingSystems, story: Story): Promise<void> {
  const { older, clean } = story.days;
  for (const [index, dataset] of [older, older, older, older, older, clean].entries()) {
    const name = `release-${(index + 1).toString()}`;
    await train(training, trainingOf(story, { dataset, name, metrics: GOOD }));
  }
}

/** The tasks of the training pipeline; only `register` leaves something behind. */
export async function runTrainingTask(
  training: TrainingSystems,
  story: Story,
  work: {
    readonly run: TaskRun;
    readonly task: string;
    readonly metricsOf: (datasetVersion: string) => Metrics;
  },
): Promise<'success' | 'failed'> {
  const { run, task, metricsOf } = work;
  const dataset = run.conf['dataset_version'];
  if (typeof dataset !== 'string') return 'failed';
  if (task !== 'register') return 'success';
  const metrics = metricsOf(dataset);
  await train(training, trainingOf(story, { dataset, name: run.runId, metrics }));
  return 'success';
}
