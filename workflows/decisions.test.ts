import { describe, expect, test } from '@jest/globals';
import type { DecisionCommand } from '../domain/decision.ts';
import { needsWaitingLoop, refusalOf, type RunView } from './decisions.ts';

// Goal: a command is taken exactly when it makes sense where the run stands; method: one table over where it stands.

const working: RunView = {
  waiting: null,
  paused: false,
  cancelled: false,
  ended: false,
  stoodDown: false,
  standingDown: false,
  endedApprovals: new Set(['apr_1']),
};
const held: RunView = { ...working, waiting: { kind: 'held', operation: 'drain', reason: 'no' } };
const VIEWS = {
  working,
  paused: { ...working, paused: true, waiting: { kind: 'paused' } },
  held,
  'held by a cancel': {
    ...held,
    cancelled: true,
    waiting: { kind: 'held', operation: null, reason: 'cancelled' },
  },
  'standing down': { ...working, standingDown: true },
  'stood down': { ...held, stoodDown: true },
  'choosing targets': { ...working, waiting: { kind: 'targets' } },
  'in review': { ...working, waiting: { kind: 'close' } },
  ended: { ...working, ended: true },
} as const satisfies Readonly<Record<string, RunView>>;

const reason = 'because';
const COMMANDS = {
  retry: { kind: 'retry' },
  resume: { kind: 'resume' },
  skip: { kind: 'skip', operation: 'drain', reason },
  'mark-done': { kind: 'mark-done', operation: 'drain', reason },
  'skip elsewhere': { kind: 'skip', operation: 'other', reason },
  pause: { kind: 'pause', reason },
  cancel: { kind: 'cancel', reason },
  targets: { kind: 'targets', model: 'm', reason },
  'stand-down': { kind: 'stand-down', reason },
  close: { kind: 'close', verdict: 'confirmed', reason, leave: [] },
  severity: { kind: 'severity', severity: 'sev1', reason },
  'late answer': { kind: 'approve', approvalId: 'apr_1', planDigest: '' },
  answer: { kind: 'approve', approvalId: 'apr_2', planDigest: '' },
} as const satisfies Readonly<Record<string, DecisionCommand>>;

type CommandName = keyof typeof COMMANDS;
const ALWAYS: readonly CommandName[] = ['severity', 'answer'];

const TAKEN: Readonly<Record<keyof typeof VIEWS, readonly CommandName[]>> = {
  working: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  held: ['retry', 'resume', 'skip', 'mark-done', 'pause', 'cancel', 'stand-down', 'close'],
  'held by a cancel': ['resume', 'pause', 'stand-down', 'close'],
  'standing down': ['pause', 'cancel', 'close'],
  'stood down': ['pause', 'cancel', 'stand-down', 'close'],
  'choosing targets': ['targets', 'pause', 'cancel', 'close'],
  'in review': ['pause', 'cancel', 'stand-down', 'close'],
  ended: [],
};

describe('a run', () => {
  test.each(Object.keys(VIEWS).map((name) => [name]))('%s takes what makes sense there', (name) => {
    const entry = Object.entries(VIEWS).find(([key]) => key === name);
    const taken = Object.entries(COMMANDS).filter(
      ([, command]) => entry && refusalOf(command, entry[1]) === null,
    );
    const expected = Object.entries(TAKEN).find(([key]) => key === name)?.[1] ?? [];
    const always = name === 'ended' ? [] : ALWAYS;
    expect(taken.map(([key]) => key).sort()).toEqual([...expected, ...always].sort());
  });

  test('refuses in words that name where it is held', () => {
    expect(refusalOf(COMMANDS['skip elsewhere'], held)).toBe('Held at drain, not at other.');
    expect(refusalOf(COMMANDS.retry, VIEWS['stood down'])).toContain('stood down');
    const again = refusalOf(COMMANDS['stand-down'], VIEWS['standing down']);
    expect(again).toBe('A stand-down is already under way.');
    expect(refusalOf(COMMANDS['stand-down'], working)).toContain('Cancel the incident first');
  });

  test('leaves to the waiting loop what only that can carry out', () => {
    const waits = Object.entries(COMMANDS).filter(([, command]) => needsWaitingLoop(command, held));
    expect(waits.map(([key]) => key).sort()).toEqual(
      [
        'retry',
        'resume',
        'skip',
        'mark-done',
        'skip elsewhere',
        'targets',
        'stand-down',
        'close',
      ].sort(),
    );
    expect(needsWaitingLoop(COMMANDS.resume, VIEWS.paused)).toBe(false);
  });
});
