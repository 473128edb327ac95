import { expect, test } from '@jest/globals';
import { clearanceOf } from './autonomy.ts';

// Goal: an effect goes on by itself only where mode, veto and caps all allow it. Method: every combination that differs.

const NOW = new Date('2026-11-26T10:00:00.000Z');
const PAST = '2026-11-26T09:59:59.000Z';
const FUTURE = '2026-11-26T10:00:01.000Z';
const auto = { mode: 'auto', vetoSeconds: 0, vetoUntil: null } as const;
const vetoed = { ...auto, vetoSeconds: 60 } as const;

type Effect = Parameters<typeof clearanceOf>[0];

test.each<[string, Partial<Effect>, object]>([
  ['auto', {}, { kind: 'go' }],
  ['ask', { incident: { ...auto, mode: 'ask' } }, { kind: 'approval', approvalClass: 'R1' }],
  ['observe, were it ever asked', { incident: { ...auto, mode: 'observe' } }, { kind: 'approval' }],
  ['R0 in ask', { incident: { ...auto, mode: 'ask' }, approvalClass: 'R0' }, { kind: 'go' }],
  [
    'beyond a cap',
    { cap: 'too much' },
    { kind: 'approval', approvalClass: 'R2', reason: 'too much' },
  ],
  [
    'beyond a cap in ask',
    { cap: 'too much', incident: { ...auto, mode: 'ask' } },
    { kind: 'approval', approvalClass: 'R2' },
  ],
  ['before people were told', { incident: vetoed }, { kind: 'veto', until: null }],
  [
    'while people may veto',
    { incident: { ...vetoed, vetoUntil: FUTURE } },
    { kind: 'veto', until: FUTURE },
  ],
  ['after that', { incident: { ...vetoed, vetoUntil: PAST } }, { kind: 'go' }],
])('%s', (...values) => {
  const [, change, expected] = values;
  const effect: Effect = { incident: auto, approvalClass: 'R1', cap: null, now: NOW };
  expect(clearanceOf({ ...effect, ...change })).toMatchObject(expected);
});
