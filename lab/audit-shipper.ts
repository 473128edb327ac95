import type { JsonObject } from '../domain/json.ts';
import { createJsonClient } from './scenario/json-client.ts';

/** Carries a cluster's audit events to Loki. */
export interface AuditShipper {
  readonly ship: (event: JsonObject) => void;
  /** Resolves when everything shipped so far has arrived. */
  readonly drained: () => Promise<void>;
}

const NANOSECONDS = '000000';

/** Ships audit events to Loki as a log agent does: one after the other, losing none. */
export function createAuditShipper(lokiUrl: string): AuditShipper {
  const loki = createJsonClient(lokiUrl);
  let last: Promise<unknown> = Promise.resolve();
  return {
    ship: (event) => {
      const values = [[`${Date.now().toString()}${NANOSECONDS}`, JSON.stringify(event)]];
      const streams = [{ stream: { job: 'kubernetes-audit' }, values }];
      last = last
        .then(() => loki.send('POST', '/loki/api/v1/push', { body: { streams } }))
        .catch(() => undefined);
    },
    drained: async () => {
      await last;
    },
  };
}
