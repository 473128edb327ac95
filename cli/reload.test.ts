import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { AppError } from '../domain/error.ts';
import { reloadOnHangup, type Reloaded } from './reload.ts';

// Goal: SIGHUP reads the configuration again, tells what became of it, and never ends the process. Method: an emitter in the
// place of the process.

test('each SIGHUP reloads and tells, until nobody listens', async () => {
  const signals = new EventEmitter();
  const told: string[] = [];
  const outcomes: (() => Promise<Reloaded>)[] = [
    () => Promise.resolve({ changed: ['routes', 'people'], needsRestart: [], proposed: null }),
    () => Promise.resolve({ changed: [], needsRestart: [], proposed: null }),
    () => Promise.resolve({ changed: ['sources'], needsRestart: [], proposed: 'chg_1' }),
    () => Promise.resolve({ changed: [], needsRestart: ['instances'], proposed: null }),
    () => Promise.reject(new AppError('invalid', 'f.yaml:3:1: Unknown key.')),
  ];
  const reload = (): Promise<Reloaded> => outcomes.shift()?.() ?? Promise.reject(new Error('more'));
  const stop = reloadOnHangup(signals, { reload }, (line) => told.push(line));
  for (let times = outcomes.length; times > 0; times -= 1) {
    signals.emit('SIGHUP');
    await turn();
  }
  stop();
  signals.emit('SIGHUP');
  await turn();
  expect(told).toEqual([
    'In force now: routes, people.',
    'The configuration is as it was.',
    'In force now: sources. Two people must approve the rest (chg_1): see firebreak config changes.',
    'Nothing was changed: instances changed and need a restart.',
    'The configuration stays as it was: f.yaml:3:1: Unknown key.',
  ]);
});
