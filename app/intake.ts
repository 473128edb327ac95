import type { Intake, ParsedAlert, WebhookRequest } from '../api/dependencies.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { AppError, isAppError } from '../domain/error.ts';
import { readAlertmanager } from '../intake/alertmanager.ts';
import { authenticateSource } from '../intake/authentication.ts';
import { readCloudEvents } from '../intake/cloudevents.ts';
import type { IntakeRequest, IntakeResult } from '../intake/element.ts';
import { compileMapping, type CompiledMapping } from '../intake/generic.ts';
import type { Router } from '../intake/routing.ts';

/** Sources as intake knows them now; tokens may be added while it runs. */
export interface IntakeOptions {
  readonly sources: readonly SourceConfiguration[];
  readonly router: Router;
}

/** Intake for the API: pure functions over the configured sources and the router. */
export function createIntake(options: IntakeOptions): Intake {
  const mappings = new Map<string, CompiledMapping>();
  for (const { name, mapping } of options.sources) {
    if (mapping !== null) mappings.set(name, compileMapping(mapping));
  }
  return {
    authenticate: (request) => authenticate(options.sources, request),
    parse: (source, request) => parsedOf(read(source, request, mappings)),
    route: (incoming) => options.router.route(incoming).routing,
  };
}

/** The one source whose credential the request proves: every candidate is tried, so timing tells nothing. */
function authenticate(
  sources: readonly SourceConfiguration[],
  request: WebhookRequest,
): SourceConfiguration | null {
  const candidates = sources.filter(
    ({ name, kind }) =>
      kind === request.kind && (request.source === null || request.source === name),
  );
  const proven = candidates.filter((source) => proves(source, request));
  return proven[0] ?? null;
}

function proves(source: SourceConfiguration, request: WebhookRequest): boolean {
  try {
    const { headers, raw, receivedAt } = request;
    authenticateSource(source.authentication, { headers, body: raw, now: receivedAt });
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === 'unauthorized') return false;
    throw error;
  }
}

function read(
  source: SourceConfiguration,
  request: WebhookRequest,
  mappings: ReadonlyMap<string, CompiledMapping>,
): IntakeResult {
  const asked: IntakeRequest = {
    body: request.raw,
    headers: { ...request.headers, 'content-type': request.contentType },
    source: { name: source.name, ignoreLabels: source.ignoreLabels },
    receivedAt: request.receivedAt.toISOString(),
  };
  switch (source.kind) {
    case 'alertmanager':
      return readAlertmanager(asked);
    case 'cloudevents':
      return readCloudEvents(asked);
    case 'generic': {
      const mapping = mappings.get(source.name);
      if (!mapping)
        throw new AppError('invalid', 'This source has no mapping.', { field: 'source' });
      return mapping.read(asked);
    }
  }
}

function parsedOf(result: IntakeResult): readonly ParsedAlert[] {
  return [
    ...result.alerts.map((incoming): ParsedAlert => ({ kind: 'alert', incoming })),
    ...result.quarantined.map((alert): ParsedAlert => ({ kind: 'quarantined', alert })),
  ];
}
