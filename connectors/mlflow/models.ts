import { defineProbe, type AnyProbe, type CallContext } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { modelsManifest } from './manifest.ts';
import { registeredModelsReply, type RegisteredModel } from './reply-schema.ts';

const PAGE_SIZE = 200;

/** Some servers answer searches without aliases: what a search says to have none is asked itself. */
async function withAliases(
  client: MlflowClient,
  found: readonly RegisteredModel[],
  context: CallContext,
): Promise<readonly RegisteredModel[]> {
  const models: RegisteredModel[] = [];
  for (const model of found) {
    const isBare = Object.keys(model.aliases).length === 0;
    models.push(isBare ? await client.registeredModel(model.name, context) : model);
    context.heartbeat({ models: models.length });
  }
  return models;
}

/** The token of the page that follows; null after the last. */
export function nextOf(token: string | undefined): string | null {
  return token === undefined || token === '' ? null : token;
}

/** Probe `models`: `{models: [{name, aliases: {alias: version}, tags}], next}`, 200 a page; `next` is null after the last. */
export function createModelsProbe(client: MlflowClient): AnyProbe {
  return defineProbe({
    manifest: modelsManifest,
    read: async ({ page }, context) => {
      const reply = await client.get(
        {
          path: ['registered-models', 'search'],
          query: { max_results: PAGE_SIZE, page_token: page ?? undefined },
          schema: registeredModelsReply,
          permission: 'registered models: READ',
        },
        context,
      );
      const models = await withAliases(client, reply.registered_models, context);
      const next = nextOf(reply.next_page_token);
      const value = { models: models.map(({ name, aliases, tags }) => ({ name, aliases, tags })) };
      return { value: { ...value, next }, truncated: false };
    },
  });
}
