import { AppError, isAppError, toAppError } from '../domain/error.ts';
import type { AlertReceipt } from '../domain/alert.ts';
import type { AlertTable, Delivery } from '../store/tables.ts';

/** How deliveries are gathered before they are committed together. */
export interface BatchOptions {
  readonly accept: AlertTable['accept'];
  /** The longest time that a delivery waits for company while others are being committed, in milliseconds. */
  readonly waitMs: number;
  /** So many alerts close a batch at once. */
  readonly alertsMax: number;
  /** So many alerts may wait in all; beyond it deliveries are shed with `unavailable`. */
  readonly pendingMax: number;
  /** So many batches are committed at the same time. */
  readonly commitsMax: number;
}

/** Gathers webhook deliveries into few transactions; each sender is answered after its own commit. */
export interface Batcher {
  /** Resolves after the commit with one receipt per alert. Raises what `accept` raises, or `unavailable` when full. */
  submit(delivery: Delivery): Promise<readonly AlertReceipt[]>;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly resolve: (receipts: readonly AlertReceipt[]) => void;
  readonly reject: (error: AppError) => void;
}

/** An empty delivery still takes its place in the queue. */
function weightOf(delivery: Delivery): number {
  return Math.max(1, delivery.alerts.length);
}

/** How many of the waiting deliveries fit into one batch: at least one, else so many alerts. */
function fitting(queue: readonly Waiting[], alertsMax: number): number {
  let weight = 0;
  let count = 0;
  for (const { delivery } of queue) {
    weight += weightOf(delivery);
    if (count > 0 && weight > alertsMax) break;
    count += 1;
  }
  return count;
}

/**
 * Creates a batcher. A batch that fails for another reason than `unavailable` is committed again one delivery at a
 * time, once, so that one poisonous delivery fails alone.
 */
export function createBatcher(options: BatchOptions): Batcher {
  let queue: Waiting[] = [];
  let queued = 0;
  let pending = 0;
  let commits = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;

  const commit = async (batch: readonly Waiting[]): Promise<void> => {
    commits += 1;
    queued -= batch.reduce((sum, { delivery }) => sum + weightOf(delivery), 0);
    try {
      await settle(batch, options.accept);
    } finally {
      commits -= 1;
      if (queue.length > 0) flush();
    }
  };

  const flush = (): void => {
    clearTimeout(timer);
    clearImmediate(turn);
    timer = undefined;
    turn = undefined;
    while (queue.length > 0 && commits < options.commitsMax) {
      const count = fitting(queue, options.alertsMax);
      const batch = queue.slice(0, count);
      queue = queue.slice(count);
      void commit(batch);
    }
  };

  const submit = async (delivery: Delivery): Promise<readonly AlertReceipt[]> => {
    const weight = weightOf(delivery);
    if (pending > 0 && pending + weight > options.pendingMax) {
      throw new AppError('unavailable', 'Too many alerts are waiting; send again.');
    }
    pending += weight;
    try {
      return await new Promise((resolve, reject) => {
        queue.push({ delivery, resolve, reject });
        queued += weight;
        if (queued >= options.alertsMax) flush();
        // A commit under way gathers company by itself; without one, only what came in this turn is waited for.
        else if (commits === 0) turn ??= setImmediate(flush);
        else timer ??= setTimeout(flush, options.waitMs);
      });
    } finally {
      pending -= weight;
    }
  };
  return { submit };
}

async function settle(batch: readonly Waiting[], accept: AlertTable['accept']): Promise<void> {
  try {
    const receipts = await accept(batch.map(({ delivery }) => delivery));
    for (const [index, waiting] of batch.entries()) {
      const own = receipts[index];
      if (own === undefined) waiting.reject(new AppError('internal', 'A receipt is missing.'));
      else waiting.resolve(own);
    }
  } catch (error) {
    const alone = batch.length === 1 || (isAppError(error) && error.code === 'unavailable');
    if (alone) for (const waiting of batch) waiting.reject(toAppError(error));
    else for (const waiting of batch) await settle([waiting], accept);
  }
}
