import type { ExplainRequest } from '../api/dependencies.ts';
import type { IncomingAlert } from '../domain/alert.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { Foreseen } from '../store/foreseen.ts';
import type { Routing } from '../store/routing.ts';
import type { Store } from '../store/tables.ts';
import type { Live } from './live.ts';

/** Alerts of one envelope that are explained. */
const ALERTS_MAX = 50;
const JSON_TYPE = 'application/json';
const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/** Explained when no source is named: any Alertmanager. */
const ANY_SOURCE: SourceConfiguration = {
  name: 'any',
  kind: 'alertmanager',
  authentication: { kind: 'bearer', tokenSha256: [] },
  mapping: null,
  ignoreLabels: [],
};

/** What explaining needs; of the store only what reads. */
export interface ExplainOptions {
  readonly live: Pick<Live, 'sources' | 'intake' | 'router'>;
  readonly store: { readonly alerts: Pick<Store['alerts'], 'foresee'> };
  readonly now: () => Date;
  /** Plans a playbook with zero writes on an incident that is not stored. */
  readonly plan: (playbook: string, routing: Routing) => Promise<JsonObject>;
}

function sourceOf({ live }: ExplainOptions, name: string | null): SourceConfiguration {
  if (name === null) return ANY_SOURCE;
  const sources = live.sources();
  const found = sources.find((source) => source.name === name);
  if (found !== undefined) return found;
  const known = sources.map((source) => source.name).join(', ');
  throw new AppError('not_found', `There is no source ${name}: ${known}.`, { field: 'source' });
}

/** The body as its source sends it; one alert of an Alertmanager body is taken for one that fires now. */
function envelopeOf(source: SourceConfiguration, body: JsonObject, now: Date): JsonObject {
  if (source.kind !== 'alertmanager' || 'alerts' in body) return body;
  const { status = 'firing', startsAt = now.toISOString() } = body;
  return { version: '4', alerts: [{ ...body, status, startsAt }] };
}

function alertsOf(
  options: ExplainOptions,
  source: SourceConfiguration,
  body: JsonObject,
): readonly IncomingAlert[] {
  const now = options.now();
  const contentType = source.kind === 'cloudevents' ? CLOUD_EVENT_TYPE : JSON_TYPE;
  const parsed = options.live.intake.parse(source, {
    kind: source.kind,
    source: source.name,
    headers: { 'content-type': contentType },
    contentType,
    raw: Buffer.from(JSON.stringify(envelopeOf(source, body, now))),
    receivedAt: now,
  });
  return parsed.slice(0, ALERTS_MAX).map((one) => {
    if (one.kind === 'alert') return one.incoming;
    const { problem, field } = one.alert;
    throw new AppError('invalid', problem, { field: field ?? 'alerts' });
  });
}

function plain(value: object): JsonObject {
  const copy: unknown = JSON.parse(canonicalJson(value));
  if (isJsonObject(copy)) return copy;
  throw new AppError('internal', 'An explanation is a JSON object.');
}

function explanationOf(
  incoming: IncomingAlert,
  routed: ReturnType<Live['router']['route']>,
  foreseen: Foreseen,
): JsonObject {
  const { routing, explanation } = routed;
  const { alert, dedupeKey } = incoming;
  const { playbookName: playbook, mode, severity, drill } = routing.incident;
  return plain({
    title: alert.title,
    source: alert.source,
    fingerprint: alert.fingerprint,
    dedupeKey,
    ...foreseen,
    incidentKey: routing.incidentKey,
    playbook,
    mode,
    drill,
    severity,
    claimTargets: routing.claimTargets,
    ...explanation,
  });
}

/**
 * What would become of a body: its source, duplicates, incident, route, playbook, targets, each rule with its reason, and on
 * demand the plan of its first alert. Writes nothing, here or outside. Raises `invalid`, and `not_found` for an unknown source.
 */
export function createExplain(
  options: ExplainOptions,
): (request: ExplainRequest) => Promise<JsonObject> {
  return async ({ body, source: name, withPlan }) => {
    const source = sourceOf(options, name);
    const explained: JsonObject[] = [];
    const at = options.now().toISOString();
    for (const incoming of alertsOf(options, source, body)) {
      const routed = options.live.router.route(incoming);
      const { routing } = routed;
      const foreseen = await options.store.alerts.foresee({ incoming, routing, at });
      const told = explanationOf(incoming, routed, foreseen);
      const isPlanned = withPlan && explained.length === 0;
      const plan = isPlanned
        ? await options.plan(routing.incident.playbookName, routing)
        : undefined;
      explained.push(plan === undefined ? told : { ...told, plan });
    }
    return { source: { name: source.name, kind: source.kind }, alerts: explained };
  };
}
