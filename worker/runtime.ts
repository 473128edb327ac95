import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/** Sends what the Temporal SDK has to say, from warnings up, into our log. Once per process; later calls do nothing. */
export function installRuntime(log: Logger): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
        if (level === 'ERROR') log.error({ sdk: meta }, message);
        else log.warn({ sdk: meta }, message);
      }),
      telemetryOptions: {
        logging: {
          forward: {},
          filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }),
        },
      },
    });
  } catch (error) {
    log.debug({ err: error }, 'the Temporal runtime is installed already');
  }
}
