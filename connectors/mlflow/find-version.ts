import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { equalsFilter, tagAttribute } from './filter.ts';
import { findVersionManifest } from './manifest.ts';
import { datasetsOf } from './run.ts';
import { recordedDigest } from './versions.ts';

const NONE = { version: null, runId: null, metrics: {}, digest: null, datasets: [] };

/**
 * Probe `find-version`: `{version, runId, metrics, digest, datasets}` of the newest version with the tag; `version` is
 * null when there is none. Raises `not_found` for an unknown model.
 */
export function createFindVersionProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: findVersionManifest,
    read: async (input, context) => {
      // A search for an unknown model is an empty list: asking for the model tells the two apart.
      await client.registeredModel(input.name, context);
      const name = equalsFilter('name', input.name);
      const tag = equalsFilter(tagAttribute(input.tag), input.value);
      const found = await client.search(`${name} AND ${tag}`, context);
      const newest = found.versions.find(
        (version) => version.name === input.name && version.tags[input.tag] === input.value,
      );
      if (newest === undefined) return { value: NONE, truncated: found.truncated };
      const { version, run_id: runId } = newest;
      const digest = recordedDigest(newest);
      if (runId === undefined || runId === '') {
        return { value: { ...NONE, version, digest }, truncated: false };
      }
      const run = await client.run(runId, context);
      const datasets = datasetsOf(run);
      const value = { version, runId, metrics: run.data.metrics, digest, datasets };
      return { value, truncated: false };
    },
  });
}
