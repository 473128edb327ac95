import { defineProbe, parseWith, type Connector } from '../connector.ts';
import { createLokiClient } from './client.ts';
import { lokiConfig } from './manifest.ts';
import { queryRange } from './query-range.ts';

/** A Loki connector from its configuration. Raises `invalid` naming the field. */
export function create(config: unknown): Connector {
  const client = createLokiClient(parseWith(lokiConfig, config, { code: 'invalid', name: 'loki' }));
  return {
    name: 'loki',
    actions: {},
    probes: { 'query-range': defineProbe(queryRange(client)) },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
