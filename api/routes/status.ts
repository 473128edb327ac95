import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { statusEndpoints } from '../schema/status.ts';

/** How long a dependency may take to say that it is there, in milliseconds. */
const CHECK_MS = 2_000;

/** True when the check holds in time; why it does not is in the log. */
async function holds(
  check: () => Promise<boolean>,
  log: ApiDependencies['log'],
  name: string,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, CHECK_MS, false);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    log.warn({ err: error, check: name }, 'not ready');
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Registers what watches over the process ask: alive, ready, which version, metrics. */
export function registerStatus(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, temporalReady, metrics, log } = dependencies;

  api.route({
    ...statusEndpoints.health,
    config: { access: 'public' },
    handler: () => ({ status: 'ok' as const }),
  });

  api.route({
    ...statusEndpoints.ready,
    config: { access: 'public' },
    handler: async (_request, reply) => {
      const ping = async (): Promise<boolean> => {
        await store.ping();
        return true;
      };
      const [database, temporal] = await Promise.all([
        holds(ping, log, 'database'),
        holds(temporalReady, log, 'temporal'),
      ]);
      const ready = database && temporal;
      return reply.code(ready ? 200 : 503).send({
        ready,
        checks: [
          { name: 'database', ready: database },
          { name: 'temporal', ready: temporal },
        ],
      });
    },
  });

  api.route({
    ...statusEndpoints.version,
    config: { access: 'public' },
    handler: () => ({ name: 'firebreak' as const, version: dependencies.version }),
  });

  api.route({
    method: 'GET',
    url: '/metrics',
    schema: { summary: 'Metrics in the Prometheus text format' },
    config: { access: READERS },
    handler: async (_request, reply) =>
      reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  });
}
