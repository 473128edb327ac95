import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { AppError } from '../domain/error.ts';
import { INCIDENT } from '../api/test-api.ts';
import type { DescribedRun } from './engine-client.ts';
import { createReconciler, reconcileAll, type ReconcilerDependencies } from './reconciler.ts';

const RUNNING: DescribedRun = { state: 'running', buildId: 'earlier', runId: null };
const MISSING: DescribedRun = { state: 'missing', buildId: null, runId: null };
const DOWN = new AppError('unavailable', 'Temporal does not answer.');

/** One open incident, whose start was noted or not; each round gets the next answer of Temporal, then the last again. */
function reconcilerOf(
  noted: boolean,
  answers: readonly (DescribedRun | AppError)[],
  isOurs = true,
): { readonly reconciler: ReturnType<typeof createReconciler>; readonly done: string[] } {
  const done: string[] = [];
  let round = 0;
  const never = (): Promise<never> => Promise.reject(new Error('not wanted here'));
  const deps: ReconcilerDependencies = {
    store: {
      incidents: {
        unfinished: () => Promise.resolve([INCIDENT]),
        nextGeneration: () => {
          done.push('next generation');
          return Promise.resolve(2);
        },
      },
      settings: { get: () => Promise.resolve(noted ? true : null) },
      transaction: never,
    },
    engine: {
      terminate: never,
      wasReset: never,
      describe: () => {
        const answer = answers[Math.min(round, answers.length - 1)] ?? DOWN;
        round += 1;
        return answer instanceof AppError ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    adopter: {
      adopt: () => {
        done.push('adopted');
        return Promise.resolve(true);
      },
    },
    namespace: { look: () => Promise.resolve(isOurs), isOurs: () => Promise.resolve(isOurs) },
    log: pino({ level: 'silent' }),
  };
  return { reconciler: createReconciler(deps), done };
}

describe('one round', () => {
  test.each([
    ['takes over a run whose start was not noted yet', false, RUNNING, ['adopted'], 0],
    ['takes over a run whose start was noted', true, RUNNING, ['adopted'], 0],
    ['leaves alone what was not started yet', false, MISSING, [], 0],
    ['begins again what Temporal lost', true, MISSING, ['next generation'], 0],
    ['leaves what it could not look at', true, DOWN, [], 1],
  ])('%s', async (...[, noted, answer, expected, left]) => {
    const { reconciler, done } = reconcilerOf(noted, [answer]);
    expect(await reconciler.reconcile()).toEqual({ touched: expected.length, left });
    expect(done).toEqual(expected);
  });

  test('on a foreign namespace looks at nothing, and leaves all', async () => {
    const { reconciler, done } = reconcilerOf(true, [RUNNING], false);
    expect(await reconciler.reconcile()).toEqual({ touched: 0, left: 1 });
    expect(done).toEqual([]);
  });
});

describe('rounds until all was looked at', () => {
  test('go on after one that could not look', async () => {
    const { reconciler } = reconcilerOf(true, [DOWN, RUNNING]);
    expect(await reconcileAll(reconciler, 60_000)).toEqual({ touched: 1, left: 0 });
  });

  test('end with the time, and say what is left', async () => {
    const { reconciler } = reconcilerOf(true, [DOWN]);
    expect(await reconcileAll(reconciler, 0)).toEqual({ touched: 0, left: 1 });
  });
});
