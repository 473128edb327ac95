import { z } from 'zod';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';

const dataset = z.looseObject({ namespace: z.string(), name: z.string() });
const lineageEvent = z.looseObject({
  eventTime: z.string(),
  producer: z.string(),
  schemaURL: z.string().optional(),
  run: z.looseObject({ runId: z.string() }).optional(),
  job: z.looseObject({ namespace: z.string(), name: z.string() }).optional(),
  dataset: dataset.optional(),
  inputs: z.array(dataset).nullish(),
  outputs: z.array(dataset).nullish(),
});
type LineageEvent = z.infer<typeof lineageEvent>;

/** A running stand-in for Marquez. */
export interface MarquezTwin extends Twin {
  /** Every event taken, in order of arrival. */
  readonly events: readonly LineageEvent[];
}

/** How a Marquez twin behaves. */
export interface MarquezTwinOptions {
  readonly faults?: FaultPlan;
  readonly port?: number;
  /** Bearer token of the proxy before Marquez; without it nobody is asked. */
  readonly token?: string;
}

const LIMIT_DEFAULT = 100;
const DEPTH_DEFAULT = 20;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

interface Edge {
  readonly origin: string;
  readonly destination: string;
}

function timeOf(event: LineageEvent): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(event.eventTime);
  return Date.parse(zoned ? event.eventTime : `${event.eventTime}Z`);
}

function failure(code: number, message: string): TwinReply {
  return { status: code, body: { code, message } };
}

function edgesOf(events: readonly LineageEvent[]): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const { job, inputs, outputs } of events) {
    if (!job) continue;
    const jobId = `job:${job.namespace}:${job.name}`;
    const idOf = (entry: { namespace: string; name: string }): string =>
      `dataset:${entry.namespace}:${entry.name}`;
    const read = (inputs ?? []).map((entry) => ({ origin: idOf(entry), destination: jobId }));
    const written = (outputs ?? []).map((entry) => ({ origin: jobId, destination: idOf(entry) }));
    for (const edge of [...read, ...written]) {
      edges.set(JSON.stringify([edge.origin, edge.destination]), edge);
    }
  }
  return [...edges.values()];
}

/** Ids within `depth` hops of a node, both ways. */
function reach(edges: readonly Edge[], from: string, depth: number): ReadonlySet<string> {
  const found = new Set([from]);
  let frontier = [from];
  for (let hop = 0; hop < depth && frontier.length > 0; hop += 1) {
    const next = edges.flatMap(({ origin, destination }) => {
      if (frontier.includes(origin) && !found.has(destination)) return [destination];
      return frontier.includes(destination) && !found.has(origin) ? [origin] : [];
    });
    for (const id of next) found.add(id);
    frontier = [...new Set(next)];
  }
  return found;
}

function postLineage(events: LineageEvent[], request: TwinRequest): TwinReply {
  let json: unknown;
  try {
    json = JSON.parse(request.body.toString('utf8'));
  } catch {
    return failure(400, 'Unable to process JSON');
  }
  const parsed = lineageEvent.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      status: 422,
      body: { errors: [`${issue?.path.map(String).join('.') ?? ''} must not be null`] },
    };
  }
  const known = parsed.data.run ?? parsed.data.job ?? parsed.data.dataset;
  if (known === undefined) return { status: 200 };
  events.push(parsed.data);
  return { status: 201, changed: true };
}

function getEvents(events: readonly LineageEvent[], { url }: TwinRequest): TwinReply {
  const get = (key: string): string | null => url.searchParams.get(key);
  const after = get('after') ?? '1970-01-01T00:00:00Z';
  const before = get('before') ?? '2030-01-01T00:00:00Z';
  const limit = Number(get('limit') ?? LIMIT_DEFAULT);
  const offset = Number(get('offset') ?? 0);
  const numbers = [limit, offset].every((value) => Number.isInteger(value) && value >= 0);
  if (!ISO_TIME.test(after) || !ISO_TIME.test(before) || !numbers) {
    return failure(400, 'A query parameter is not valid.');
  }
  const within = events
    .filter((event) => timeOf(event) >= Date.parse(after) && timeOf(event) < Date.parse(before))
    .sort((a, b) => timeOf(a) - timeOf(b));
  if ((get('sortDirection') ?? 'desc').toLowerCase() === 'desc') within.reverse();
  const page = within.slice(offset, offset + limit);
  return { status: 200, body: { events: page, totalCount: within.length } };
}

function getLineage(events: readonly LineageEvent[], { url }: TwinRequest): TwinReply {
  const nodeId = url.searchParams.get('nodeId') ?? '';
  const depth = Number(url.searchParams.get('depth') ?? DEPTH_DEFAULT);
  if (!/^(dataset|job):[^:].*:[^:]+$/.test(nodeId) || !Number.isInteger(depth)) {
    return failure(400, `nodeId '${nodeId}' must be dataset:<namespace>:<name> or job:…`);
  }
  const edges = edgesOf(events);
  if (!edges.some((edge) => edge.origin === nodeId || edge.destination === nodeId)) {
    return failure(404, `Node '${nodeId}' not found.`);
  }
  const graph = [...reach(edges, nodeId, depth)].map((id) => ({
    id,
    type: id.startsWith('job:') ? 'JOB' : 'DATASET',
    data: { namespace: id.split(':').slice(1, -1).join(':'), name: id.split(':').at(-1) },
    inEdges: edges.filter((edge) => edge.destination === id),
    outEdges: edges.filter((edge) => edge.origin === id),
  }));
  return { status: 200, body: { graph } };
}

function getNamespaces(events: readonly LineageEvent[]): TwinReply {
  const names = new Set(['default', ...events.flatMap(({ job }) => (job ? [job.namespace] : []))]);
  return { status: 200, body: { namespaces: [...names].map((name) => ({ name })) } };
}

/** Starts a stand-in for Marquez on a free port of 127.0.0.1. */
export async function createMarquezTwin(options: MarquezTwinOptions = {}): Promise<MarquezTwin> {
  const events: LineageEvent[] = [];
  const twin = await startTwin({
    name: 'marquez',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      const { token } = options;
      if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
        return failure(401, 'Unauthorized');
      }
      switch (`${request.method} ${request.url.pathname}`) {
        case 'POST /api/v1/lineage':
          return postLineage(events, request);
        case 'GET /api/v1/events/lineage':
          return getEvents(events, request);
        case 'GET /api/v1/lineage':
          return getLineage(events, request);
        case 'GET /api/v1/namespaces':
          return getNamespaces(events);
        default:
          return failure(404, 'HTTP 404 Not Found');
      }
    },
  });
  return { ...twin, events };
}
