// Goal: a containment has a lease that only seeing it renews; whoever brings the bad version back is named, written
// against only so often and then put before people; an outage of ours is looked at again and said. Method: the real watch
// and the real connector on a twin of the cluster, with writers of other names, under a clock that the tests move.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FactKind } from '../../domain/fact.ts';
import { CANARY_DEPLOYMENT, NAMESPACE } from '../../lab/kubernetes/serving-sample.ts';
import { createStore } from '../../store/database.ts';
import { withClient, type TestDatabase } from '../../store/test-database.ts';
import { freshDatabase } from '../harness.ts';
import { createTestKey } from '../../app/test-key.ts';
import { createPeople } from '../workflows/engine-people.ts';
import { openWatchBench, type WatchBench, type WatchStores } from './watch-bench.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY_DEPLOYMENT}`;

let database: TestDatabase;
let stores: WatchStores;
let bench: WatchBench;

beforeAll(async () => {
  database = await freshDatabase();
  const api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  const worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 8 });
  stores = { api, worker, key: createTestKey() };
  await createPeople(stores, stores.key);
});
afterAll(async () => {
  await stores.api.close();
  await stores.worker.close();
  await database.drop();
});
beforeEach(async () => {
  bench = await openWatchBench(stores);
});
afterEach(() => bench.close());

async function count(kind: FactKind): Promise<number> {
  return (await bench.facts()).filter((fact) => fact.kind === kind).length;
}

/** Rounds of the watch, before each of which somebody brings the canary back. */
async function fight(rounds: number, bringBack: () => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await bringBack();
    await bench.round();
  }
}

const loop = (): Promise<void> => bench.bringBack('deploy-bot');

describe('somebody who brings it back', () => {
  test('is written against twice, then people are asked once, and nothing more is written or told', async () => {
    await fight(4, loop);
    expect(bench.ourWrites()).toBe(2);
    expect(await bench.row()).toMatchObject({ state: 'unverified', movedBy: 'deploy-bot' });
    const [question, ...others] = await bench.questions();
    expect(others).toEqual([]);
    expect(question?.title).toContain('deploy-bot');
    const facts = (await bench.facts()).length;
    const messages = (await bench.messages()).length;
    await fight(10, loop);
    expect(bench.ourWrites()).toBe(2);
    expect(await bench.facts()).toHaveLength(facts);
    expect(await bench.messages()).toHaveLength(messages);
    expect(await bench.questions()).toHaveLength(1);
    const mails = (await bench.messages()).filter(({ channel }) => channel === 'mail');
    expect(mails).toHaveLength(1);
    expect([await count('containment.restored'), await count('containment.contested')]).toEqual([
      2, 1,
    ]);
  });

  test('is written against again after a yes, as often as before, and asked about again', async () => {
    await fight(4, loop);
    const [question] = await bench.questions();
    if (!question) throw new Error('nobody was asked');
    await bench.answer(question, 'ada', 'approve');
    await fight(4, loop);
    expect(bench.ourWrites()).toBe(4);
    expect(await bench.questions()).toHaveLength(2);
  });

  test('is left to people after a no', async () => {
    await fight(4, loop);
    const [question] = await bench.questions();
    if (!question) throw new Error('nobody was asked');
    await bench.answer(question, 'ada', 'reject');
    await fight(4, loop);
    expect(bench.ourWrites()).toBe(2);
    expect(await bench.questions()).toHaveLength(1);
    expect(await bench.row()).toMatchObject({ state: 'unverified' });
  });

  test('with a forged yes gains nothing', async () => {
    await fight(4, loop);
    const [question] = await bench.questions();
    if (!question) throw new Error('nobody was asked');
    await bench.answer(question, 'ada', 'approve');
    await withClient(database.url, async (client) => {
      await client.query('alter table firebreak.decision disable trigger user');
      await client.query('update firebreak.decision set signature = $1', ['Zm9yZ2Vk']);
      await client.query('alter table firebreak.decision enable trigger user');
    });
    await fight(2, loop);
    expect(bench.ourWrites()).toBe(2);
  });

  test('and stops is forgotten after an hour in which it was left alone', async () => {
    await fight(2, loop);
    await bench.round();
    expect(await bench.row()).toMatchObject({ state: 'verified', restores: 2 });
    await withClient(database.url, (client) =>
      client.query(
        `update firebreak.operation set restored_at = restored_at - interval '61 minutes'`,
      ),
    );
    await bench.round();
    expect(await bench.row()).toMatchObject({ restores: 0 });
    await fight(1, loop);
    expect(bench.ourWrites()).toBe(3);
  });

  test.each([
    {
      who: 'an autoscaler, by the object that steers it',
      prepare: async () => {
        const path = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;
        const scaleTargetRef = {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: CANARY_DEPLOYMENT,
        };
        await bench.cluster.send('POST', path, {
          body: { metadata: { name: 'canary-scaler' }, spec: { scaleTargetRef, maxReplicas: 5 } },
        });
      },
      bringBack: () => bench.autoscale(),
      named: 'HorizontalPodAutoscaler/canary-scaler',
    },
    {
      who: 'a delivery tool, by its mark on the object',
      prepare: async () => {
        const annotations = { 'argocd.argoproj.io/tracking-id': 'fraud:apps/Deployment:ml/x' };
        await bench.cluster.patch(DEPLOYMENT, { metadata: { annotations } });
      },
      bringBack: () => bench.bringBack('argocd-controller'),
      named: 'argocd-controller (ArgoCD/fraud)',
    },
    {
      who: 'a plain loop, by the manager that owns the field',
      prepare: () => Promise.resolve(),
      bringBack: () => bench.bringBack('cron-job'),
      named: 'cron-job',
    },
  ])('is named: $who', async ({ prepare, bringBack, named }) => {
    await prepare();
    await fight(1, bringBack);
    expect((await bench.row()).movedBy).toBe(named);
    const restored = (await bench.facts()).find(({ kind }) => kind === 'containment.restored');
    expect(restored?.summary).toContain(named);
  });
});

describe('a lease', () => {
  test('is renewed by seeing that it holds', async () => {
    const before = Date.parse((await bench.row()).leaseUntil ?? '');
    await bench.round(30 * MINUTE_MS);
    const after = Date.parse((await bench.row()).leaseUntil ?? '');
    expect(after - before).toBeGreaterThanOrEqual(29 * MINUTE_MS);
    expect(await count('containment.unwatched')).toBe(0);
  });

  test('that ended in an hour of our own outage is told once, and what lapsed meanwhile is written again', async () => {
    await bench.bringBack('deploy-bot');
    await bench.round(2 * HOUR_MS);
    expect([await count('containment.unwatched'), await count('containment.lapsed')]).toEqual([
      1, 1,
    ]);
    expect(bench.ourWrites()).toBe(1);
    await bench.round();
    const row = await bench.row();
    expect(row.state).toBe('verified');
    expect(Date.parse(row.leaseUntil ?? '') - Date.now()).toBeGreaterThan(2 * HOUR_MS);
    await bench.round(2 * HOUR_MS);
    await bench.round();
    expect(await count('containment.unwatched')).toBe(2);
  });

  test('of what nobody can see is not renewed; when it ends, one message says so', async () => {
    const { leaseUntil } = await bench.row();
    bench.twin.faults.add({ kind: 'reply', reply: { status: 503, body: '' } }, { times: 1_000 });
    await bench.round();
    expect(await bench.messages()).toEqual([]);
    await bench.round(2 * HOUR_MS);
    for (let round = 0; round < 3; round += 1) await bench.round();
    expect(await bench.row()).toMatchObject({ leaseUntil, state: 'unverified' });
    const mails = (await bench.messages()).filter(({ channel }) => channel === 'mail');
    expect(mails.map(({ text }) => text)).toEqual([expect.stringContaining('nobody can tell')]);
    bench.twin.faults.clear();
    await bench.round();
    expect(await bench.row()).toMatchObject({ state: 'verified' });
  });

  test('of what was left in place ends with its owner: nothing is written again, one message asks', async () => {
    const { operation, target } = bench.key;
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const left = { operation, target, owner: 'grace', expiresAt };
    await bench.store.operations.leaveInPlace(bench.incident.id, left);
    await fight(1, loop);
    expect(bench.ourWrites()).toBe(1);
    await bench.round(2 * HOUR_MS);
    await fight(3, loop);
    expect(bench.ourWrites()).toBe(1);
    expect(await count('containment.expired')).toBe(1);
    const mails = (await bench.messages()).filter(({ channel }) => channel === 'mail');
    expect(mails.map(({ text }) => text)).toEqual([expect.stringContaining('Owner: grace')]);
  });
});
