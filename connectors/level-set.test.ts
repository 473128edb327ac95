import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../domain/error.ts';
import type { Plan } from '../domain/plan.ts';
import { levelSet } from './level-set.ts';
import { callContext } from './test-connector.ts';

// Goal: what happened between a write and the next look is told by that look, and never as if nothing had been written.
// Method: one value as the world, which somebody else may change right after each of our writes.

const calls: string[] = [];
let value = 0;
/** What somebody else makes of it right after we wrote; null when nobody does. */
let meddled: number | null = null;

beforeEach(() => {
  calls.length = 0;
  value = 1;
  meddled = null;
});

const context = callContext();
const stages = levelSet<null, number>({
  externalId: () => 'dial',
  observe: () => {
    calls.push('observe');
    return Promise.resolve(value);
  },
  write: (_input, state) => {
    calls.push(`write ${state.toString()}`);
    value = meddled ?? state;
    return Promise.resolve();
  },
});
const PLAN: Plan<number> = {
  summary: 'Turn the dial to 0.',
  targets: ['dial'],
  before: 1,
  after: 0,
  token: null,
  undo: 'Turn it back to 1.',
};
const RECEIPT = { externalId: 'dial', origin: 'ours' };

describe('an apply', () => {
  test('compares, writes once, and leaves the next look to verify', async () => {
    expect(await stages.apply(null, PLAN, context)).toEqual(RECEIPT);
    expect(calls).toEqual(['observe', 'write 0']);
    expect(await stages.verify(null, PLAN, context)).toEqual({ holds: 'yes' });
  });

  test('that somebody undid at once has been done, and does not hold', async () => {
    meddled = 7;
    expect(await stages.apply(null, PLAN, context)).toEqual(RECEIPT);
    expect(await stages.verify(null, PLAN, context)).toEqual({
      holds: 'no',
      reason: 'value is 7',
    });
  });

  test('is adopted where it was done before, and refused where the world moved', async () => {
    value = 0;
    expect(await stages.apply(null, PLAN, context)).toEqual(RECEIPT);
    value = 7;
    await expect(stages.apply(null, PLAN, context)).rejects.toMatchObject({ code: 'conflict' });
    expect(calls).toEqual(['observe', 'observe']);
  });
});

describe('a revert', () => {
  test('reads back: nobody looks behind it', async () => {
    value = 0;
    expect(await stages.revert(null, PLAN, context)).toEqual(RECEIPT);
    expect(calls).toEqual(['observe', 'write 1', 'observe']);
  });

  test('that somebody undid at once is a conflict', async () => {
    value = 0;
    meddled = 7;
    const error: unknown = await stages
      .revert(null, PLAN, context)
      .catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      code: 'conflict',
      message: 'Changed again at once: value is 7.',
    });
  });
});
