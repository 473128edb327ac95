import type { JsonObject } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { equalsFilter } from './filter.ts';
import { versionManifest, versionsManifest } from './manifest.ts';
import type { ModelVersion } from './reply-schema.ts';

/** Tag under which the SHA-256 of a version's files is recorded when it is registered. */
export const DIGEST_TAG = 'sha256';

/** The digest that a version's tag records, or null. */
export function recordedDigest(version: ModelVersion): string | null {
  return version.tags[DIGEST_TAG] ?? null;
}

/** A version as probes show it. */
export function versionView(version: ModelVersion): JsonObject {
  const created = version.creation_timestamp;
  return {
    version: version.version,
    createdAt: created === undefined ? null : new Date(created).toISOString(),
    digest: recordedDigest(version),
    runId: version.run_id === undefined || version.run_id === '' ? null : version.run_id,
    source: version.source ?? null,
    status: version.status,
    tags: version.tags,
  };
}

/** Probe `versions`: `{versions: [{version, createdAt, digest, runId, source, status, tags}]}`, newest first. */
export function createVersionsProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: versionsManifest,
    read: async (input, context) => {
      // A search for an unknown model is an empty list: asking for the model tells the two apart.
      await client.registeredModel(input.name, context);
      const found = await client.search(equalsFilter('name', input.name), context);
      return { value: { versions: found.versions.map(versionView) }, truncated: found.truncated };
    },
  });
}

/** Probe `version`: one version in the words of `versions`. Raises `not_found`. */
export function createVersionProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: versionManifest,
    read: async (input, context) => {
      const version = await client.version(input.name, input.version, context);
      return { value: versionView(version), truncated: false };
    },
  });
}
