import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { aliasManifest } from './manifest.ts';

/** Probe `alias`: `{version}`, null when the alias does not exist. Raises `not_found` for an unknown model. */
export function createAliasProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: aliasManifest,
    read: async (input, context) => ({
      value: { version: await client.alias(input.name, input.alias, context) },
      truncated: false,
    }),
  });
}
