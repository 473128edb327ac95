// Goal: the MLflow connector keeps its contract with a real server, and the twin is not kinder than that.
// Method: the properties that the twin passes, each in a model of its own on one MLflow server behind a recording proxy.
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { connectorModules } from '../../connectors/registry.ts';
import { createMlflowTwin } from '../../lab/mlflow/twin.ts';
import { contractCases, expectWholeFixture } from '../contract/cases.ts';
import type { ContractFixture } from '../contract/fixture.ts';
import { mlflowWorld, sender, snapshot } from '../contract/mlflow.ts';
import { removeFolder, serverFolder } from './folder.ts';
import { answersOf } from './mlflow/answers.ts';
import { startMlflow } from './mlflow/server.ts';
import { onward, startRecordingProxy } from './recording-proxy.ts';

const folder = await serverFolder('mlflow');
const mlflow = await startMlflow(folder);
afterAll(async () => {
  await mlflow.stop();
  await removeFolder(folder);
});

const fixture: ContractFixture = {
  connector: 'mlflow',
  start: async () => {
    const model = `fraud-scorer-${randomUUID().slice(0, 8)}`;
    const direct = sender(mlflow.url);
    const twin = await startRecordingProxy({
      name: 'mlflow',
      forward: ({ method, url, body, ...request }) =>
        fetch(`${mlflow.url}${url.pathname}${url.search}`, {
          method,
          headers: onward({ method, url, body, ...request }),
          ...(method === 'GET' ? {} : { body }),
        }),
      observe: async () => JSON.stringify(await snapshot(direct, model)),
    });
    const world = await mlflowWorld({ url: twin.url, send: direct }, model);
    return { ...world, twin, real: true, stop: () => twin.close() };
  },
};

const module = connectorModules.find(({ manifest }) => manifest.name === 'mlflow');
if (module === undefined) throw new Error('There is no MLflow connector.');
const all = await contractCases({ module, fixture });

describe('mlflow', () => {
  test('is the version that the twin stands in for', async () => {
    expect(await (await fetch(`${mlflow.url}/version`)).text()).toBe('3.17.2');
  });

  test('answers every question as the twin does', async () => {
    const twin = await createMlflowTwin();
    const [real, ours] = [await answersOf(mlflow.url), await answersOf(twin.url)];
    await twin.close();
    expect(ours).toEqual(real);
  });

  test('has a case for each action and probe', async () => {
    await expectWholeFixture({ module, fixture });
  });

  test.each(all)('$title', async ({ property, subject }) => {
    await property.run(subject);
  });
});
