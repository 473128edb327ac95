import type { Json, JsonObject } from '../domain/json.ts';
import { createAirflowTwin, type AirflowTwin } from './airflow/twin.ts';
import type { DeclaredDag } from './airflow/world.ts';
import { createAlertmanagerTwin } from './alertmanager/twin.ts';
import { createAuditShipper } from './audit-shipper.ts';
import type { AccessOptions } from './kubernetes/access.ts';
import { createKubernetesTwin, type KubernetesTwin } from './kubernetes/twin.ts';
import { createLokiTwin, type LokiTwin } from './loki/twin.ts';
import { createMailTwin, type MailTwin } from './mail/twin.ts';
import { createMlflowTwin, type MlflowTwin } from './mlflow/twin.ts';
import { createOpenTwins, type OpenTwins } from './open-twins.ts';
import { createPrometheusTwin, type PrometheusTwin } from './prometheus/twin.ts';
import { createJsonClient, type JsonClient } from './scenario/json-client.ts';
import type { TaskRun } from './scenario/pipeline.ts';
import type { Scenario, SeededWorld } from './scenario/scenario.ts';
import { SCENARIOS, type ScenarioName } from './scenario/scenarios.ts';
import { TRAINING_TASKS, type Story } from './scenario/story.ts';
import { aliasVersion } from './scenario/training.ts';
import { createServingSimulator, type ServingSimulator } from './serving/simulator.ts';
import { createSlackTwin, type SlackTwin } from './slack/twin.ts';

/** Where a story plays: how the lab reaches a system, and what the system's connector is told. */
export interface Place {
  readonly client: JsonClient;
  readonly config: JsonObject;
}

/** The places of a story that may be twins or real servers. */
export interface Places {
  readonly kubernetes: Place;
  readonly mlflow: Place;
  readonly loki: LokiTwin;
  /** Null: an Alertmanager of the lab's own raises the alert. */
  readonly alertmanager: JsonClient | null;
}

/** What is a twin in every lab. */
interface LabTwins {
  readonly airflow: AirflowTwin;
  readonly prometheus: PrometheusTwin;
  readonly loki: LokiTwin;
  readonly slack: SlackTwin;
  readonly mail: MailTwin;
  readonly serving: ServingSimulator;
}

/** What of a lab is the same on twins and on real servers. */
export interface CommonLab extends LabTwins {
  readonly story: Story;
  /** What the connectors of the places that may be real are told. */
  readonly access: { readonly kubernetes: JsonObject; readonly mlflow: JsonObject };
  /** Begins the story, once the webhook and the lineage endpoint are known. */
  begin(firebreak: FirebreakEndpoints): Promise<SeededWorld>;
  close(): Promise<void>;
}

/** Every twin of the lab, and the story that is told on them. */
export interface Lab extends CommonLab {
  readonly kubernetes: KubernetesTwin;
  readonly mlflow: MlflowTwin;
}

/** Where the lab's monitor and pipelines reach Firebreak. */
export interface FirebreakEndpoints {
  readonly alerts: { readonly url: string; readonly token: string };
  readonly emit: (event: Json) => Promise<void>;
  /** Lets Firebreak look at registry and cluster, as its schedule would have done each night. */
  readonly look: () => Promise<void>;
}

/** How often the lab's monitor looks, in milliseconds. */
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
  { kubernetes, mlflow }: Places,
  scenario: Scenario,
  open: OpenTwins,
): Promise<Pick<LabTwins, 'serving' | 'prometheus'>> {
  const { story } = scenario;
  const serving = open.keep(
    await createServingSimulator({
      kubernetes: kubernetes.client,
      services: [{ namespace: story.namespace, name: story.service, model: story.model }],
      resolveAlias: (name, alias) => aliasVersion(mlflow.client, { name, alias }),
      anomalyScore: (_model, version) => scenario.anomalyScore(version),
      driftScore: (_model, version) => scenario.driftScore(version),
    }),
  );
  const prometheus = open.keep(
    await createPrometheusTwin({
      targets: [{ url: `${serving.url}/metrics`, job: 'serving' }],
      scrapeIntervalMs: scenario.scrapeMs ?? SCRAPE_MS,
    }),
  );
  return { serving, prometheus };
}

/** An Alertmanager of the lab's own, which tells Firebreak. */
async function ownAlertmanager(
  { alerts }: FirebreakEndpoints,
  open: OpenTwins,
): Promise<JsonClient> {
  const twin = open.keep(
    await createAlertmanagerTwin({
      receivers: [{ url: alerts.url, bearerToken: alerts.token }],
      groupWaitMs: 50,
      groupIntervalMs: 1_000,
    }),
  );
  return createJsonClient(twin.url);
}

/** A lab whose story plays at these places; what it starts is held by `open`, which `close` closes. */
export async function openLab(
  scenario: Scenario,
  places: Places,
  open: OpenTwins,
): Promise<CommonLab> {
  const { story } = scenario;
  const { kubernetes, mlflow, loki } = places;
  let data: SeededWorld | null = null;
  const runner = async (run: TaskRun, task: string): Promise<'success' | 'failed'> =>
    data === null ? 'failed' : data.runTask(run, task);
  const airflow = open.keep(await createAirflowTwin({ dags: [trainingDag(story)], runner }));
  const { serving, prometheus } = await startServing(places, scenario, open);
  const slack = open.keep(await createSlackTwin());
  const mail = open.keep(await createMailTwin());
  return {
    ...{ airflow, prometheus, loki, slack, mail, serving, story },
    access: { kubernetes: kubernetes.config, mlflow: mlflow.config },
    begin: async (firebreak) => {
      data = await scenario.seed({
        kubernetes: kubernetes.client,
        mlflow: mlflow.client,
        loki: createJsonClient(loki.url),
        alertmanager: places.alertmanager ?? (await ownAlertmanager(firebreak, open)),
        emit: firebreak.emit,
        look: firebreak.look,
      });
      return data;
    },
    close: () => open.close(),
  };
}

/** A Kubernetes twin whose audit events a log agent carries to Loki; who may do what there is for `access` to say. */
export async function startAuditedCluster(
  loki: LokiTwin,
  open: OpenTwins,
  access: AccessOptions = {},
): Promise<KubernetesTwin> {
  const audit = createAuditShipper(loki.url);
  open.keep({ close: () => audit.drained() });
  return open.keep(await createKubernetesTwin({ ...access, onAudit: audit.ship }));
}

async function openTwins(scenario: Scenario, open: OpenTwins, access: AccessOptions): Promise<Lab> {
  const loki = open.keep(await createLokiTwin());
  const kubernetes = await startAuditedCluster(loki, open, access);
  const mlflow = open.keep(await createMlflowTwin());
  const places: Places = {
    kubernetes: placeOf({ server: kubernetes.url }, kubernetes.url),
    mlflow: placeOf({ url: mlflow.url }, mlflow.url),
    loki,
    alertmanager: null,
  };
  return { ...(await openLab(scenario, places, open)), kubernetes, mlflow };
}

/** A place at an address that wants no credential. */
export function placeOf(config: JsonObject, url: string): Place {
  return { client: createJsonClient(url), config };
}

/**
 * Starts all twins on free ports of 127.0.0.1 for one story, one of the lab's own by its name. When one twin does not
 * start, none is left running. `access` says who may do what in the cluster; everybody everything without it.
 */
export async function startLab(
  told: ScenarioName | Scenario,
  now: Date = new Date(),
  access: AccessOptions = {},
): Promise<Lab> {
  const open = createOpenTwins();
  try {
    return await openTwins(typeof told === 'string' ? SCENARIOS[told](now) : told, open, access);
  } catch (error) {
    await open.close();
    throw error;
  }
}
