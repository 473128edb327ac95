import { z } from 'zod';
import { parseWith, type Connector } from '../connector.ts';
import { healthOf } from '../health.ts';
import { healthContext } from '../http.ts';
import { createAliasProbe } from './alias.ts';
import { createArtifactDigestProbe } from './artifact-digest.ts';
import { createArtifactListingProbe } from './artifact-listing.ts';
import { createMlflowClient } from './client.ts';
import { createFindVersionProbe } from './find-version.ts';
import { createHoldAlias } from './hold-alias.ts';
import { manifest, mlflowConfig } from './manifest.ts';
import { createModelProbe } from './model.ts';
import { createModelVersionsProbe } from './model-versions.ts';
import { createModelsProbe } from './models.ts';
import { createMoveAlias } from './move-alias.ts';
import { createRunProbe } from './run.ts';
import { createSetTag } from './set-tag.ts';
import { createVersionProbe, createVersionsProbe } from './versions.ts';

/** A connector to one MLflow server. Raises `invalid` for a configuration that does not parse. */
export function create(config: unknown): Connector {
  const client = createMlflowClient(
    parseWith(mlflowConfig, config, { code: 'invalid', name: 'config' }),
  );
  return {
    name: manifest.name,
    probes: {
      model: createModelProbe(client),
      versions: createVersionsProbe(client),
      version: createVersionProbe(client),
      alias: createAliasProbe(client),
      run: createRunProbe(client),
      'find-version': createFindVersionProbe(client),
      'artifact-digest': createArtifactDigestProbe(client),
      'artifact-listing': createArtifactListingProbe(client),
      models: createModelsProbe(client),
      'model-versions': createModelVersionsProbe(client),
    },
    actions: {
      'move-alias': createMoveAlias(client),
      'hold-alias': createHoldAlias(client),
      'set-tag': createSetTag(client),
    },
    health: (signal) =>
      healthOf(async () => {
        // `/version` needs no right, so a search says whether the registry may be read.
        const context = healthContext(signal);
        const query = { max_results: 1 };
        const permission = 'registered models: READ';
        await client.get(
          { path: ['registered-models', 'search'], query, schema: z.looseObject({}), permission },
          context,
        );
        return client.serverVersion(context);
      }, client.http),
    close: () => client.http.close(),
  };
}
