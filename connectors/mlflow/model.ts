import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { modelManifest } from './manifest.ts';

/** Probe `model`: `{name, aliases: {alias: version}, tags}`. Raises `not_found`. */
export function createModelProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: modelManifest,
    read: async (input, context) => {
      const { name, aliases, tags } = await client.registeredModel(input.name, context);
      return { value: { name, aliases, tags }, truncated: false };
    },
  });
}
