import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { VERSION, type Receiver } from './delivery.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { listedAlert, postedAlerts } from './group.ts';

/** How an Alertmanager twin notifies. */
export interface AlertmanagerTwinOptions {
  readonly receivers: readonly Receiver[];
  /** Labels that make a group; `alertname` and `model` by default. */
  readonly groupBy?: readonly string[];
  /** How long a new group waits for company; 100 by default. */
  readonly groupWaitMs?: number;
  /** How often a group is looked at again; 1000 by default. */
  readonly groupIntervalMs?: number;
  /** How often what still fires is told again; an hour by default. */
  readonly repeatIntervalMs?: number;
  /** Resolves an alert that nobody sent again for so long; 5 minutes by default. */
  readonly resolveTimeoutMs?: number;
  /** Alerts in one notification, the others counted as `truncatedAlerts`; 0, the default, means all. */
  readonly alertsMax?: number;
  /** Factor on the waits between retries; 1 by default. */
  readonly retryScale?: number;
  readonly port?: number;
  readonly faults?: FaultPlan;
}

/** A running stand-in for Alertmanager. */
export interface AlertmanagerTwin extends Twin {
  /** Status of every delivery, in order; 0 when nobody answered. */
  readonly deliveries: readonly number[];
}

const GROUP_BY = ['alertname', 'model'];
const GROUP_WAIT_MS = 100;
const GROUP_INTERVAL_MS = 1_000;
const REPEAT_INTERVAL_MS = 3_600_000;
const RESOLVE_TIMEOUT_MS = 300_000;

const FIXED: Readonly<Record<string, TwinReply>> = {
  '/-/healthy': { status: 200, body: 'OK' },
  '/-/ready': { status: 200, body: 'OK' },
  '/api/v2/status': { status: 200, body: { versionInfo: { version: VERSION } } },
};

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function takeAlerts(dispatcher: Dispatcher, request: TwinRequest): TwinReply {
  const parsed = postedAlerts.safeParse(readJson(request.body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = ['alerts', ...(issue?.path.map(String) ?? [])].join('.');
    return { status: 400, body: { code: 602, message: `${where} in body is not valid` } };
  }
  for (const alert of parsed.data) dispatcher.take(alert);
  return { status: 200, changed: parsed.data.length > 0 };
}

/** Starts an Alertmanager 0.25 with one route: webhook version 4 to every receiver. */
export async function createAlertmanagerTwin(
  options: AlertmanagerTwinOptions,
): Promise<AlertmanagerTwin> {
  const deliveries: number[] = [];
  const dispatcher = createDispatcher(
    {
      receivers: options.receivers,
      groupBy: options.groupBy ?? GROUP_BY,
      groupWaitMs: options.groupWaitMs ?? GROUP_WAIT_MS,
      groupIntervalMs: options.groupIntervalMs ?? GROUP_INTERVAL_MS,
      repeatIntervalMs: options.repeatIntervalMs ?? REPEAT_INTERVAL_MS,
      resolveTimeoutMs: options.resolveTimeoutMs ?? RESOLVE_TIMEOUT_MS,
      alertsMax: options.alertsMax ?? 0,
      retryScale: options.retryScale ?? 1,
      now: () => Date.now(),
    },
    deliveries,
  );
  const twin = await startTwin({
    name: 'alertmanager',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      const { pathname } = request.url;
      const fixed = FIXED[pathname];
      if (fixed !== undefined) return fixed;
      if (pathname !== '/api/v2/alerts') {
        return { status: 404, body: { code: 404, message: `path ${pathname} was not found` } };
      }
      if (request.method === 'POST') return takeAlerts(dispatcher, request);
      return { status: 200, body: dispatcher.active().map(listedAlert) };
    },
  });
  return {
    ...twin,
    deliveries,
    close: async () => {
      await dispatcher.stop();
      await twin.close();
    },
  };
}
