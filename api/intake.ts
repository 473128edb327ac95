import type { SourceConfiguration } from '../domain/configuration.ts';
import { AppError, isAppError } from '../domain/error.ts';
import { readAlertmanager } from '../intake/alertmanager.ts';
import { authenticateSource } from '../intake/authentication.ts';
import { readCloudEvents } from '../intake/cloudevents.ts';
import type { IntakeRequest, IntakeResult } from '../intake/element.ts';
import { compileMapping, type CompiledMapping } from '../intake/generic.ts';
import { readJsonText } from '../intake/json-text.ts';
import { lineageOf, type EventLineage } from '../intake/openlineage.ts';
import type { Router } from '../intake/routing.ts';
import type { Intake, WebhookRequest } from './dependencies.ts';

/** The sources and the routes of one configuration. */
export interface IntakeConfiguration {
  readonly sources: readonly SourceConfiguration[];
  readonly router: Pick<Router, 'route'>;
}

function proves(source: SourceConfiguration, request: WebhookRequest): boolean {
  const { headers, raw: body, receivedAt: now } = request;
  try {
    authenticateSource(source.authentication, { headers, body, now });
    return true;
  } catch (error) {
    // Why it failed is nobody's business but ours; a source without a usable secret is our own mistake.
    if (isAppError(error) && error.code === 'unauthorized') return false;
    throw error;
  }
}

function compileMappings(
  sources: readonly SourceConfiguration[],
): ReadonlyMap<string, CompiledMapping> {
  return new Map(
    sources.flatMap(({ name, mapping }) =>
      mapping === null ? [] : [[name, compileMapping(mapping)] as const],
    ),
  );
}

/**
 * Intake over a configuration, its mappings compiled once. Raises `invalid` when a mapping does not type-check.
 */
export function createIntake(configuration: IntakeConfiguration): Intake {
  const { sources, router } = configuration;
  const mappings = compileMappings(sources);

  const read = (source: SourceConfiguration, request: IntakeRequest): IntakeResult => {
    switch (source.kind) {
      case 'alertmanager':
        return readAlertmanager(request);
      case 'cloudevents':
        return readCloudEvents(request);
      case 'generic': {
        const mapping = mappings.get(source.name);
        if (mapping === undefined) {
          throw new AppError('internal', `Source ${source.name} has no mapping.`);
        }
        return mapping.read(request);
      }
    }
  };

  return {
    // Every candidate is tried, so that the time it takes does not tell which one nearly fitted.
    authenticate: (request) =>
      sources
        .filter(({ kind, name }) => kind === request.kind && (request.source ?? name) === name)
        .filter((source) => proves(source, request))[0] ?? null,
    source: (name) => sources.find((source) => source.name === name) ?? null,
    parse: (source, { raw, headers, receivedAt }) => {
      const result = read(source, {
        body: raw,
        headers,
        source,
        receivedAt: receivedAt.toISOString(),
      });
      return [
        ...result.alerts.map((incoming) => ({ kind: 'alert' as const, incoming })),
        ...result.quarantined.map((alert) => ({ kind: 'quarantined' as const, alert })),
      ];
    },
    isWatchdog: ({ watchdog }, { alert }) =>
      watchdog !== undefined &&
      watchdog !== null &&
      alert.labels['alertname'] === watchdog.alertname,
    route: (incoming) => router.route(incoming).routing,
  };
}

/**
 * What the bytes of one OpenLineage event tell, read within the same limits as alerts. Raises `invalid` naming the
 * field, and `too_large`.
 */
export function lineageOfBytes(body: Uint8Array): EventLineage {
  return lineageOf(readJsonText(body));
}
