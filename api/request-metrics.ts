import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram } from 'prom-client';
import type { ApiDependencies } from './dependencies.ts';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts and times requests by route (never by path, which a stranger chooses), and logs each one. */
export function measureRequests(app: FastifyInstance, dependencies: ApiDependencies): void {
  const registers = [dependencies.metrics];
  const durations = new Histogram({
    name: 'firebreak_http_request_duration_seconds',
    help: 'Duration of HTTP requests, in seconds.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  new Gauge({
    name: 'firebreak_outbox_depth',
    help: 'Rows that the relay has not delivered yet.',
    registers,
    async collect() {
      try {
        this.set(await dependencies.store.outbox.depth());
      } catch (error) {
        // Metrics are needed most when the database is down: the others are still told.
        dependencies.log.warn({ err: error }, 'the outbox depth is unknown');
      }
    },
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.statusCode.toString();
    durations.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
    request.log.debug(
      { method: request.method, route, status, person: request.caller?.person.id ?? null },
      'request',
    );
    done();
  });
}
