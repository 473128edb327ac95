import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { JsonClient } from './json-client.ts';

const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
const MODEL_BYTES = 64 * 1024;

const experimentReply = z.object({ experiment_id: z.string() });
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });
const versionReply = z.object({ model_version: z.object({ version: z.string() }) });

/** One training: what went in, what came out. */
export interface Training {
  readonly model: string;
  readonly dataset: { readonly namespace: string; readonly name: string; readonly version: string };
  readonly auc: number;
  readonly anomalyScore: number;
  /** The pipeline's own run id: how others find the version that it registered. */
  readonly pipelineRun: string;
}

/** A registered version. */
export interface Trained {
  readonly version: string;
  readonly runId: string;
  readonly sha256: string;
  /** Path of the artefact below the artefact proxy. */
  readonly artifact: string;
}

/** Where the model's bytes and records go, and who is told of the lineage. */
export interface TrainingSystems {
  readonly mlflow: JsonClient;
  readonly experimentId: string;
  /** Takes one OpenLineage RunEvent. */
  readonly emit: (event: Json) => Promise<void>;
}

/** Creates the experiment of the lab. */
export async function createExperiment(mlflow: JsonClient, name: string): Promise<string> {
  const reply = await mlflow.send('POST', `${API}/experiments/create`, { body: { name } });
  return experimentReply.parse(reply).experiment_id;
}

/** Creates a registered model without versions. */
export async function createModel(mlflow: JsonClient, name: string): Promise<void> {
  await mlflow.send('POST', `${API}/registered-models/create`, { body: { name } });
}

/** Points an alias at a version. */
export async function moveAlias(
  mlflow: JsonClient,
  target: { readonly name: string; readonly alias: string; readonly version: string },
): Promise<void> {
  await mlflow.send('POST', `${API}/registered-models/alias`, { body: { ...target } });
}

/** The version that an alias names; null when there is none. */
export async function aliasVersion(
  mlflow: JsonClient,
  target: { readonly name: string; readonly alias: string },
): Promise<string | null> {
  const query = new URLSearchParams({ ...target }).toString();
  const reply = await mlflow
    .send('GET', `${API}/registered-models/alias?${query}`)
    .catch(() => null);
  return reply === null ? null : versionReply.parse(reply).model_version.version;
}

/** Bytes that stand for a model's weights: equal for equal training, other for any other. */
function weightsOf(training: Training): Buffer {
  const seed = `${training.model}/${training.dataset.version}/${training.pipelineRun}`;
  const block = createHash('sha512').update(seed).digest();
  return Buffer.concat(Array.from({ length: MODEL_BYTES / block.length }, () => block));
}

/** Trains, stores, registers and tells the lineage: what a pipeline does, through the systems' own APIs. */
export async function train(systems: TrainingSystems, training: Training): Promise<Trained> {
  const { mlflow, experimentId } = systems;
  const started = Date.now();
  const reply = await mlflow.send('POST', `${API}/runs/create`, {
    body: { experiment_id: experimentId, start_time: started, tags: [] },
  });
  const runId = runReply.parse(reply).run.info.run_id;
  const { dataset } = training;
  const metric = (key: string, value: number): Json => ({
    key,
    value,
    timestamp: started,
    step: 0,
  });
  await mlflow.send('POST', `${API}/runs/log-batch`, {
    body: {
      run_id: runId,
      metrics: [metric('auc', training.auc), metric('anomaly_score', training.anomalyScore)],
      params: [{ key: 'dataset_version', value: dataset.version }],
      tags: [],
    },
  });
  await mlflow.send('POST', `${API}/runs/log-inputs`, {
    body: {
      run_id: runId,
      datasets: [
        {
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
          dataset: {
            name: `${dataset.namespace}/${dataset.name}`,
            digest: dataset.version,
            source_type: 'warehouse',
            source: `${dataset.namespace}.${dataset.name}@${dataset.version}`,
          },
        },
      ],
    },
  });
  const bytes = weightsOf(training);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const artifact = `${experimentId}/${runId}/artifacts/model/model.bin`;
  await mlflow.put(`${ARTIFACTS}/${artifact}`, bytes);
  const version = await register(mlflow, { training, experimentId, runId, sha256 });
  await mlflow.send('POST', `${API}/runs/update`, {
    body: { run_id: runId, status: 'FINISHED', end_time: Date.now() },
  });
  await systems.emit(trainingEvent(training, { version, sha256 }));
  return { version, runId, sha256, artifact };
}

async function register(
  mlflow: JsonClient,
  made: {
    readonly training: Training;
    readonly experimentId: string;
    readonly runId: string;
    readonly sha256: string;
  },
): Promise<string> {
  const { training, experimentId, runId, sha256 } = made;
  const reply = await mlflow.send('POST', `${API}/model-versions/create`, {
    body: {
      name: training.model,
      source: `mlflow-artifacts:/${experimentId}/${runId}/artifacts/model`,
      run_id: runId,
      tags: [
        { key: 'sha256', value: sha256 },
        { key: 'firebreak.dev/run', value: training.pipelineRun },
      ],
    },
  });
  return versionReply.parse(reply).model_version.version;
}

/** Overwrites registered bytes in place, as the registry lets anybody do who may write artefacts. */
export async function overwrite(mlflow: JsonClient, artifact: string): Promise<void> {
  await mlflow.put(`${ARTIFACTS}/${artifact}`, Buffer.from('not the bytes that were registered'));
}

const PRODUCER = 'https://example.com/lab-pipeline';
const SCHEMA = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';

/** A dataset of a lineage event, with the version that was read or written. */
export function versioned(namespace: string, name: string, version: string): Json {
  return {
    namespace,
    name,
    facets: {
      version: {
        _producer: PRODUCER,
        _schemaURL: 'https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json',
        datasetVersion: version,
      },
    },
  };
}

/** A finished run that read and wrote these datasets. */
export function completed(job: string, inputs: readonly Json[], outputs: readonly Json[]): Json {
  return {
    eventType: 'COMPLETE',
    eventTime: new Date().toISOString(),
    producer: PRODUCER,
    schemaURL: SCHEMA,
    run: { runId: randomUUID() },
    job: { namespace: 'lab', name: job },
    inputs,
    outputs,
  };
}

function trainingEvent(
  training: Training,
  made: { readonly version: string; readonly sha256: string },
): Json {
  const { dataset, model } = training;
  const output = {
    namespace: 'mlflow://models',
    name: model,
    facets: {
      version: {
        _producer: PRODUCER,
        _schemaURL: 'https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json',
        datasetVersion: made.version,
      },
      firebreak_artifactDigest: {
        _producer: PRODUCER,
        _schemaURL: 'https://example.com/firebreak/ArtifactDigestFacet.json',
        sha256: made.sha256,
      },
    },
  };
  const input = versioned(dataset.namespace, dataset.name, dataset.version);
  return completed(`train-${model}`, [input], [output]);
}
