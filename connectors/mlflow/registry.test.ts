// Goal: alias moves, holds and tags change exactly what was planned, adopt what is done, and refuse a moved world.
// Method: the connector against the MLflow twin, effects counted in the twin's ledger.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { createMlflowTwin, type MlflowTwin } from '../../lab/mlflow/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { Connector } from '../connector.ts';
import { actionOf, callContext, failureOf } from '../test-connector.ts';
import { create } from './index.ts';

const MODEL = 'fraud-scorer';
const closers = closersAfterEach();

const context = callContext();

interface World {
  readonly twin: MlflowTwin;
  readonly mlflow: Connector;
  send(method: string, path: string, body?: Json): Promise<unknown>;
  /** Where the alias points, asked without the connector. */
  alias(alias: string): Promise<string | undefined>;
  changes(): number;
}

const modelReply = z.object({
  registered_model: z.object({
    aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
    tags: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
  }),
});

async function world(): Promise<World> {
  const twin = await createMlflowTwin();
  closers.push(() => twin.close());
  const mlflow = create({ url: twin.url });
  closers.push(() => mlflow.close());
  const send: World['send'] = async (method, path, body) => {
    const response = await fetch(`${twin.url}/api/2.0/mlflow/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const reply: unknown = await response.json();
    return reply;
  };
  await send('POST', 'registered-models/create', { name: MODEL });
  for (const run of ['a', 'b', 'c']) {
    await send('POST', 'model-versions/create', { name: MODEL, source: `s3://models/${run}` });
  }
  await send('POST', 'registered-models/alias', { name: MODEL, alias: 'champion', version: '2' });
  const seeded = twin.ledger.filter((entry) => entry.changed).length;
  return {
    twin,
    mlflow,
    send,
    alias: async (alias) => {
      const reply = modelReply.parse(await send('GET', `registered-models/get?name=${MODEL}`));
      return reply.registered_model.aliases.find((item) => item.alias === alias)?.version;
    },
    changes: () => twin.ledger.filter((entry) => entry.changed).length - seeded,
  };
}

describe('move-alias', () => {
  const input = { name: MODEL, alias: 'champion', version: '1' };

  test('moves, verifies, acts once and goes back', async () => {
    const { mlflow, alias, changes } = await world();
    const action = actionOf(mlflow, 'move-alias');
    const plan = await action.plan(input, context);
    expect(plan).toMatchObject({
      before: { version: '2' },
      after: { version: '1' },
      targets: ['Alias/fraud-scorer/champion'],
      token: null,
    });
    expect(changes()).toBe(0);
    expect((await action.verify(input, plan, context)).holds).toBe('no');
    const receipt = await action.apply(input, plan, context);
    expect(await action.apply(input, plan, context)).toEqual(receipt);
    expect([await alias('champion'), changes()]).toEqual(['1', 1]);
    expect(await action.verify(input, plan, context)).toEqual({ holds: 'yes' });
    await action.revert?.(input, plan, context);
    await action.revert?.(input, plan, context);
    expect([await alias('champion'), changes()]).toEqual(['2', 2]);
  });

  test('creates an alias that was missing and undo deletes it', async () => {
    const { mlflow, alias } = await world();
    const action = actionOf(mlflow, 'move-alias');
    const fresh = { ...input, alias: 'shadow' };
    const plan = await action.plan(fresh, context);
    expect(plan.before).toEqual({ version: null });
    await action.apply(fresh, plan, context);
    expect(await alias('shadow')).toBe('1');
    await action.revert?.(fresh, plan, context);
    expect(await alias('shadow')).toBeUndefined();
  });

  test('refuses a world that moved, with the difference', async () => {
    const { mlflow, send, alias } = await world();
    const action = actionOf(mlflow, 'move-alias');
    const plan = await action.plan(input, context);
    await send('POST', 'registered-models/alias', { ...input, version: '3' });
    const error = await failureOf(action.apply(input, plan, context));
    expect(error.code).toBe('conflict');
    expect(error.details?.['differences']).toEqual([
      { path: 'version', before: '2', after: '1', observed: '3' },
    ]);
    expect(await alias('champion')).toBe('3');
  });

  test('a lost answer is outcome_unknown, and the retry adopts', async () => {
    const { mlflow, twin, changes } = await world();
    const action = actionOf(mlflow, 'move-alias');
    const plan = await action.plan(input, context);
    twin.faults.add({ kind: 'cut-after' }, { matches: ({ method }) => method === 'POST' });
    const error = await failureOf(action.apply(input, plan, context));
    expect(error.code).toBe('outcome_unknown');
    expect(await action.apply(input, plan, context)).toMatchObject({ origin: 'ours' });
    expect(changes()).toBe(1);
  });

  test('plans only versions and models that exist', async () => {
    const { mlflow } = await world();
    const action = actionOf(mlflow, 'move-alias');
    for (const wrong of [
      { ...input, version: '9' },
      { ...input, name: 'nobody' },
    ]) {
      expect((await failureOf(action.plan(wrong, context))).code).toBe('not_found');
    }
  });

  test.each([{ alias: 'latest' }, { alias: 'v7' }, { name: 'a/b' }, { version: '0' }])(
    'refuses the input %j before any call',
    async (wrong) => {
      const { mlflow, twin } = await world();
      const before = twin.ledger.length;
      const error = await failureOf(
        Promise.resolve().then(() =>
          actionOf(mlflow, 'move-alias').plan({ ...input, ...wrong }, context),
        ),
      );
      expect(error.code).toBe('invalid');
      expect(twin.ledger).toHaveLength(before);
    },
  );
});

describe('hold-alias', () => {
  const input = { name: MODEL, alias: 'champion' };

  test('marks without moving; ensure puts a moved alias back and says that somebody moved it', async () => {
    const { mlflow, send, alias } = await world();
    const action = actionOf(mlflow, 'hold-alias');
    const plan = await action.plan(input, context);
    await action.apply(input, plan, context);
    expect(await action.verify(input, plan, context)).toEqual({ holds: 'yes' });
    expect(await action.ensure?.(input, plan, context)).toMatchObject({ origin: 'ours' });
    await send('POST', 'registered-models/alias', { ...input, version: '3' });
    expect((await action.verify(input, plan, context)).holds).toBe('no');
    expect(await action.ensure?.(input, plan, context)).toMatchObject({ origin: 'foreign' });
    expect(await alias('champion')).toBe('2');
    expect(await action.verify(input, plan, context)).toEqual({ holds: 'yes' });
  });

  test('undo takes only the mark off, wherever the alias points by then', async () => {
    const { mlflow, send, alias } = await world();
    const action = actionOf(mlflow, 'hold-alias');
    const plan = await action.plan(input, context);
    await action.apply(input, plan, context);
    await send('POST', 'registered-models/alias', { ...input, version: '1' });
    await action.revert?.(input, plan, context);
    await action.revert?.(input, plan, context);
    const reply = modelReply.parse(await send('GET', `registered-models/get?name=${MODEL}`));
    expect(reply.registered_model.tags).toEqual([]);
    expect(await alias('champion')).toBe('1');
  });

  test('another holder is a conflict', async () => {
    const { mlflow, send } = await world();
    const action = actionOf(mlflow, 'hold-alias');
    const plan = await action.plan(input, context);
    await send('POST', 'registered-models/set-tag', {
      name: MODEL,
      key: 'firebreak.dev/hold.champion',
      value: 'inc-2',
    });
    expect((await failureOf(action.apply(input, plan, context))).code).toBe('conflict');
    expect((await failureOf(Promise.resolve(action.revert?.(input, plan, context)))).code).toBe(
      'conflict',
    );
  });

  test('an alias that does not exist cannot be held', async () => {
    const { mlflow } = await world();
    const missing = { ...input, alias: 'shadow' };
    const error = await failureOf(actionOf(mlflow, 'hold-alias').plan(missing, context));
    expect(error.code).toBe('not_found');
  });
});

describe('set-tag', () => {
  test.each([[null], ['old']])('from %j and back', async (earlier) => {
    const { mlflow, send, changes } = await world();
    const tag = { name: MODEL, version: '2', key: 'firebreak.dev/suspect' };
    if (earlier !== null) await send('POST', 'model-versions/set-tag', { ...tag, value: earlier });
    const seeded = changes();
    const action = actionOf(mlflow, 'set-tag');
    const input = { ...tag, value: 'yes' };
    const plan = await action.plan(input, context);
    expect(plan.before).toEqual({ value: earlier });
    await action.apply(input, plan, context);
    await action.apply(input, plan, context);
    expect(await action.verify(input, plan, context)).toEqual({ holds: 'yes' });
    await action.revert?.(input, plan, context);
    await action.revert?.(input, plan, context);
    expect(changes() - seeded).toBe(2);
    const again = await action.plan(input, context);
    expect(again.before).toEqual({ value: earlier });
  });
});
