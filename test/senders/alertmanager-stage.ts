import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readAlertmanager } from '../../intake/alertmanager.ts';
import type { IntakeResult } from '../../intake/element.ts';
import { createFaultPlan } from '../../lab/fault.ts';
import { startTwin, type Twin } from '../../lab/twin.ts';

/** When the Alertmanager under test tells. */
export interface Telling {
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly resolveTimeoutMs: number;
  /** Alerts in one notification; 0 means all. */
  readonly alertsMax: number;
}

/** Labels that make a group. */
export const GROUP_BY = ['alertname', 'model'];

/** An Alertmanager, twin or real, that tells one receiver. */
export interface Sender {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one for a case. */
export type StartSender = (
  receiver: { readonly url: string; readonly token: string },
  telling: Telling,
) => Promise<Sender>;

const notification = z.object({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  receiver: z.string(),
  groupKey: z.string(),
  truncatedAlerts: z.number(),
  groupLabels: z.record(z.string(), z.string()),
  commonLabels: z.record(z.string(), z.string()),
  commonAnnotations: z.record(z.string(), z.string()),
  externalURL: z.string(),
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
      startsAt: z.iso.datetime({ offset: true }),
      endsAt: z.string(),
      generatorURL: z.string(),
      fingerprint: z.string(),
    }),
  ),
});

/** One delivery as it arrived: what was told, and what our intake makes of it. */
export interface Delivery {
  readonly at: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly told: z.output<typeof notification>;
  readonly intake: IntakeResult;
}

/** What the source's token is. */
export const TOKEN = 'token-of-the-source';
const TOLD_WITHIN_MS = 30_000;
const LOOK_MS = 20;

/** A receiver that answers what the case chooses, and an Alertmanager that tells it. */
export interface Stage {
  readonly telling: Telling;
  readonly deliveries: readonly Delivery[];
  readonly answers: number[];
  post(alerts: unknown): Promise<number>;
  active(): Promise<unknown>;
  /** Waits until so many deliveries came. */
  until(count: number): Promise<readonly Delivery[]>;
}

function receive(deliveries: Delivery[], answers: number[]): Promise<Twin> {
  return startTwin({
    name: 'receiver',
    faults: createFaultPlan(),
    handler: ({ headers, body, url }) => {
      const text = body.toString('utf8');
      const at = Date.now();
      const { authorization, 'content-type': contentType, 'user-agent': agent } = headers;
      deliveries.push({
        at,
        headers: { authorization, contentType, agent, path: url.pathname },
        told: notification.parse(JSON.parse(text)),
        intake: readAlertmanager({
          body,
          headers: {},
          source: { name: 'alertmanager', ignoreLabels: [] },
          receivedAt: new Date(at).toISOString(),
        }),
      });
      return { status: answers.shift() ?? 202 };
    },
  });
}

/** Works on a fresh stage, and takes it down whatever happens. */
export async function onStage(
  start: StartSender,
  telling: Telling,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const deliveries: Delivery[] = [];
  const answers: number[] = [];
  const receiver = await receive(deliveries, answers);
  const sender = await start({ url: `${receiver.url}/hook`, token: TOKEN }, telling);
  try {
    await work({
      telling,
      deliveries,
      answers,
      post: async (alerts) => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify(alerts);
        const path = `${sender.url}/api/v2/alerts`;
        const response = await fetch(path, { method: 'POST', headers, body });
        await response.arrayBuffer();
        return response.status;
      },
      active: async () => (await fetch(`${sender.url}/api/v2/alerts`)).json(),
      until: async (count) => {
        const deadline = Date.now() + TOLD_WITHIN_MS;
        while (deliveries.length < count) {
          if (Date.now() > deadline) throw new Error(`only ${deliveries.length.toString()} came`);
          await sleep(LOOK_MS);
        }
        return deliveries;
      },
    });
  } finally {
    await sender.close();
    await receiver.close();
  }
}
