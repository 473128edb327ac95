import { defineProbe, type AnyProbe } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { modelVersionsManifest } from './manifest.ts';
import { nextOf } from './models.ts';
import { modelVersionsReply, type ModelVersion } from './reply-schema.ts';
import { versionView } from './versions.ts';

const PAGE_SIZE = 500;

function updatedAt({ last_updated_timestamp: at }: ModelVersion): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

/**
 * Probe `model-versions`: `{versions: [{name, updatedAt, …}], next}` in the words of `versions`, 500 a page over all
 * models, oldest first, so that what comes in meanwhile is at the end; `next` is null after the last.
 */
export function createModelVersionsProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: modelVersionsManifest,
    read: async ({ page }, context) => {
      const reply = await client.get(
        {
          path: ['model-versions', 'search'],
          query: {
            max_results: PAGE_SIZE,
            order_by: 'creation_timestamp ASC',
            page_token: page ?? undefined,
          },
          schema: modelVersionsReply,
          permission: 'registered models: READ',
        },
        context,
      );
      const versions = reply.model_versions.map((version) => ({
        name: version.name,
        updatedAt: updatedAt(version),
        ...versionView(version),
      }));
      return { value: { versions, next: nextOf(reply.next_page_token) }, truncated: false };
    },
  });
}
