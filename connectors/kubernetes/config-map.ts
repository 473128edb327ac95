import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { CONFIG_MAPS } from './kind.ts';
import { configMapManifest } from './manifest.ts';

/** Probe `config-map`: `exists` is false when there is none. */
export function createConfigMapProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: configMapManifest,
    read: async (input, context) => {
      const configMap = await client.find(CONFIG_MAPS, input, context);
      const exists = configMap !== null;
      return { value: { exists, data: configMap?.data ?? {} }, truncated: false };
    },
  });
}
