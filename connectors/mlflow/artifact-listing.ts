import { defineProbe, type AnyProbe } from '../connector.ts';
import { listArtifacts, locateArtifacts } from './artifact-store.ts';
import type { MlflowClient } from './client.ts';
import { artifactListingManifest } from './manifest.ts';

/**
 * Probe `artifact-listing`: `{files: [{path, bytes}]}` sorted by path, `bytes` null where the store does not say. No
 * file is read. Raises `not_found`, `unsupported` (files outside the artefact proxy) and `too_large` (1000 files).
 */
export function createArtifactListingProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: artifactListingManifest,
    read: async (input, context) => {
      const root = await locateArtifacts(client, input, context);
      const files = await listArtifacts(client, root, context);
      return { value: { files: files.map((file) => ({ ...file })) }, truncated: false };
    },
  });
}
