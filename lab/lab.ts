import type { Json } from '../domain/json.ts';
import { createAirflowTwin, type AirflowTwin } from './airflow/twin.ts';
import type { DeclaredDag } from './airflow/world.ts';
import { createAlertmanagerTwin } from './alertmanager/twin.ts';
import { createAuditShipper } from './audit-shipper.ts';
import { createKubernetesTwin, type KubernetesTwin } from './kubernetes/twin.ts';
import { createLokiTwin, type LokiTwin } from './loki/twin.ts';
import { createMailTwin, type MailTwin } from './mail/twin.ts';
import { createMlflowTwin, type MlflowTwin } from './mlflow/twin.ts';
import { createOpenTwins, type OpenTwins } from './open-twins.ts';
import { createPrometheusTwin, type PrometheusTwin } from './prometheus/twin.ts';
import { createJsonClient } from './scenario/json-client.ts';
import { seedPoisonedData, type PoisonedData, type TaskRun } from './scenario/poisoned-data.ts';
import { storyOf, TRAINING_TASKS, type Story } from './scenario/story.ts';
import { createServingSimulator, type ServingSimulator } from './serving/simulator.ts';
import { createSlackTwin, type SlackTwin } from './slack/twin.ts';

/** The twins that are up before the story begins. */
interface LabTwins {
  readonly kubernetes: KubernetesTwin;
  readonly mlflow: MlflowTwin;
  readonly airflow: AirflowTwin;
  readonly prometheus: PrometheusTwin;
  readonly loki: LokiTwin;
  readonly slack: SlackTwin;
  readonly mail: MailTwin;
  readonly serving: ServingSimulator;
}

/** Every twin of the lab, seeded with the story of the poisoned batch. */
export interface Lab extends LabTwins {
  readonly story: Story;
  /** Begins the story, once the webhook and the lineage endpoint are known. */
  begin(firebreak: FirebreakEndpoints): Promise<PoisonedData>;
  close(): Promise<void>;
}

/** Where the lab's monitor and pipelines reach Firebreak. */
export interface FirebreakEndpoints {
  readonly alerts: { readonly url: string; readonly token: string };
  readonly emit: (event: Json) => Promise<void>;
}

const SCRAPE_MS = 200;
/** What each version's served answers look like to the monitor. */
const ANOMALY: Readonly<Record<string, number>> = { '7': 0.71, '8': 0.69 };
const NORMAL_ANOMALY = 0.04;

function trainingDag(story: Story): DeclaredDag {
  return {
    id: story.pipeline,
    tasks: TRAINING_TASKS.map((id, index) => {
      const next = TRAINING_TASKS[index + 1];
      return { id, downstream: next === undefined ? [] : [next] };
    }),
  };
}

/** The model servers of the cluster, and the monitor that scrapes them. */
async function startServing(
  kubernetesUrl: string,
  story: Story,
  open: OpenTwins,
): Promise<Pick<LabTwins, 'serving' | 'prometheus'>> {
  const serving = open.keep(
    await createServingSimulator({
      kubernetesUrl,
      services: [{ namespace: story.namespace, name: story.service, model: story.model }],
      anomalyScore: (_model, version) => ANOMALY[version] ?? NORMAL_ANOMALY,
    }),
  );
  const prometheus = open.keep(
    await createPrometheusTwin({
      targets: [{ url: `${serving.url}/metrics`, job: 'serving' }],
      scrapeIntervalMs: SCRAPE_MS,
    }),
  );
  return { serving, prometheus };
}

/** Tells the story: an Alertmanager of its own raises the alert, the other twins get their world. */
async function beginStory(
  story: Story,
  twins: Pick<LabTwins, 'kubernetes' | 'mlflow' | 'loki'>,
  telling: { readonly firebreak: FirebreakEndpoints; readonly open: OpenTwins },
): Promise<PoisonedData> {
  const { alerts, emit } = telling.firebreak;
  const alertmanager = telling.open.keep(
    await createAlertmanagerTwin({
      receivers: [{ url: alerts.url, bearerToken: alerts.token }],
      groupWaitMs: 50,
      groupIntervalMs: 1_000,
    }),
  );
  return seedPoisonedData(
    {
      kubernetes: createJsonClient(twins.kubernetes.url),
      mlflow: createJsonClient(twins.mlflow.url),
      loki: createJsonClient(twins.loki.url),
      alertmanager: createJsonClient(alertmanager.url),
      emit,
    },
    story,
  );
}

async function openLab(story: Story, open: OpenTwins): Promise<Lab> {
  let data: PoisonedData | null = null;
  const runner = async (run: TaskRun, task: string): Promise<'success' | 'failed'> =>
    data === null ? 'failed' : data.runTask(run, task);
  const loki = open.keep(await createLokiTwin());
  const audit = createAuditShipper(loki.url);
  const kubernetes = open.keep(await createKubernetesTwin({ onAudit: audit.ship }));
  const mlflow = open.keep(await createMlflowTwin());
  const airflow = open.keep(await createAirflowTwin({ dags: [trainingDag(story)], runner }));
  const { serving, prometheus } = await startServing(kubernetes.url, story, open);
  const slack = open.keep(await createSlackTwin());
  const mail = open.keep(await createMailTwin());
  const twins: LabTwins = { kubernetes, mlflow, airflow, prometheus, loki, slack, mail, serving };
  return {
    ...twins,
    story,
    begin: async (firebreak) => {
      data = await beginStory(story, twins, { firebreak, open });
      return data;
    },
    close: async () => {
      await audit.drained();
      await open.close();
    },
  };
}

/** Starts all twins on free ports of 127.0.0.1. When one does not start, none is left running. */
export async function startLab(now: Date = new Date()): Promise<Lab> {
  const open = createOpenTwins();
  try {
    return await openLab(storyOf(now), open);
  } catch (error) {
    await open.close();
    throw error;
  }
}
