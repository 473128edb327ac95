import { createHash } from 'node:crypto';
import { defineProbe, type AnyProbe } from '../connector.ts';
import { digestFiles, locateArtifacts, type DigestedFile } from './artifact-store.ts';
import type { MlflowClient } from './client.ts';
import { artifactDigestManifest } from './manifest.ts';

/** SHA-256 (hex) of one file as it is; of several, of their lines `path NUL sha256 LF` sorted by path. */
export function digestOfFiles(files: readonly DigestedFile[]): string {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only.sha256;
  const hash = createHash('sha256');
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${file.path}\0${file.sha256}\n`);
  }
  return hash.digest('hex');
}

/**
 * Probe `artifact-digest`: `{sha256, bytes, files: [{path, sha256, bytes}]}` of the bytes as served now. Raises
 * `not_found`, `unsupported` (files outside the artefact proxy) and `too_large` (2 GiB, 1000 files).
 */
export function createArtifactDigestProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: artifactDigestManifest,
    read: async (input, context) => {
      const root = await locateArtifacts(client, input, context);
      const files = await digestFiles(client, root, context);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const value = {
        sha256: digestOfFiles(files),
        bytes,
        files: files.map((file) => ({ ...file })),
      };
      return { value, truncated: false };
    },
  });
}
