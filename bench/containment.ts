import { setTimeout as sleep } from 'node:timers/promises';
import { api } from '../api/client.ts';
import type { Scenario } from '../lab/scenario/scenario.ts';
import type { RunningFirebreak } from './firebreak.ts';
import { SCRAPE_MS, type World } from './world.ts';

/** Nobody watches the log while it is measured. */
const LOOK_MS = 500;
const LOOKS_MAX = 240;
/** Scrapes before the alert, so that the monitor has a rate to tell. */
const SCRAPES_BEFORE = 6;

/** From the alert of one poisoned-data story until its containment stood verified in the log, in milliseconds. */
export async function contain(
  firebreak: RunningFirebreak,
  world: World,
  { story }: Scenario,
): Promise<number> {
  world.serve(story);
  try {
    await sleep(SCRAPE_MS * SCRAPES_BEFORE);
    const sent = Date.now();
    const incidentId = await firebreak.alert({
      alertname: 'ModelAnomaly',
      severity: 'critical',
      model: story.model,
      version: '7',
      namespace: story.namespace,
      deployment: story.canary ?? story.stable,
      dataset: `${story.dataset.namespace}/${story.dataset.name}`,
      dataset_version: story.days.latest,
    });
    return (await verifiedAt(firebreak, incidentId)) - sent;
  } finally {
    world.serve(null);
  }
}

/** When the log learned that independent probes see it contained, read afterwards. Raises when the incident stops before. */
async function verifiedAt({ client }: RunningFirebreak, incidentId: string): Promise<number> {
  for (let look = 1; ; look += 1) {
    await sleep(LOOK_MS);
    const { incident } = await client.call(api.incidents.show, { params: { id: incidentId } });
    if (incident.containedAt !== null) break;
    const { state, stateReason } = incident;
    if (state === 'held' || look === LOOKS_MAX) {
      throw new Error(`Not contained, ${state}: ${stateReason ?? ''}`);
    }
  }
  for await (const { kind, recordedAt } of client.facts(incidentId, 0)) {
    if (kind === 'containment.verified') return Date.parse(recordedAt);
  }
  throw new Error('The log does not say that it is contained.');
}
