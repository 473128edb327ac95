import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { fingerprintOf } from './fingerprint.ts';

/** How an Alertmanager twin notifies. */
export interface AlertmanagerTwinOptions {
  readonly receivers: readonly { readonly url: string; readonly bearerToken?: string }[];
  /** Labels that make a group. */
  readonly groupBy?: readonly string[];
  readonly groupWaitMs?: number;
  readonly groupIntervalMs?: number;
  /** Resolves an alert that nobody sent again for so long. */
  readonly resolveTimeoutMs?: number;
  readonly port?: number;
  readonly faults?: FaultPlan;
}

/** A running stand-in for Alertmanager. */
export interface AlertmanagerTwin extends Twin {
  /** Status of every delivery, in order; 0 when nobody answered. */
  readonly deliveries: readonly number[];
}

const GROUP_WAIT_MS = 100;
const GROUP_INTERVAL_MS = 1_000;
const RESOLVE_TIMEOUT_MS = 300_000;
/** Retries of one notification, on 5xx and lost connections only. */
const RETRIES_MAX = 8;
const RETRY_FIRST_MS = 350;
const WEBHOOK_WITHIN_MS = 10_000;
const FIRING_END = '0001-01-01T00:00:00Z';
const VERSION = '0.25.0';

const labels = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string());
const posted = z.array(
  z.object({
    labels,
    annotations: labels.optional(),
    startsAt: z.iso.datetime({ offset: true }).optional(),
    endsAt: z.iso.datetime({ offset: true }).optional(),
    generatorURL: z.string().optional(),
  }),
);

interface StoredAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  endsAt: string | null;
  readonly expiresAt: number;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

interface Group {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts: Map<string, StoredAlert>;
  /** What was last told successfully; equal news is not told again. */
  told: string;
  timer: NodeJS.Timeout | null;
}

/** Starts an Alertmanager 0.25 with one route: webhook version 4 to every receiver. */
// eslint-disable-next-line max-lines-per-function -- a composition: one thing after the other, nothing branches.
export async function createAlertmanagerTwin(
  options: AlertmanagerTwinOptions,
): Promise<AlertmanagerTwin> {
  const groups = new Map<string, Group>();
  const deliveries: number[] = [];
  const stopping = new AbortController();
  const deliver = async (group: Group): Promise<void> => {
    const body = payloadOf(group);
    const results = await Promise.all(
      options.receivers.map((receiver) =>
        send(receiver, body, { deliveries, signal: stopping.signal }),
      ),
    );
    if (results.every((told) => told)) group.told = stateOf(group);
  };
  const schedule = (group: Group, delayMs: number): void => {
    if (group.timer !== null || stopping.signal.aborted) return;
    group.timer = setTimeout(() => {
      group.timer = null;
      const news = stateOf(group) !== group.told;
      const again = (): void => {
        schedule(group, options.groupIntervalMs ?? GROUP_INTERVAL_MS);
      };
      if (news) deliver(group).then(again, again);
      else if (group.alerts.size > 0) again();
    }, delayMs);
  };
  const accept = (request: TwinRequest): TwinReply => {
    const parsed = posted.safeParse(readJson(request.body));
    if (!parsed.success)
      return { status: 400, body: { code: 602, message: 'alerts in body must be valid' } };
    for (const alert of parsed.data) {
      const group = groupFor(groups, options.groupBy ?? ['alertname', 'model'], alert.labels);
      store(group, alert, options.resolveTimeoutMs ?? RESOLVE_TIMEOUT_MS);
      schedule(group, options.groupWaitMs ?? GROUP_WAIT_MS);
    }
    return { status: 200, changed: true };
  };
  const twin = await startTwin({
    name: 'alertmanager',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      const { pathname } = request.url;
      if (pathname === '/-/healthy' || pathname === '/-/ready') return { status: 200, body: 'OK' };
      if (pathname === '/api/v2/status')
        return { status: 200, body: { versionInfo: { version: VERSION } } };
      if (pathname !== '/api/v2/alerts') return { status: 404, body: 'path not found' };
      if (request.method === 'POST') return accept(request);
      return { status: 200, body: listOf(groups) };
    },
  });
  return {
    ...twin,
    deliveries,
    close: async () => {
      stopping.abort();
      for (const { timer } of groups.values()) if (timer !== null) clearTimeout(timer);
      await twin.close();
    },
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function groupFor(
  groups: Map<string, Group>,
  groupBy: readonly string[],
  alertLabels: Readonly<Record<string, string>>,
): Group {
  const own = Object.fromEntries(
    groupBy
      .filter((name) => alertLabels[name] !== undefined)
      .map((name) => [name, alertLabels[name] ?? '']),
  );
  const inner = Object.entries(own).map(([name, value]) => `${name}="${value}"`);
  const key = `{}:{${inner.join(', ')}}`;
  const known = groups.get(key);
  if (known) return known;
  const group: Group = { key, labels: own, alerts: new Map(), told: '', timer: null };
  groups.set(key, group);
  return group;
}

function store(
  group: Group,
  alert: z.output<typeof posted>[number],
  resolveTimeoutMs: number,
): void {
  const fingerprint = fingerprintOf(alert.labels);
  const known = group.alerts.get(fingerprint);
  const now = new Date();
  const ended = alert.endsAt !== undefined && Date.parse(alert.endsAt) <= now.getTime();
  group.alerts.set(fingerprint, {
    labels: alert.labels,
    annotations: alert.annotations ?? {},
    startsAt: alert.startsAt ?? known?.startsAt ?? now.toISOString(),
    endsAt: ended ? (alert.endsAt ?? null) : null,
    expiresAt: now.getTime() + resolveTimeoutMs,
    generatorURL: alert.generatorURL ?? '',
    fingerprint,
  });
}

function isResolved(alert: StoredAlert): boolean {
  return alert.endsAt !== null || alert.expiresAt <= Date.now();
}

function stateOf(group: Group): string {
  return [...group.alerts.values()]
    .map((alert) => `${alert.fingerprint}:${alert.startsAt}:${isResolved(alert).toString()}`)
    .sort()
    .join(',');
}

function commonOf(
  maps: readonly Readonly<Record<string, string>>[],
): Readonly<Record<string, string>> {
  const [first = {}, ...others] = maps;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)),
  );
}

function payloadOf(group: Group): string {
  const alerts = [...group.alerts.values()].map((alert) => ({
    status: isResolved(alert) ? 'resolved' : 'firing',
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.startsAt,
    endsAt: isResolved(alert)
      ? (alert.endsAt ?? new Date(alert.expiresAt).toISOString())
      : FIRING_END,
    generatorURL: alert.generatorURL,
    fingerprint: alert.fingerprint,
  }));
  return JSON.stringify({
    receiver: 'firebreak',
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts,
    groupLabels: group.labels,
    commonLabels: commonOf(alerts.map((alert) => alert.labels)),
    commonAnnotations: commonOf(alerts.map((alert) => alert.annotations)),
    externalURL: 'http://alertmanager.example:9093',
    version: '4',
    groupKey: group.key,
    truncatedAlerts: 0,
  });
}

/** True when the receiver took it, or refused it for good: Alertmanager forgets what got a 4xx until the next round. */
async function send(
  receiver: AlertmanagerTwinOptions['receivers'][number],
  body: string,
  run: { readonly deliveries: number[]; readonly signal: AbortSignal },
): Promise<boolean> {
  let waitMs = RETRY_FIRST_MS;
  for (let tries = 0; tries < RETRIES_MAX && !run.signal.aborted; tries += 1) {
    const status = await post(receiver, body, run.signal);
    run.deliveries.push(status);
    if (status >= 200 && status < 300) return true;
    if (status >= 400 && status < 500) return false;
    await sleep(waitMs, undefined, { signal: run.signal }).catch(() => undefined);
    waitMs *= 1.6;
  }
  return false;
}

async function post(
  receiver: AlertmanagerTwinOptions['receivers'][number],
  body: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    const response = await fetch(receiver.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `Alertmanager/${VERSION}`,
        ...(receiver.bearerToken === undefined
          ? {}
          : { authorization: `Bearer ${receiver.bearerToken}` }),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_WITHIN_MS)]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

function listOf(groups: ReadonlyMap<string, Group>): readonly unknown[] {
  return [...groups.values()].flatMap((group) =>
    [...group.alerts.values()]
      .filter((alert) => !isResolved(alert))
      .map(({ labels: own, annotations, startsAt, fingerprint, generatorURL, expiresAt }) => ({
        labels: own,
        annotations,
        startsAt,
        endsAt: new Date(expiresAt).toISOString(),
        fingerprint,
        generatorURL,
        receivers: [{ name: 'firebreak' }],
        status: { state: 'active', silencedBy: [], inhibitedBy: [] },
      })),
  );
}
