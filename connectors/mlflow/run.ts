import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { runManifest } from './manifest.ts';
import type { Run } from './reply-schema.ts';

/** Datasets that went into a run: `{name, digest, sourceType, source, tags}`. The digest is a fingerprint, no proof. */
export function datasetsOf(run: Run): readonly Json[] {
  return run.inputs.dataset_inputs.map(({ dataset, tags }) => ({
    name: dataset.name,
    digest: dataset.digest,
    sourceType: dataset.source_type,
    source: dataset.source,
    tags,
  }));
}

/** Probe `run`: `{status, metrics, params, tags, datasets}`; a metric that is no number is null. Raises `not_found`. */
export function createRunProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: runManifest,
    read: async (input, context) => {
      const run = await client.run(input.runId, context);
      const { metrics, params, tags } = run.data;
      const value = {
        status: run.info.status,
        metrics,
        params,
        tags,
        datasets: datasetsOf(run),
      };
      return { value, truncated: false };
    },
  });
}
