import { join } from 'node:path';
import { z } from 'zod';
import { api } from '../api/client.ts';
import { createKubernetesTwin } from '../lab/kubernetes/twin.ts';
import { createMlflowTwin, type MlflowTwin } from '../lab/mlflow/twin.ts';
import { createJsonClient, type JsonClient } from '../lab/scenario/json-client.ts';
import { completed, versioned } from '../lab/scenario/training.ts';
import { install, startFirebreak, type RunningFirebreak } from './firebreak.ts';
import { cpuSeconds } from './machine.ts';
import type { Figures } from './rows.ts';
import { quantile } from './statistics.ts';

const MODELS = 500;
const VERSIONS_EACH = 20;
const SERVING = 1_000;
const AT_ONCE = 16;
const FILE_BYTES = 4_096;
/** The scheduled look's interval as it ships, in seconds. */
const EVERY_SECONDS = 300;
/** Looks until everything was read once. */
const LOOKS_MAX = 100;
/** Looks at a world that does not change. */
const STEADY_LOOKS = 5;
const NAMESPACE = 'ml';
const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts/';

const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

/** Runs so many pieces of work side by side. */
async function sideBySide(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function seedModel(mlflow: JsonClient, name: string): Promise<void> {
  await mlflow.send('POST', `${API}/registered-models/create`, { body: { name } });
  for (let version = 1; version <= VERSIONS_EACH; version += 1) {
    const made = await mlflow.send('POST', `${API}/runs/create`, { body: { experiment_id: '0' } });
    const runId = runReply.parse(made).run.info.run_id;
    const folder = `0/${runId}/artifacts/model`;
    await mlflow.put(`${ARTIFACTS}${folder}/model.bin`, Buffer.alloc(FILE_BYTES, runId));
    const source = `mlflow-artifacts:/${folder}`;
    await mlflow.send('POST', `${API}/model-versions/create`, {
      body: { name, source, run_id: runId, tags: [] },
    });
    await mlflow.send('POST', `${API}/runs/update`, {
      body: { run_id: runId, status: 'FINISHED' },
    });
  }
  const alias = { name, alias: 'champion', version: VERSIONS_EACH.toString() };
  await mlflow.send('POST', `${API}/registered-models/alias`, { body: alias });
}

function modelOf(index: number): string {
  return `model-${(index % MODELS).toString()}`;
}

function deploymentOf(index: number) {
  const name = `server-${index.toString()}`;
  const value = `models:/${modelOf(index)}/${VERSIONS_EACH.toString()}`;
  const containers = [
    { name: 'server', image: 'registry.example/server:1', env: [{ name: 'MODEL_URI', value }] },
  ];
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
    },
  };
}

/** A registry of 10,000 versions and a cluster of 1,000 serving objects, each a twin in this process. */
async function startSyncWorld() {
  const mlflow = await createMlflowTwin();
  // Controllers that look after each of a thousand writes are slow: they run once, at the end.
  const kubernetes = await createKubernetesTwin({
    namespaces: [NAMESPACE],
    controllerDelayMs: 3_600_000,
  });
  const [registry, cluster] = [createJsonClient(mlflow.url), createJsonClient(kubernetes.url)];
  await sideBySide(MODELS, (index) => seedModel(registry, modelOf(index)));
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
  await sideBySide(SERVING, async (index) => {
    await cluster.send('POST', path, { body: deploymentOf(index) });
  });
  kubernetes.settle();
  return { mlflow, kubernetes };
}

/** Without lineage of what is served the sync would tell of a gap for each. */
async function tellLineage({ client }: RunningFirebreak): Promise<void> {
  await sideBySide(MODELS, async (index) => {
    const output = versioned('mlflow://models', modelOf(index), VERSIONS_EACH.toString());
    const event = completed('train', [versioned('warehouse', 'data', '1')], [output]);
    await client.sendLineage(JSON.stringify(event));
  });
}

/** Paths of stored files that were read since a place in the ledger. */
function filesRead({ ledger }: MlflowTwin, since = 0): readonly string[] {
  return ledger
    .slice(since)
    .filter(({ method, path }) => method === 'GET' && path.startsWith(ARTIFACTS))
    .map(({ path }) => path);
}

/** Runs that were asked what went into them. */
function runsRead({ ledger }: MlflowTwin): number {
  return new Set(
    ledger.filter(({ path }) => path.startsWith(`${API}/runs/get?`)).map(({ path }) => path),
  ).size;
}

async function look({ client }: RunningFirebreak): Promise<void> {
  const { problems } = await client.call(api.sync.round, {});
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** Looks until every artefact was read and every run was asked for its inputs; seconds that this took. */
async function lookAtAll(firebreak: RunningFirebreak, mlflow: MlflowTwin): Promise<number> {
  const begun = performance.now();
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    await look(firebreak);
    const [files, runs] = [new Set(filesRead(mlflow)).size, runsRead(mlflow)];
    if (files === MODELS * VERSIONS_EACH && runs === MODELS * VERSIONS_EACH) {
      return (performance.now() - begun) / 1000;
    }
  }
  throw new Error('The sync did not read everything.');
}

/** What each of some looks at an unchanged world costs: the share of one core at the interval as it ships, in percent. */
async function steadyPercents(firebreak: RunningFirebreak): Promise<readonly number[]> {
  const percents: number[] = [];
  for (let looks = 0; looks < STEADY_LOOKS; looks += 1) {
    const before = cpuSeconds(firebreak.pid);
    await look(firebreak);
    percents.push(((cpuSeconds(firebreak.pid) - before) / EVERY_SECONDS) * 100);
  }
  return percents;
}

/** Measures the look at 10,000 versions and 1,000 serving objects, by a Firebreak of its own. */
export async function syncFigures(folder: string, program: string): Promise<Figures> {
  const { mlflow, kubernetes } = await startSyncWorld();
  const instance = (name: string, config: object): object => ({ name, connector: name, config });
  const configuration = JSON.stringify({
    instances: [
      instance('mlflow', { url: mlflow.url }),
      instance('kubernetes', { server: kubernetes.url }),
    ],
    people: [],
  });
  const installation = await install(join(folder, 'sync'), program, configuration);
  const firebreak = await startFirebreak(installation, null);
  try {
    await tellLineage(firebreak);
    const fullSeconds = await lookAtAll(firebreak, mlflow);
    const place = mlflow.ledger.length;
    const percents = await steadyPercents(firebreak);
    return {
      'sync.fullSeconds': fullSeconds,
      'sync.steadyPercent': quantile(percents, 0.5),
      'sync.steadyMean': percents.reduce((sum, one) => sum + one, 0) / STEADY_LOOKS,
      'sync.steadyLargest': Math.max(...percents),
      'sync.readAgain': filesRead(mlflow).length - MODELS * VERSIONS_EACH,
      'sync.steadyRequests': (mlflow.ledger.length - place) / STEADY_LOOKS,
    };
  } finally {
    await firebreak.stop();
    await kubernetes.close();
    await mlflow.close();
  }
}
