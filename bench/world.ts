import { createAirflowTwin } from '../lab/airflow/twin.ts';
import { createAuditShipper } from '../lab/audit-shipper.ts';
import { createFaultPlan, type FaultPlan } from '../lab/fault.ts';
import { createKubernetesTwin } from '../lab/kubernetes/twin.ts';
import { createLokiTwin } from '../lab/loki/twin.ts';
import { createMlflowTwin } from '../lab/mlflow/twin.ts';
import { createOpenTwins } from '../lab/open-twins.ts';
import { createPrometheusTwin } from '../lab/prometheus/twin.ts';
import { createJsonClient } from '../lab/scenario/json-client.ts';
import { poisonedData } from '../lab/scenario/poisoned-data.ts';
import type { Scenario, StorySystems } from '../lab/scenario/scenario.ts';
import { TRAINING_TASKS } from '../lab/scenario/story.ts';
import { createServingSimulator } from '../lab/serving/simulator.ts';
import { createMarks, type Marks } from './marks.ts';
import { STEPS } from './load.ts';

/** How often the monitor of the benchmark scrapes: its probes can see a change no sooner. */
export const SCRAPE_MS = 50;
const SET_TAG = '/api/2.0/mlflow/model-versions/set-tag';
const MODELS_AT_ONCE = 16;

/** Where the twins are. */
export interface WorldUrls {
  readonly kubernetes: string;
  readonly mlflow: string;
  readonly airflow: string;
  readonly prometheus: string;
  readonly loki: string;
}

/** The twins of the benchmark, in this process, and what they saw of Firebreak. */
export interface World {
  readonly urls: WorldUrls;
  /** Calls by model: one kind for each version that was tagged. */
  readonly marks: Marks;
  /** The poisoned-data stories, each of a model and a namespace of its own. */
  readonly stories: readonly Scenario[];
  /** Brings registry and cluster to where the alerts begin. */
  seed(models: readonly string[], emit: StorySystems['emit']): Promise<void>;
  /** Only this story is served and scraped from now on; null: none. */
  serve(story: Scenario['story'] | null): void;
  close(): Promise<void>;
}

/** A fault plan that never harms: it notes the moment of each tag. */
function watcher(marks: Marks): FaultPlan {
  return {
    ...createFaultPlan(),
    next: ({ path, body }) => {
      if (path === SET_TAG) {
        const tag: unknown = JSON.parse(body);
        if (typeof tag === 'object' && tag !== null && 'name' in tag && 'version' in tag) {
          marks.note(String(tag.name), String(tag.version));
        }
      }
      return undefined;
    },
  };
}

const READ_VERBS: readonly unknown[] = ['get', 'list', 'watch'];

function isWrite(event: Readonly<Record<string, unknown>>): boolean {
  return !READ_VERBS.includes(event['verb']);
}

/** The stories of the benchmark: the one of the demo, told of many models. */
function storiesOf(count: number, now: Date): readonly Scenario[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `scorer-${(index + 1).toString()}`;
    return poisonedData(now, {
      model: name,
      secondModel: `${name}-ranker`,
      namespace: name,
      pipeline: `${name}-training`,
      dataset: { namespace: 'warehouse', name },
      image: (version) => `registry.example/${name}:${version}`,
    });
  });
}

async function seedModel(mlflow: StorySystems['mlflow'], name: string): Promise<void> {
  const api = '/api/2.0/mlflow';
  await mlflow.send('POST', `${api}/registered-models/create`, { body: { name } });
  for (let version = 1; version <= STEPS; version += 1) {
    const source = `s3://models/${name}/${version.toString()}`;
    await mlflow.send('POST', `${api}/model-versions/create`, { body: { name, source } });
  }
}

/** Starts the twins that the playbooks of the benchmark talk to. When one does not start, none is left running. */
export async function startWorld(storyCount: number): Promise<World> {
  const open = createOpenTwins();
  try {
    return await openWorld(storyCount, open);
  } catch (error) {
    await open.close();
    throw error;
  }
}

type Served = { namespace: string; name: string; model: string }[];

async function startTwins(
  { stories, marks, served }: Pick<World, 'stories' | 'marks'> & { readonly served: Served },
  open: ReturnType<typeof createOpenTwins>,
) {
  const loki = open.keep(await createLokiTwin());
  const audit = createAuditShipper(loki.url);
  open.keep({ close: () => audit.drained() });
  const kubernetes = open.keep(
    await createKubernetesTwin({
      onAudit: (event) => {
        // The log begins with the story that is told, and holds writes only: the simulator of the served models reads
        // the cluster, which no real one does.
        if (served.length > 0 && isWrite(event)) audit.ship(event);
      },
    }),
  );
  const mlflow = open.keep(await createMlflowTwin({ faults: watcher(marks) }));
  const dags = stories.map(({ story }) => ({
    id: story.pipeline,
    tasks: TRAINING_TASKS.map((id) => ({ id, downstream: [] })),
  }));
  const airflow = open.keep(await createAirflowTwin({ dags }));
  const [first] = stories;
  const serving = open.keep(
    await createServingSimulator({
      kubernetes: createJsonClient(kubernetes.url),
      clusterVersion: () => kubernetes.version(),
      services: served,
      anomalyScore: (_model, version) => first?.anomalyScore(version) ?? 0,
      driftScore: () => 0,
    }),
  );
  const prometheus = open.keep(
    await createPrometheusTwin({
      targets: [{ url: `${serving.url}/metrics`, job: 'serving' }],
      scrapeIntervalMs: SCRAPE_MS,
    }),
  );
  return { kubernetes, mlflow, airflow, prometheus, loki };
}

async function openWorld(
  storyCount: number,
  open: ReturnType<typeof createOpenTwins>,
): Promise<World> {
  const stories = storiesOf(storyCount, new Date());
  const marks = createMarks();
  const served: Served = [];
  const twins = await startTwins({ stories, marks, served }, open);
  const { kubernetes, mlflow, airflow, prometheus, loki } = twins;
  const clients = {
    kubernetes: createJsonClient(kubernetes.url),
    mlflow: createJsonClient(mlflow.url),
    loki: createJsonClient(loki.url),
  };
  return {
    urls: {
      kubernetes: kubernetes.url,
      mlflow: mlflow.url,
      airflow: airflow.url,
      prometheus: prometheus.url,
      loki: loki.url,
    },
    marks,
    stories,
    seed: async (models, emit) => {
      const left = [...models];
      const lane = async (): Promise<void> => {
        for (let name = left.shift(); name !== undefined; name = left.shift()) {
          await seedModel(clients.mlflow, name);
        }
      };
      await Promise.all(Array.from({ length: MODELS_AT_ONCE }, lane));
      // Nobody's monitor speaks: the benchmark sends the alerts itself.
      const look = (): Promise<void> => Promise.resolve();
      const systems = { ...clients, alertmanager: clients.loki, emit, look };
      for (const story of stories) await story.seed(systems);
    },
    serve: (story) => {
      served.splice(0, served.length);
      if (story === null) return;
      served.push({ namespace: story.namespace, name: story.service, model: story.model });
    },
    close: () => open.close(),
  };
}
