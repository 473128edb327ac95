import type { ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { AppError } from '../domain/error.ts';
import { guardRoutes } from './auth.ts';
import { answerExpectations, refuseConnection, requirePlainRequest } from './connection.ts';
import { API_LIMITS, type ApiDependencies } from './dependencies.ts';
import { measureRequests } from './request-metrics.ts';
import { problemOf, PROBLEM_TYPE, requestError, retryAfterOf, statusOf } from './problem.ts';
import { registerAlerts } from './routes/alerts.ts';
import { registerApprovalPages } from './routes/approval-page.ts';
import { registerApprovals } from './routes/approvals.ts';
import { registerBreakGlass } from './routes/break-glass.ts';
import { registerClocks } from './routes/clocks.ts';
import { registerCommands } from './routes/commands.ts';
import { registerConfiguration } from './routes/configuration.ts';
import { registerEvidence, registerEvidenceBytes } from './routes/evidence.ts';
import { registerHalts } from './routes/halts.ts';
import { registerIncidents } from './routes/incidents.ts';
import { registerIssuer } from './routes/issuer.ts';
import { registerLegalHolds } from './routes/legal-holds.ts';
import { registerLineage } from './routes/lineage.ts';
import { registerPeople } from './routes/people.ts';
import { registerPlans } from './routes/plans.ts';
import { registerPlaybooks } from './routes/playbooks.ts';
import { registerSync } from './routes/sync.ts';
import { registerPostmortem } from './routes/postmortem.ts';
import { registerOnCall } from './routes/on-call.ts';
import { registerSelfWatch } from './routes/self-watch.ts';
import { registerSilences } from './routes/silences.ts';
import { registerRules } from './routes/rules.ts';
import { registerSources } from './routes/sources.ts';
import { registerSlack } from './routes/slack.ts';
import { registerRouteReport } from './routes/route-report.ts';
import { registerSignIn } from './routes/sign-in.ts';
import { registerStatus } from './routes/status.ts';
import { registerEvents, registerTimeline } from './routes/timeline.ts';
import { registerUpdates } from './routes/updates.ts';
import { registerScope } from './scope.ts';

const DOCS_PREFIX = '/docs';
const PARAMETER_CHARACTERS_MAX = 200;
const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 72_000;
const HEADERS_MS = 10_000;
/** How often Node looks for requests that take too long to arrive. */
const CONNECTION_CHECK_MS = 1_000;

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The API's description loads its own scripts and styles, nothing else. */
const DOCS_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

/** What every answer carries, whatever it says. */
function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = requestError(error);
  const status = statusOf(known);
  if (status >= 500) request.log.error({ err: error, code: known.code }, 'request failed');
  const retryAfter = retryAfterOf(known);
  if (retryAfter !== null) void reply.header('retry-after', retryAfter.toString());
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  // Serialised here: an error answer must not depend on a route's response schema.
  return reply
    .code(status)
    .header('content-type', PROBLEM_TYPE)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problemOf(known, request.id));
}

/** A browser's page of another origin has no business here; `null` is such an origin. */
function refuseForeignOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  if (origin === undefined) return;
  const parsed = URL.canParse(origin) ? new URL(origin) : null;
  if (parsed !== null && parsed.host === host) return;
  throw new AppError('refused', 'Requests from other origins are refused.', { field: 'origin' });
}

/** A server that speaks TLS and nothing else, with the limits of the plain one. */
function tlsServer(
  tls: NonNullable<ApiDependencies['tls']>,
  options: ServerOptions & { readonly requestTimeout: number },
): FastifyServerFactory {
  return (handler) => {
    const server = createHttpsServer({ ...options, ...tls, handshakeTimeout: HEADERS_MS }, handler);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    return server;
  };
}

function createServer(dependencies: ApiDependencies): FastifyInstance {
  const limits = { ...API_LIMITS, ...dependencies.limits };
  const http = {
    maxHeaderSize: HEADER_BYTES_MAX,
    connectionsCheckingInterval: CONNECTION_CHECK_MS,
    // Looked at with our own words: see requirePlainRequest.
    requireHostHeader: false,
    // Node swaps the two when headers may take longer than the whole request.
    headersTimeout: Math.min(HEADERS_MS, limits.requestMs),
  };
  const { tls } = dependencies;
  return fastify({
    ...(tls === undefined
      ? { http }
      : { serverFactory: tlsServer(tls, { ...http, requestTimeout: limits.requestMs }) }),
    loggerInstance: dependencies.log,
    // Requests are logged by route, with the person and without the query: see request-metrics.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS_MAX },
    exposeHeadRoutes: false,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      const usable = typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given);
      return usable ? given : dependencies.newId();
    },
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket, dependencies.newId());
    },
    frameworkErrors: (error, request, reply) => {
      markAnswer(request, reply);
      void sendProblem(error, request, reply);
    },
  });
}

/** A stopping server no longer looks at time-outs: whoever then sends a body for ever is cut off. */
function boundStop(app: FastifyInstance, stopMs: number): void {
  app.addHook('preClose', (done) => {
    const timer = setTimeout(() => {
      app.server.closeAllConnections();
    }, stopMs);
    app.server.once('close', () => {
      clearTimeout(timer);
    });
    timer.unref();
    done();
  });
}

function describe(app: FastifyInstance, dependencies: ApiDependencies): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Firebreak',
        description: 'Durable incident response for AI systems.',
        version: dependencies.version,
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });
  void app.register(swaggerUi, { routePrefix: DOCS_PREFIX, staticCSP: DOCS_POLICY });
}

/**
 * The HTTP API over what it is given; it listens nowhere by itself. Every answer that is not a success is
 * problem+json with an error code and the request's id. Closing it ends event streams and finishes requests.
 */
export function createApi(dependencies: ApiDependencies): FastifyInstance {
  const app = createServer(dependencies);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // Only JSON: a plain-text body on a JSON route is a confusion that pays attackers.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new AppError('not_found', 'There is nothing here.'), request, reply),
  );
  app.addHook('onRequest', async (request, reply) => {
    markAnswer(request, reply);
    requirePlainRequest(request);
    refuseForeignOrigin(request);
  });
  answerExpectations(app);
  boundStop(app, dependencies.limits?.stopMs ?? API_LIMITS.stopMs);
  measureRequests(app, dependencies);
  const { people, accounts } = dependencies.store;
  const { clock, entrance } = dependencies;
  const signIn = { accounts, clock, encrypted: entrance.encrypted };
  guardRoutes(app, { people, signIn }, DOCS_PREFIX);
  describe(app, dependencies);
  registerScope(app, 'routes', (routes) => {
    for (const register of REGISTRATIONS) register(routes, dependencies);
  });
  return app;
}

/** One resource a line. */
const REGISTRATIONS = [
  registerStatus,
  registerAlerts,
  registerLineage,
  registerSync,
  registerIncidents,
  registerCommands,
  registerHalts,
  registerLegalHolds,
  registerUpdates,
  registerPlans,
  registerTimeline,
  registerEvents,
  registerApprovals,
  registerBreakGlass,
  registerEvidence,
  registerEvidenceBytes,
  registerPostmortem,
  registerClocks,
  registerPlaybooks,
  registerRouteReport,
  registerPeople,
  registerSources,
  registerSilences,
  registerSelfWatch,
  registerOnCall,
  registerConfiguration,
  registerRules,
  registerSlack,
  registerSignIn,
  registerIssuer,
  registerApprovalPages,
] as const;
