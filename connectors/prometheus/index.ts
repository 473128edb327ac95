import { parseWith, type Connector } from '../connector.ts';
import { healthOf } from '../health.ts';
import { healthContext } from '../http.ts';
import { createPrometheusClient } from './client.ts';
import { manifest, prometheusConfig } from './manifest.ts';
import { createQueryProbe } from './query.ts';
import { createRangeProbe } from './range.ts';
import { buildInfoReply } from './reply-schema.ts';

/** A connector to one Prometheus. Raises `invalid` for a configuration that does not parse. */
export function create(config: unknown): Connector {
  const client = createPrometheusClient(
    parseWith(prometheusConfig, config, { code: 'invalid', name: 'config' }),
  );
  return {
    name: manifest.name,
    probes: { query: createQueryProbe(client), range: createRangeProbe(client) },
    actions: {},
    health: (signal) =>
      healthOf(async () => {
        const info = { path: ['status', 'buildinfo'], schema: buildInfoReply };
        return (await client.get(info, healthContext(signal))).data.version;
      }, client),
    close: () => client.close(),
  };
}
