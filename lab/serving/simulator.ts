import { createFaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';
import { createClusterView, type ClusterViewOptions, type Replica } from './cluster-view.ts';

/** One Service that serves a model. */
interface ServedModel {
  readonly namespace: string;
  readonly name: string;
  /** Name of the model in metrics. */
  readonly model: string;
}

/** What the simulator serves, and where it looks. */
export interface ServingSimulatorOptions extends ClusterViewOptions {
  readonly services: readonly ServedModel[];
  /** What the monitor would say of this version's answers. */
  readonly anomalyScore: (model: string, version: string) => number;
  /** How far today's traffic is from what this version was trained on. */
  readonly driftScore: (model: string, version: string) => number;
  /** Requests a second over all endpoints of a Service. */
  readonly requestsPerSecond?: number;
  readonly port?: number;
}

/** Model servers that exist as far as Kubernetes says so: `GET /metrics` tells what they load and answer. */
export type ServingSimulator = Twin;

const REQUESTS_PER_SECOND = 40;
const TYPES = [
  '# TYPE model_requests_total counter',
  '# TYPE model_loaded_info gauge',
  '# TYPE model_anomaly_score gauge',
  '# TYPE model_drift_score gauge',
];

function loadedLine(model: string, replica: Replica): string {
  const { version, deployment, pod } = replica;
  return `model_loaded_info{model="${model}",version="${version}",deployment="${deployment}",pod="${pod}"} 1`;
}

/** Requests by labels, counted where they come in: a version that serves no more stands still instead of vanishing. */
interface RequestCounter {
  /** Spreads what came in since the last scrape over the replicas. */
  count(model: string, replicas: readonly Replica[], requests: number): void;
  lines(): readonly string[];
}

function createRequestCounter(): RequestCounter {
  const counts = new Map<string, number>();
  return {
    count: (model, replicas, requests) => {
      for (const { version } of replicas) {
        const labels = `{model="${model}",version="${version}"}`;
        counts.set(labels, (counts.get(labels) ?? 0) + requests / replicas.length);
      }
    },
    lines: () =>
      [...counts].map(([labels, count]) => `model_requests_total${labels} ${count.toFixed(3)}`),
  };
}

/** The text of one scrape after the other. */
function createScrape(options: ServingSimulatorOptions): () => Promise<string> {
  const cluster = createClusterView(options);
  const requests = createRequestCounter();
  const perSecond = options.requestsPerSecond ?? REQUESTS_PER_SECOND;
  let last = Date.now();
  return async () => {
    const seconds = (Date.now() - last) / 1000;
    last = Date.now();
    const lines: string[] = [...TYPES];
    for (const service of options.services) {
      const { model } = service;
      const replicas = await cluster.replicasOf(service);
      requests.count(model, replicas, perSecond * seconds);
      lines.push(...replicas.map((replica) => loadedLine(model, replica)));
      for (const version of new Set(replicas.map((replica) => replica.version))) {
        const labels = `{model="${model}",version="${version}"}`;
        lines.push(
          `model_anomaly_score${labels} ${options.anomalyScore(model, version).toString()}`,
          `model_drift_score${labels} ${options.driftScore(model, version).toString()}`,
        );
      }
    }
    return `${[...lines, ...requests.lines()].join('\n')}\n`;
  };
}

/**
 * Starts the simulator: it looks at EndpointSlices and pods at each scrape, so a pod that no Service reaches, or
 * that a deny policy cuts off, is neither scraped nor served, as in a real cluster.
 */
export async function createServingSimulator(
  options: ServingSimulatorOptions,
): Promise<ServingSimulator> {
  const scrape = createScrape(options);
  return startTwin({
    name: 'serving',
    faults: createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: async (request) =>
      request.url.pathname === '/metrics'
        ? {
            status: 200,
            headers: { 'content-type': 'text/plain; version=0.0.4' },
            body: await scrape(),
          }
        : { status: 404, body: 'not found' },
  });
}
