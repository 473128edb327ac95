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
import type { TaskRun } from './scenario/pipeline.ts';
import type { Scenario, SeededWorld } from './scenario/scenario.ts';
import { SCENARIOS, type ScenarioName } from './scenario/scenarios.ts';
import { TRAINING_TASKS, type Story } from './scenario/story.ts';
import { aliasVersion } from './scenario/training.ts';
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

/** Every twin of the lab, and the story that is told on them. */
export interface Lab extends LabTwins {
  readonly story: Story;
  /** Begins the story, once the webhook and the lineage endpoint are known. */
  begin(firebreak: FirebreakEndpoints): Promise<SeededWorld>;
  close(): Promise<void>;
}

/** Where the lab's monitor and pipelines reach Firebreak. */
export interface FirebreakEndpoints {
  readonly alerts: { readonly url: string; readonly token: string };
  readonly emit: (event: Json) => Promise<void>;
}

const SCRAPE_MS = 200;

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
  urls: { readonly kubernetes: string; readonly mlflow: string },
  scenario: Scenario,
  open: OpenTwins,
): Promise<Pick<LabTwins, 'serving' | 'prometheus'>> {
  const { story } = scenario;
  const mlflow = createJsonClient(urls.mlflow);
  const serving = open.keep(
    await createServingSimulator({
      kubernetesUrl: urls.kubernetes,
      services: [{ namespace: story.namespace, name: story.service, model: story.model }],
      resolveAlias: (name, alias) => aliasVersion(mlflow, { name, alias }),
      anomalyScore: (_model, version) => scenario.anomalyScore(version),
      driftScore: (_model, version) => scenario.driftScore(version),
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
  scenario: Scenario,
  twins: Pick<LabTwins, 'kubernetes' | 'mlflow' | 'loki'>,
  telling: { readonly firebreak: FirebreakEndpoints; readonly open: OpenTwins },
): Promise<SeededWorld> {
  const { alerts, emit } = telling.firebreak;
  const alertmanager = telling.open.keep(
    await createAlertmanagerTwin({
      receivers: [{ url: alerts.url, bearerToken: alerts.token }],
      groupWaitMs: 50,
      groupIntervalMs: 1_000,
    }),
  );
  return scenario.seed({
    kubernetes: createJsonClient(twins.kubernetes.url),
    mlflow: createJsonClient(twins.mlflow.url),
    loki: createJsonClient(twins.loki.url),
    alertmanager: createJsonClient(alertmanager.url),
    emit,
  });
}

async function openLab(scenario: Scenario, open: OpenTwins): Promise<Lab> {
  const { story } = scenario;
  let data: SeededWorld | null = null;
  const runner = async (run: TaskRun, task: string): Promise<'success' | 'failed'> =>
    data === null ? 'failed' : data.runTask(run, task);
  const loki = open.keep(await createLokiTwin());
  const audit = createAuditShipper(loki.url);
  const kubernetes = open.keep(await createKubernetesTwin({ onAudit: audit.ship }));
  const mlflow = open.keep(await createMlflowTwin());
  const airflow = open.keep(await createAirflowTwin({ dags: [trainingDag(story)], runner }));
  const { serving, prometheus } = await startServing(
    { kubernetes: kubernetes.url, mlflow: mlflow.url },
    scenario,
    open,
  );
  const slack = open.keep(await createSlackTwin());
  const mail = open.keep(await createMailTwin());
  const twins: LabTwins = { kubernetes, mlflow, airflow, prometheus, loki, slack, mail, serving };
  return {
    ...twins,
    story,
    begin: async (firebreak) => {
      data = await beginStory(scenario, twins, { firebreak, open });
      return data;
    },
    close: async () => {
      await audit.drained();
      await open.close();
    },
  };
}

/**
 * Starts all twins on free ports of 127.0.0.1 for one story, one of the lab's own by its name. When one twin does not
 * start, none is left running.
 */
export async function startLab(
  told: ScenarioName | Scenario,
  now: Date = new Date(),
): Promise<Lab> {
  const open = createOpenTwins();
  try {
    return await openLab(typeof told === 'string' ? SCENARIOS[told](now) : told, open);
  } catch (error) {
    await open.close();
    throw error;
  }
}
