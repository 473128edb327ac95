import type { IncomingAlert } from '../domain/alert.ts';
import { AppError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { readAlertmanager } from '../intake/alertmanager.ts';
import type { Router } from '../intake/routing.ts';

/**
 * How an alert would be routed and which targets its labels select, each rule with its reason; writes nothing.
 * Takes an Alertmanager body or one alert of it, which fires now unless it says otherwise. Raises `invalid`.
 */
export function explainAlert(router: Router, body: JsonObject): JsonObject {
  const { status = 'firing', startsAt = new Date().toISOString() } = body;
  const envelope =
    'alerts' in body ? body : { version: '4', alerts: [{ ...body, status, startsAt }] };
  const { alerts, quarantined } = readAlertmanager({
    body: Buffer.from(JSON.stringify(envelope)),
    headers: { 'content-type': 'application/json' },
    source: { name: 'explain', ignoreLabels: [] },
    receivedAt: new Date().toISOString(),
  });
  const [bad] = quarantined;
  if (bad) throw new AppError('invalid', bad.problem, { field: bad.field ?? 'alerts' });
  return { alerts: alerts.map((incoming) => explainOne(router, incoming)) };
}

function explainOne(router: Router, incoming: IncomingAlert): JsonObject {
  const { routing, explanation } = router.route(incoming);
  const { alert, dedupeKey } = incoming;
  const explained: unknown = JSON.parse(
    canonicalJson({
      title: alert.title,
      fingerprint: alert.fingerprint,
      dedupeKey,
      incidentKey: routing.incidentKey,
      playbook: routing.incident.playbookName,
      mode: routing.incident.mode,
      severity: routing.incident.severity,
      claimTargets: routing.claimTargets,
      ...explanation,
      targets: router.explainTargets(alert),
    }),
  );
  return Object.fromEntries(Object.entries(explained ?? {}));
}
