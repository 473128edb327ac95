// Goal: doctor says by day who would be called at night, and who could not be. Method: the finding for a file and a moment.
import { expect, test } from '@jest/globals';
import type { OnCallSchedule } from '../domain/on-call.ts';
import { checkOnCall } from './check-on-call.ts';

const person = { roles: ['responder'], slackUser: null } as const;
const people = [
  { ...person, id: 'mona', name: 'Mona', mail: 'mona@lab.test' },
  { ...person, id: 'rex', name: 'Rex', mail: null },
];
const schedule = (first: string, startsAt = '2026-11-23T09:00'): OnCallSchedule => ({
  ...{ name: 'ml', overrides: [] },
  rotation: { timeZone: 'UTC', startsAt, everyDays: 7, people: [first] },
});
const now = new Date('2026-11-24T10:00:00Z');

test.each([
  ['somebody with an address', schedule('mona'), true, 'mona until 2026-11-30T09:00:00.000Z'],
  ['somebody without one', schedule('rex'), false, 'neither mail nor slackUser'],
  ['nobody yet', schedule('mona', '2027-01-01T09:00'), false, 'the rotation begins at 2027'],
])('%s', (...[, one, ok, detail]) => {
  const [found] = checkOnCall({ onCall: [one], people }, now);
  expect(found).toMatchObject({ ok, name: 'on call by ml' });
  expect(found?.detail).toContain(detail);
});

test('without schedules nothing is said', () => {
  expect(checkOnCall({ people }, now)).toEqual([]);
});
