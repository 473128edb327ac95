import { defineProbe, parseWith, type Connector } from '../connector.ts';
import { createMarquezClient } from './client.ts';
import { events } from './events.ts';
import { lineage } from './lineage.ts';
import { openlineageConfig } from './manifest.ts';

/** An OpenLineage connector (Marquez) from its configuration. Raises `invalid` naming the field. */
export function create(config: unknown): Connector {
  const client = createMarquezClient(
    parseWith(openlineageConfig, config, { code: 'invalid', name: 'openlineage' }),
  );
  return {
    name: 'openlineage',
    actions: {},
    probes: { events: defineProbe(events(client)), lineage: defineProbe(lineage(client)) },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
