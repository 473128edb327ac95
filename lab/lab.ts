import type { Json, JsonObject } from '../domain/json.ts';
import { createAirflowTwin, type AirflowTwin } from './airflow/twin.ts';
import { createAlertmanagerTwin, type AlertmanagerTwin } from './alertmanager/twin.ts';
import { createKubernetesTwin, type KubernetesTwin } from './kubernetes/twin.ts';
import { createLokiTwin, type LokiTwin } from './loki/twin.ts';
import { createMailTwin, type MailTwin } from './mail/twin.ts';
import { createMlflowTwin, type MlflowTwin } from './mlflow/twin.ts';
import { createPrometheusTwin, type PrometheusTwin } from './prometheus/twin.ts';
import { createJsonClient } from './scenario/json-client.ts';
import { seedPoisonedData, type PoisonedData } from './scenario/poisoned-data.ts';
import { storyOf, TRAINING_TASKS, type Story } from './scenario/story.ts';
import { createServingSimulator, type ServingSimulator } from './serving/simulator.ts';
import { createSlackTwin, type SlackTwin } from './slack/twin.ts';

/** Every twin of the lab, seeded with the story of the poisoned batch. */
export interface Lab {
  readonly story: Story;
  readonly kubernetes: KubernetesTwin;
  readonly mlflow: MlflowTwin;
  readonly airflow: AirflowTwin;
  readonly prometheus: PrometheusTwin;
  readonly loki: LokiTwin;
  readonly slack: SlackTwin;
  readonly mail: MailTwin;
  readonly serving: ServingSimulator;
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
const NANOSECONDS = '000000';

/** Starts all twins on free ports of 127.0.0.1. */
// eslint-disable-next-line max-lines-per-function -- a composition: one thing after the other, nothing branches.
export async function startLab(now: Date = new Date()): Promise<Lab> {
  const story = storyOf(now);
  const open: (() => Promise<void>)[] = [];
  const keep = <T extends { close(): Promise<void> }>(twin: T): T => {
    open.push(() => twin.close());
    return twin;
  };
  let data: PoisonedData | null = null;
  try {
    const loki = keep(await createLokiTwin());
    const audit = auditShipper(loki.url);
    const kubernetes = keep(await createKubernetesTwin({ onAudit: audit.ship }));
    const mlflow = keep(await createMlflowTwin());
    const airflow = keep(
      await createAirflowTwin({
        dags: [trainingDag(story)],
        runner: async (run, task) => (data === null ? 'failed' : data.runTask(run, task)),
      }),
    );
    const serving = keep(
      await createServingSimulator({
        kubernetesUrl: kubernetes.url,
        services: [{ namespace: story.namespace, name: story.service, model: story.model }],
        anomalyScore: (_model, version) => ANOMALY[version] ?? NORMAL_ANOMALY,
      }),
    );
    const prometheus = keep(
      await createPrometheusTwin({
        targets: [{ url: `${serving.url}/metrics`, job: 'serving' }],
        scrapeIntervalMs: SCRAPE_MS,
      }),
    );
    const slack = keep(await createSlackTwin());
    const mail = keep(await createMailTwin());
    return {
      story,
      kubernetes,
      mlflow,
      airflow,
      prometheus,
      loki,
      slack,
      mail,
      serving,
      begin: async ({ alerts, emit }) => {
        const alertmanager: AlertmanagerTwin = keep(
          await createAlertmanagerTwin({
            receivers: [{ url: alerts.url, bearerToken: alerts.token }],
            groupWaitMs: 50,
            groupIntervalMs: 1_000,
          }),
        );
        data = await seedPoisonedData(
          {
            kubernetes: createJsonClient(kubernetes.url),
            mlflow: createJsonClient(mlflow.url),
            loki: createJsonClient(loki.url),
            alertmanager: createJsonClient(alertmanager.url),
            emit,
          },
          story,
        );
        return data;
      },
      close: async () => {
        await audit.drained();
        await closeAll(open);
      },
    };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
}

async function closeAll(open: (() => Promise<void>)[]): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

function trainingDag(story: Story): { id: string; tasks: { id: string; downstream: string[] }[] } {
  return {
    id: story.pipeline,
    tasks: TRAINING_TASKS.map((id, index) => {
      const next = TRAINING_TASKS[index + 1];
      return { id, downstream: next === undefined ? [] : [next] };
    }),
  };
}

/** Ships the cluster's audit events to Loki, as a log agent does: one after the other, losing none. */
function auditShipper(lokiUrl: string): {
  readonly ship: (event: JsonObject) => void;
  readonly drained: () => Promise<void>;
} {
  const loki = createJsonClient(lokiUrl);
  let last: Promise<unknown> = Promise.resolve();
  return {
    ship: (event) => {
      const values = [[`${Date.now().toString()}${NANOSECONDS}`, JSON.stringify(event)]];
      const streams = [{ stream: { job: 'kubernetes-audit' }, values }];
      last = last
        .then(() => loki.send('POST', '/loki/api/v1/push', { body: { streams } }))
        .catch(() => undefined);
    },
    drained: async () => {
      await last;
    },
  };
}
