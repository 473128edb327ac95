import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { createMlflowTwin } from '../../lab/mlflow/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-mlflow-51b7e0';
const MODEL = 'fraud-scorer';
const ALIAS = 'champion';

type Send = (method: string, path: string, body?: Json) => Promise<Json>;

function sender(url: string): Send {
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/2.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${CANARY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status.toString()}`);
    return z.json().parse(await response.json());
  };
}

const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

/** A model with two versions made by runs, and an alias on the second. */
async function seed(send: Send): Promise<string> {
  await send('POST', 'mlflow/registered-models/create', { name: MODEL });
  let runId = '';
  for (const version of ['1', '2', '3']) {
    const made = await send('POST', 'mlflow/runs/create', { experiment_id: '0' });
    runId = runReply.parse(made).run.info.run_id;
    await send('PUT', `mlflow-artifacts/artifacts/0/${runId}/artifacts/model/model.bin`, version);
    await send('POST', 'mlflow/model-versions/create', {
      name: MODEL,
      source: `mlflow-artifacts:/0/${runId}/artifacts/model`,
      run_id: runId,
      tags: [{ key: 'origin', value: `nightly-${version}` }],
    });
  }
  await send('POST', 'mlflow/registered-models/alias', { name: MODEL, alias: ALIAS, version: '2' });
  return runId;
}

const snapshotReply = z.object({
  registered_model: z.object({ tags: z.json().optional(), aliases: z.json().optional() }),
});
const versionReply = z.object({ model_version: z.object({ tags: z.json().optional() }) });

async function snapshot(send: Send): Promise<Json> {
  const model = await send('GET', `mlflow/registered-models/get?name=${MODEL}`);
  const version = await send('GET', `mlflow/model-versions/get?name=${MODEL}&version=2`);
  const { tags = null, aliases = null } = snapshotReply.parse(model).registered_model;
  return { tags, aliases, version: versionReply.parse(version).model_version.tags ?? null };
}

/** MLflow: alias moves, holds and tags on a registry with three versions. */
export const fixture: ContractFixture = {
  connector: 'mlflow',
  start: async () => {
    const twin = await createMlflowTwin({ token: CANARY });
    const send = sender(twin.url);
    const runId = await seed(send);
    const look = (): Promise<Json> => snapshot(send);
    const change = async (path: string, body: Json): Promise<void> => {
      await send('POST', `mlflow/${path}`, body);
    };
    return {
      config: { url: twin.url, token: CANARY },
      canary: CANARY,
      twin,
      actions: [
        {
          action: 'move-alias',
          input: { name: MODEL, alias: ALIAS, version: '1' },
          meddle: () =>
            change('registered-models/alias', { name: MODEL, alias: ALIAS, version: '3' }),
          snapshot: look,
        },
        {
          action: 'hold-alias',
          input: { name: MODEL, alias: ALIAS },
          meddle: () =>
            change('registered-models/set-tag', {
              name: MODEL,
              key: `firebreak.dev/hold.${ALIAS}`,
              value: 'another-incident',
            }),
          snapshot: look,
        },
        {
          action: 'set-tag',
          input: { name: MODEL, version: '2', key: 'firebreak.dev/suspect', value: 'yes' },
          meddle: () =>
            change('model-versions/set-tag', {
              name: MODEL,
              version: '2',
              key: 'firebreak.dev/suspect',
              value: 'somebody else',
            }),
          snapshot: look,
        },
      ],
      probes: [
        { probe: 'model', input: { name: MODEL } },
        { probe: 'versions', input: { name: MODEL } },
        { probe: 'version', input: { name: MODEL, version: '1' } },
        { probe: 'alias', input: { name: MODEL, alias: ALIAS } },
        { probe: 'run', input: { runId } },
        { probe: 'find-version', input: { name: MODEL, tag: 'origin', value: 'nightly-1' } },
        { probe: 'artifact-digest', input: { name: MODEL, version: '3' } },
      ],
      stop: () => twin.close(),
    };
  },
};
