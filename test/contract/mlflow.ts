import { z } from 'zod';
import { type Json, parseJson } from '../../domain/json.ts';
import { createMlflowTwin } from '../../lab/mlflow/twin.ts';
import type { ContractFixture, ContractWorld } from './fixture.ts';

const CANARY = 'canary-mlflow-51b7e0';
const ALIAS = 'champion';

/** A request below `/api/2.0`. */
export type Send = (method: string, path: string, body?: Json) => Promise<Json>;

/** Requests with the planted credential. */
export function sender(url: string): Send {
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/2.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${CANARY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status.toString()}`);
    return text === '' ? null : parseJson(text);
  };
}

const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

/** A model with two versions made by runs, and an alias on the second. */
async function seed(send: Send, model: string): Promise<string> {
  await send('POST', 'mlflow/registered-models/create', { name: model });
  let runId = '';
  for (const version of ['1', '2', '3']) {
    const made = await send('POST', 'mlflow/runs/create', { experiment_id: '0' });
    runId = runReply.parse(made).run.info.run_id;
    await send('PUT', `mlflow-artifacts/artifacts/0/${runId}/artifacts/model/model.bin`, version);
    await send('POST', 'mlflow/model-versions/create', {
      name: model,
      source: `mlflow-artifacts:/0/${runId}/artifacts/model`,
      run_id: runId,
      tags: [{ key: 'origin', value: `nightly-${version}` }],
    });
  }
  await send('POST', 'mlflow/registered-models/alias', { name: model, alias: ALIAS, version: '2' });
  return runId;
}

const snapshotReply = z.object({
  registered_model: z.object({ tags: z.json().optional(), aliases: z.json().optional() }),
});
const versionReply = z.object({ model_version: z.object({ tags: z.json().optional() }) });

/** What actions may change of a model, without times. */
export async function snapshot(send: Send, name: string): Promise<Json> {
  const model = await send('GET', `mlflow/registered-models/get?name=${name}`);
  const version = await send('GET', `mlflow/model-versions/get?name=${name}&version=2`);
  const { tags = null, aliases = null } = snapshotReply.parse(model).registered_model;
  return { tags, aliases, version: versionReply.parse(version).model_version.tags ?? null };
}

/**
 * A world on a server that is up: three versions of a model of its own, an alias on the second. The connector gets
 * `url`, which may be a proxy; `stop` and `twin` are the caller's.
 */
export async function mlflowWorld(
  { url, send = sender(url) }: { readonly url: string; readonly send?: Send },
  model: string,
): Promise<Omit<ContractWorld, 'twin' | 'stop'>> {
  const runId = await seed(send, model);
  const look = (): Promise<Json> => snapshot(send, model);
  const change = async (path: string, body: Json): Promise<void> => {
    await send('POST', `mlflow/${path}`, body);
  };
  const name = model;
  const alias = ALIAS;
  const tag = { name, version: '2', key: 'firebreak.dev/suspect' };
  const hold = { name, key: `firebreak.dev/hold.${alias}`, value: 'another-incident' };
  return {
    config: { url, token: CANARY },
    canary: CANARY,
    actions: [
      {
        action: 'move-alias',
        input: { name, alias, version: '1' },
        meddle: () => change('registered-models/alias', { name, alias, version: '3' }),
        snapshot: look,
      },
      {
        action: 'hold-alias',
        input: { name, alias },
        meddle: () => change('registered-models/set-tag', hold),
        snapshot: look,
      },
      {
        action: 'set-tag',
        input: { ...tag, value: 'yes' },
        meddle: () => change('model-versions/set-tag', { ...tag, value: 'somebody else' }),
        snapshot: look,
      },
    ],
    probes: [
      { probe: 'model', input: { name } },
      { probe: 'versions', input: { name } },
      { probe: 'version', input: { name, version: '1' } },
      { probe: 'alias', input: { name, alias } },
      { probe: 'run', input: { runId } },
      { probe: 'find-version', input: { name, tag: 'origin', value: 'nightly-1' } },
      { probe: 'artifact-digest', input: { name, version: '3' } },
      { probe: 'artifact-listing', input: { name, version: '3' } },
      { probe: 'models', input: { page: null } },
      { probe: 'model-versions', input: { page: null } },
    ],
  };
}

/** MLflow: alias moves, holds and tags on a registry with three versions. */
export const fixture: ContractFixture = {
  connector: 'mlflow',
  start: async () => {
    const twin = await createMlflowTwin({ token: CANARY });
    const world = await mlflowWorld({ url: twin.url }, 'fraud-scorer');
    return { ...world, twin, stop: () => twin.close() };
  },
};
