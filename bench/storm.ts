import { api } from '../api/client.ts';
import type { RunningFirebreak } from './firebreak.ts';
import { quantile } from './statistics.ts';

/** Senders side by side, each sending its next alert when the last one was accepted. */
const SENDERS = 32;

/** What a storm of alerts into one incident did. */
export interface StormEnd {
  readonly perSecond: number;
  /** 99 of 100 alerts were accepted within so many milliseconds. */
  readonly acceptedP99: number;
  /** Accepted alerts that the incident does not count. */
  readonly lost: number;
  readonly incidents: number;
}

/** Sends alerts that differ in their labels, all of one model, as fast as they are accepted. */
export async function storm(
  firebreak: RunningFirebreak,
  model: string,
  alerts: number,
): Promise<StormEnd> {
  const accepted: number[] = [];
  const incidents = new Set<string>();
  let next = 0;
  const begun = performance.now();
  const sender = async (): Promise<void> => {
    while (next < alerts) {
      next += 1;
      const start = performance.now();
      const labels = { alertname: 'Storm', model, instance: next.toString() };
      incidents.add(await firebreak.alert(labels));
      accepted.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  const seconds = (performance.now() - begun) / 1000;
  return {
    perSecond: alerts / seconds,
    acceptedP99: quantile(accepted, 0.99) ?? 0,
    lost: alerts - (await countedBy(firebreak, incidents)),
    incidents: incidents.size,
  };
}

/** How many alerts some incidents count. */
async function countedBy(
  { client }: RunningFirebreak,
  incidents: ReadonlySet<string>,
): Promise<number> {
  let alerts = 0;
  for (const id of incidents) {
    const { incident } = await client.call(api.incidents.show, { params: { id } });
    alerts += incident.alertCount;
  }
  return alerts;
}
