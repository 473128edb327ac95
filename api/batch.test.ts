import { describe, expect, test } from '@jest/globals';
import { AppError } from '../domain/error.ts';
import type { Delivery } from '../store/tables.ts';
import { createBatcher, type BatchOptions } from './batch.ts';

// Goal: many deliveries share few commits, each sender hears only of its own. Method: an `accept` that records what
// it was given and ends when the test says so.

function delivery(name: string, alerts = 1): Delivery {
  return {
    source: name,
    contentType: 'application/json',
    headers: {},
    raw: new Uint8Array(),
    receivedAt: '2026-11-23T10:00:00Z',
    alerts: Array.from({ length: alerts }, () => ({
      kind: 'quarantined' as const,
      alert: { source: name, dedupeKey: name, problem: 'p', field: null },
    })),
  };
}

const options = (accept: BatchOptions['accept']): BatchOptions => ({
  accept,
  waitMs: 5,
  alertsMax: 4,
  pendingMax: 10,
  commitsMax: 1,
});

const receiptsOf = (deliveries: readonly Delivery[]) =>
  deliveries.map((one) =>
    one.alerts.map(() => ({ alertId: one.source, duplicate: false, incidentId: null })),
  );

describe('batching', () => {
  test('deliveries at the same time share a commit and get their own receipts', async () => {
    const batches: string[][] = [];
    const batcher = createBatcher(
      options((deliveries) => {
        batches.push(deliveries.map(({ source }) => source));
        return Promise.resolve(receiptsOf(deliveries));
      }),
    );
    const replies = await Promise.all(
      ['a', 'b', 'c'].map((name) => batcher.submit(delivery(name))),
    );
    expect(batches).toEqual([['a', 'b', 'c']]);
    expect(replies.map((receipts) => receipts[0]?.alertId)).toEqual(['a', 'b', 'c']);
  });

  test('a delivery that comes alone waits for nobody; what comes during its commit shares the next', async () => {
    const batches: string[][] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const accept: BatchOptions['accept'] = async (deliveries) => {
      batches.push(deliveries.map(({ source }) => source));
      if (batches.length === 1) await held;
      return receiptsOf(deliveries);
    };
    const batcher = createBatcher({ ...options(accept), waitMs: 3_600_000 });
    const alone = batcher.submit(delivery('alone'));
    while (batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const others = ['a', 'b'].map((name) => batcher.submit(delivery(name)));
    release();
    await Promise.all([alone, ...others]);
    expect(batches).toEqual([['alone'], ['a', 'b']]);
  });

  test('a batch holds no more alerts than allowed, but one large delivery goes alone', async () => {
    const batches: string[][] = [];
    const batcher = createBatcher(
      options((deliveries) => {
        batches.push(deliveries.map(({ source }) => source));
        return Promise.resolve(receiptsOf(deliveries));
      }),
    );
    await Promise.all([
      batcher.submit(delivery('large', 6)),
      batcher.submit(delivery('a', 2)),
      batcher.submit(delivery('b', 2)),
    ]);
    expect(batches).toEqual([['large'], ['a', 'b']]);
  });

  test('too much waiting is shed with `unavailable`, and room comes back', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const batcher = createBatcher(
      options(async (deliveries) => {
        if (deliveries.some(({ source }) => source === 'slow')) await held;
        return receiptsOf(deliveries);
      }),
    );
    const slow = batcher.submit(delivery('slow', 10));
    await expect(batcher.submit(delivery('b'))).rejects.toMatchObject({ code: 'unavailable' });
    release();
    await slow;
    expect(await batcher.submit(delivery('c', 4))).toHaveLength(4);
  });

  test('a poisonous delivery fails alone', async () => {
    const batcher = createBatcher(
      options((deliveries) =>
        deliveries.some(({ source }) => source === 'bad')
          ? Promise.reject(new AppError('invalid', 'poison'))
          : Promise.resolve(receiptsOf(deliveries)),
      ),
    );
    const [good, bad, other] = await Promise.allSettled(
      ['good', 'bad', 'other'].map((name) => batcher.submit(delivery(name))),
    );
    expect(good?.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'invalid' } });
    expect(other?.status).toBe('fulfilled');
  });

  test('a database that is down is asked once for the whole batch', async () => {
    let asked = 0;
    const batcher = createBatcher(
      options(() => {
        asked += 1;
        return Promise.reject(new AppError('unavailable', 'down'));
      }),
    );
    const ends = await Promise.allSettled(['a', 'b'].map((name) => batcher.submit(delivery(name))));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toBe(1);
  });
});
