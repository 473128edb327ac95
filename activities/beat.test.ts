import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BEAT_EVERY_MS, beating, sparing } from './beat.ts';

// Goal: a system that takes long is not taken for a dead worker, and no activity beats after its end. Method: a clock
// that is moved by hand, and a body that ends when told.
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('an activity', () => {
  test.each([
    ['returns', () => Promise.resolve('done'), 'done'],
    ['raises', () => Promise.reject(new Error('no')), 'no'],
  ])('beats until it %s', async (_how, end, told) => {
    const beat = jest.fn();
    let wake: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const running = beating(beat, () => slow.then(end));
    jest.advanceTimersByTime(5 * BEAT_EVERY_MS);
    expect(beat).toHaveBeenCalledTimes(5);
    wake();
    expect(await running.catch((error: unknown) => String(error))).toContain(told);
    jest.advanceTimersByTime(5 * BEAT_EVERY_MS);
    expect(beat).toHaveBeenCalledTimes(5);
  });

  test('asked to beat, does so only where the regular beats have begun', () => {
    const beat = jest.fn();
    const asked = sparing(beat);
    asked('at once');
    jest.advanceTimersByTime(BEAT_EVERY_MS - 1);
    asked('early');
    expect(beat).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    asked('in time');
    asked('again');
    expect(beat.mock.calls).toEqual([['in time'], ['again']]);
  });
});
