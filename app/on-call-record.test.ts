// Goal: who was on call when an incident opened is one line of its timeline, nobody as well, whoever looks and however often.
// Method: real rows and rounds at the same time.
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { OnCallSchedule } from '../domain/on-call.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { recordOnCall } from './on-call-record.ts';

const stores = useStores();
const schedule = (name: string, startsAt: string): OnCallSchedule => ({
  ...{ name, overrides: [] },
  rotation: { timeZone: 'UTC', startsAt, everyDays: 7, people: ['mona'] },
});
const round = (...schedules: readonly OnCallSchedule[]): Promise<number> =>
  recordOnCall({
    ...{ store: stores.worker(), log: pino({ level: 'silent' }) },
    schedules: () => schedules,
    calendars: new Map(),
    now: () => new Date('2026-11-23T10:00:00.000Z'),
  });

test('is put down once, by every schedule, and does not change with them', async () => {
  const person = { slackUser: null, mail: null, active: true, roles: ['responder'] } as const;
  await stores.api().people.put({ ...person, id: 'mona', name: 'Mona' });
  const id = await openIncident(stores.api(), 'on-call');
  expect(await round()).toBe(0);
  const both = [schedule('ml', '2020-01-01T09:00'), schedule('later', '2999-01-01T09:00')];
  const rounds = await Promise.all([round(...both), round(...both)]);
  expect(rounds.toSorted()).toEqual([0, 1]);
  expect(await round(schedule('other', '2020-01-01T09:00'))).toBe(0);
  const facts = await stores.worker().facts.page(id, 0, 100);
  const incident = await stores.worker().incidents.get(id);
  expect(facts.filter(({ kind }) => kind === 'on-call.recorded')).toMatchObject([
    {
      occurredAt: incident?.openedAt,
      summary:
        'On call when it opened: Mona (mona) by ml; nobody by later (the rotation begins at 2999-01-01T09:00 (UTC)).',
      data: {
        schedules: [
          { schedule: 'ml', people: ['mona'] },
          { schedule: 'later', people: [] },
        ],
      },
    },
  ]);
});
