import type { Intake } from '../api/dependencies.ts';
import type { IncomingAlert } from '../domain/alert.ts';
import type { Delivery, Store } from '../store/tables.ts';

/** Alerts that are taken in again at once, and how often in one round. */
const PAGE_ALERTS = 500;
const PAGES_MAX = 20;

function deliveryOf(incoming: IncomingAlert, intake: Intake, now: Date): Delivery {
  return {
    source: incoming.alert.source,
    contentType: 'application/json',
    headers: {},
    // Nothing came in: the bytes that it came in are kept with the first delivery.
    raw: new Uint8Array(),
    receivedAt: now.toISOString(),
    alerts: [{ kind: 'alert', incoming, routing: intake.route(incoming) }],
  };
}

/**
 * Takes in what silences that are over had suppressed and nobody has resolved since: it opens or joins incidents as if
 * it came now. Monitors that tell a firing alert once would otherwise be silent for ever. Answers how many alerts.
 */
export async function readmit(
  store: Pick<Store, 'alerts' | 'silences'>,
  intake: Intake,
  now: Date,
): Promise<number> {
  const at = now.toISOString();
  let taken = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const alerts = await store.silences.stillFiring(at, PAGE_ALERTS);
    if (alerts.length > 0) {
      await store.alerts.accept(alerts.map((incoming) => deliveryOf(incoming, intake, now)));
      taken += alerts.length;
    }
    if (alerts.length === PAGE_ALERTS) continue;
    await store.silences.readmitted(at);
    break;
  }
  return taken;
}
