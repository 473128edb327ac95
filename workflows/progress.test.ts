import { describe, expect, test } from '@jest/globals';
import type { OperationOutcome } from '../activities/activity.ts';
import { Progress } from './progress.ts';

// Goal: an operation is settled in its current round only; method: rounds loaded, settled and opened again.

function succeeded(operation: string, round: number): OperationOutcome {
  return { operation, round, outcome: 'succeeded', reason: null };
}

describe('the progress of a run', () => {
  test('begins with the rounds that a continued run carries', () => {
    const progress = new Progress({ drain: 3 });
    expect(progress.roundOf('drain')).toBe(3);
    expect(progress.roundOf('other')).toBe(1);
  });

  test('passes over what Postgres settled in this round or a later one, never in an older one', () => {
    const progress = new Progress({ drain: 2 });
    progress.load({ probe: 2 }, [
      succeeded('drain', 1),
      succeeded('scale', 4),
      succeeded('probe', 1),
    ]);
    expect(progress.outcomeOf('drain')).toBeUndefined();
    expect(progress.outcomeOf('probe')).toBeUndefined();
    expect(progress.outcomeOf('scale')).toEqual(succeeded('scale', 4));
    expect(progress.toRounds()).toEqual({ drain: 2, probe: 2, scale: 4 });
  });

  test('opens an operation again in the next round, and its patience with it', () => {
    const progress = new Progress({});
    progress.settle(succeeded('drain', 1));
    const since = progress.lookedSince('drain');
    expect(progress.lookedSince('drain')).toBe(since);
    progress.reopen('drain');
    expect(progress.outcomeOf('drain')).toBeUndefined();
    expect(progress.roundOf('drain')).toBe(2);
    expect(progress.outcomes()).toEqual({});
  });
});
