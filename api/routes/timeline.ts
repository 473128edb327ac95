import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { authenticate, callerOf, READERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { streamFacts } from '../event-stream.ts';
import { createFactHub } from '../fact-hub.ts';
import { API_PREFIX, idParams } from '../schema/value.ts';
import { requireIncident } from '../sight.ts';

const SEQUENCE_DIGITS_MAX = 15;

/** The sequence that a reader names, 0 for none. Raises `invalid` naming `field`. */
function sequenceOf(text: string | undefined, field: string): number {
  if (text === undefined || text === '') return 0;
  if (/^\d+$/.test(text) && text.length <= SEQUENCE_DIGITS_MAX) return Number(text);
  throw new AppError('invalid', 'This is not the sequence of a fact.', { field });
}

/** Registers the facts of an incident, page by page. */
export function registerTimeline(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store } = dependencies;
  app.withTypeProvider<ZodTypeProvider>().route({
    ...incidentEndpoints.timeline,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { params, query } = request;
      const asked = { id: params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked);
      // Cursors of one incident mean nothing in another.
      const list = `timeline/${incident.id}`;
      const after = sequenceOf(openCursor(list, query.cursor) ?? undefined, 'cursor');
      const [items, head] = await Promise.all([
        store.facts.page(incident.id, after, query.limit),
        store.facts.head(incident.id),
      ]);
      const last = items.at(-1)?.sequence ?? after;
      const next = items.length === query.limit ? last.toString() : null;
      return { items, next: sealCursor(list, next), head };
    },
  });
}

/** Begins the answer of a stream; the answer's end is then the stream's own affair. */
function beginStream(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  reply.hijack();
  const gone = new AbortController();
  request.raw.socket.once('close', () => {
    gone.abort();
  });
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.setHeader('content-type', 'text/event-stream; charset=utf-8');
  reply.raw.setHeader('x-accel-buffering', 'no');
  reply.raw.writeHead(200);
  return gone.signal;
}

/** Registers the stream of an incident's facts, which goes on after `Last-Event-ID`. */
export function registerEvents(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store } = dependencies;
  const limits = { ...API_LIMITS, ...dependencies.limits };
  const hub = createFactHub(store, dependencies.log);
  const stopping = new AbortController();
  const streams = new Set<Promise<void>>();

  // Before the server waits for its connections: a stream would never end by itself.
  app.addHook('preClose', async () => {
    stopping.abort();
    await Promise.allSettled(streams);
    await hub.close();
  });

  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/events`,
    schema: {
      summary: 'Facts as server-sent events; goes on after Last-Event-ID',
      params: idParams,
      produces: ['text/event-stream'],
    },
    config: { access: READERS, reach: 'object' },
    handler: async (request, reply) => {
      const header = request.headers['last-event-id'];
      const after = sequenceOf(typeof header === 'string' ? header : undefined, 'last-event-id');
      const asked = { id: request.params.id, caller: callerOf(request) };
      const { id } = await requireIncident(dependencies, asked);
      if (streams.size >= limits.streams) {
        throw new AppError('unavailable', 'Too many event streams are open.');
      }
      const gone = beginStream(request, reply);
      const stream = streamFacts({
        response: reply.raw,
        after,
        read: async (last, limit) => {
          // Who lost the token, the role or the incident meanwhile reads nothing more.
          const [caller, facts] = await Promise.all([
            authenticate(request, store.people, {
              access: READERS,
              scope: 'read',
              reach: 'object',
            }),
            store.facts.page(id, last, limit),
          ]);
          await requireIncident(dependencies, { id, caller });
          return facts;
        },
        subscribe: (wake) => hub.subscribe(id, wake),
        heartbeatMs: limits.heartbeatMs,
        stallMs: limits.streamStallMs,
        signal: AbortSignal.any([stopping.signal, gone]),
      }).catch((error: unknown) => {
        // The answer has begun: the reader comes back by itself, the cause is in the log.
        request.log.warn({ err: error }, 'event stream ended early');
      });
      streams.add(stream);
      await stream;
      streams.delete(stream);
    },
  });
}
