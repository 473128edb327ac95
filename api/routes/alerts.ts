import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SourceConfiguration } from '../../domain/configuration.ts';
import { AppError, isAppError } from '../../domain/error.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Delivery } from '../../store/tables.ts';
import { bearerOf } from '../auth.ts';
import { createBatcher, type Batcher } from '../batch.ts';
import { acceptedSchema } from '../contract.ts';
import {
  API_LIMITS,
  type ApiDependencies,
  type ParsedAlert,
  type WebhookRequest,
} from '../dependencies.ts';
import { acceptRawBody, mediaTypeOf, rawBodyOf } from '../raw-body.ts';
import { API_PREFIX, nameSchema } from '../schema/value.ts';
import { registerScope } from '../scope.ts';

const JSON_ONLY = new Set(['application/json']);
const sourceQuery = z.looseObject({ source: nameSchema.optional() });

/** Headers that are kept with the raw bytes: what says what came in, never a credential. */
const KEPT_HEADERS = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp'] as const;

/** Every header as it came: Node itself drops or joins repeated ones, and a repeated credential must be seen. */
function headersOf(request: FastifyRequest): WebhookRequest['headers'] {
  const { rawHeaders } = request.raw;
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  const pairs = [...headers].map(([name, values]) => {
    const [first = ''] = values;
    return [name, values.length === 1 ? first : values] as const;
  });
  return Object.fromEntries(pairs);
}

function keptHeaders(headers: WebhookRequest['headers']): JsonObject {
  const names = Object.keys(headers).filter(
    (name) => name.startsWith('ce-') || KEPT_HEADERS.some((kept) => kept === name),
  );
  return Object.fromEntries(names.map((name) => [name, headers[name] ?? '']));
}

/** Our own trouble is always 503, so that the sender sends again; only `internal` stays what it is. */
function ownTrouble(error: unknown): AppError {
  if (isAppError(error) && (error.code === 'unavailable' || error.code === 'internal')) {
    return error;
  }
  return new AppError('unavailable', 'The alerts could not be stored now; send them again.', {
    cause: error,
  });
}

interface Intaking {
  readonly dependencies: ApiDependencies;
  readonly batcher: Batcher;
}

/** The kind of the route, and the source that the sender names; null when the credential tells. */
interface Sender {
  readonly kind: SourceConfiguration['kind'];
  readonly source: string | null;
}

function isWatchdog(
  { intake }: ApiDependencies,
  source: SourceConfiguration,
  parsed: ParsedAlert,
): boolean {
  return parsed.kind === 'alert' && intake.isWatchdog(source, parsed.incoming);
}

/** A sign of life opens nothing; it is kept like every alert. */
function routed(
  dependencies: ApiDependencies,
  source: SourceConfiguration,
  parsed: ParsedAlert,
): Delivery['alerts'][number] {
  if (parsed.kind === 'quarantined') return parsed;
  const quiet = isWatchdog(dependencies, source, parsed);
  return { ...parsed, routing: quiet ? null : dependencies.intake.route(parsed.incoming) };
}

/** Notes that a source is alive, when it says so: the alert itself is a repetition most of the time. */
async function noteLife(
  dependencies: ApiDependencies,
  { name }: SourceConfiguration,
  { alive, at }: { readonly alive: boolean; readonly at: string },
): Promise<void> {
  if (alive) await dependencies.store.selfWatch.watchdogSeen(name, at);
}

/**
 * The source that the request proves: by what the configuration says, else by a token of its own that was made for it. Such a token
 * is of one source, and is none for any other that the sender names.
 */
async function authenticated(
  { intake, store }: ApiDependencies,
  request: FastifyRequest,
  webhook: WebhookRequest,
): Promise<SourceConfiguration | null> {
  const configured = intake.authenticate(webhook);
  const token = configured === null ? bearerOf(request) : null;
  if (token === null) return configured;
  const name = await store.sources.byToken(sha256Hex(token));
  if (name === null || (webhook.source ?? name) !== name) return null;
  const source = intake.source(name);
  const takesTokens = source?.kind === webhook.kind && source.authentication.kind === 'bearer';
  return takesTokens ? source : null;
}

function sentTo(kind: Sender['kind'], named: { readonly source?: string | undefined }): Sender {
  return { kind, source: named.source ?? null };
}

/** Raises `unauthorized` without detail, `invalid` or `too_large` for the envelope, `unavailable` for our trouble. */
async function take({ dependencies, batcher }: Intaking, request: FastifyRequest, sender: Sender) {
  const headers = headersOf(request);
  const contentType = mediaTypeOf(request.headers['content-type']);
  const receivedAt = dependencies.clock();
  const raw = rawBodyOf(request);
  const webhook: WebhookRequest = { ...sender, headers, contentType, raw, receivedAt };
  const source = await authenticated(dependencies, request, webhook);
  if (source === null) throw new AppError('unauthorized', 'Unauthorized.');
  const parsed = dependencies.intake.parse(source, webhook);
  try {
    const at = receivedAt.toISOString();
    const alive = parsed.some(
      (one) =>
        isWatchdog(dependencies, source, one) &&
        one.kind === 'alert' &&
        one.incoming.alert.status === 'firing',
    );
    const [alerts] = await Promise.all([
      batcher.submit({
        source: source.name,
        contentType,
        headers: keptHeaders(headers),
        raw,
        receivedAt: at,
        alerts: parsed.map((one) => routed(dependencies, source, one)),
      }),
      noteLife(dependencies, source, { alive, at }),
    ]);
    return { alerts };
  } catch (error) {
    throw ownTrouble(error);
  }
}

/** Registers the webhooks: signatures over raw bytes, one commit for many deliveries, 202 after it. */
export function registerAlerts(app: FastifyInstance, dependencies: ApiDependencies): void {
  const limits = { ...API_LIMITS, ...dependencies.limits };
  const batcher = createBatcher({
    accept: (deliveries) => dependencies.store.alerts.accept(deliveries),
    waitMs: limits.batchWaitMs,
    alertsMax: limits.batchAlerts,
    pendingMax: limits.pendingAlerts,
    commitsMax: limits.batchCommits,
  });
  const intaking: Intaking = { dependencies, batcher };
  const response = { 202: acceptedSchema };

  registerScope(app, 'json alerts', (scope) => {
    acceptRawBody(scope, dependencies, JSON_ONLY);
    const api = scope.withTypeProvider<ZodTypeProvider>();
    api.route({
      method: 'POST',
      url: `${API_PREFIX}/alerts/alertmanager`,
      schema: { summary: 'Alertmanager webhook, version 4', querystring: sourceQuery, response },
      config: { access: 'source' },
      handler: async (request, reply) =>
        reply.code(202).send(await take(intaking, request, sentTo('alertmanager', request.query))),
    });
    api.route({
      method: 'POST',
      url: `${API_PREFIX}/alerts/generic/:source`,
      schema: {
        summary: 'Any JSON, mapped by the source configuration',
        params: z.strictObject({ source: nameSchema }),
        response,
      },
      config: { access: 'source' },
      handler: async (request, reply) =>
        reply.code(202).send(await take(intaking, request, sentTo('generic', request.params))),
    });
  });

  registerScope(app, 'cloudevents', (scope) => {
    // Binary mode carries any content type; the parser of CloudEvents refuses what it cannot read.
    acceptRawBody(scope, dependencies, null);
    scope.withTypeProvider<ZodTypeProvider>().route({
      method: 'POST',
      url: `${API_PREFIX}/alerts/cloudevents`,
      schema: {
        summary: 'CloudEvents 1.0: binary, structured, batch',
        querystring: sourceQuery,
        response,
      },
      config: { access: 'source' },
      handler: async (request, reply) =>
        reply.code(202).send(await take(intaking, request, sentTo('cloudevents', request.query))),
    });
  });
}
