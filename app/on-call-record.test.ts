// Goal: who was on call when an incident opened is one line of its timeline, nobody as well, whoever looks and however often.
// Method: real rows and rounds at the same time.
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { KnownCalendars, OnCallSchedule } from '../domain/on-call.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { recordOnCall } from './on-call-record.ts';

const stores = useStores();
const schedule = (name: string, startsAt: string): OnCallSchedule => ({
  ...{ name, overrides: [] },
  rotation: { timeZone: 'UTC', startsAt, everyDays: 7, people: ['mona'] },
});
const rounds = (
  calendars: KnownCalendars,
  ...schedules: readonly OnCallSchedule[]
): Promise<number> =>
  recordOnCall({
    ...{ store: stores.worker(), log: pino({ level: 'silent' }) },
    schedules: () => schedules,
    calendars,
    now: () => new Date('2026-11-23T10:00:00.000Z'),
  });
const round = (...schedules: readonly OnCallSchedule[]): Promise<number> =>
  rounds(new Map(), ...schedules);

test('is put down once, by every schedule, and does not change with them', async () => {
  const person = { slackUser: null, mail: null, active: true, roles: ['responder'] } as const;
  await stores.api().people.put({ ...person, id: 'mona', name: 'Mona' });
  const id = await openIncident(stores.api(), 'on-call');
  expect(await round()).toBe(0);
  const both = [schedule('ml', '2020-01-01T09:00'), schedule('later', '2999-01-01T09:00')];
  const together = await Promise.all([round(...both), round(...both)]);
  expect(together.toSorted()).toEqual([0, 1]);
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

test('by a calendar that cannot be read now says how old its last reading is', async () => {
  const id = await openIncident(stores.api(), 'on-call-old');
  const people = { mona: ['PMONA'] };
  const source = { instance: 'pager', schedule: 'PML', refreshMinutes: 15, people };
  const paged: OnCallSchedule = { name: 'paged', overrides: [], pagerduty: source };
  const readAt = '2026-11-20T10:00:00.000Z';
  const span = { from: readAt, until: '2999-01-01T00:00:00.000Z' };
  const entry = { from: readAt, to: span.until, title: 'Mona', names: [['PMONA']] };
  const reading = { readAt, ...span, entries: [entry], findings: [] };
  const problem = 'unavailable: PagerDuty answered 503';
  const calendar = { schedule: 'paged', reading, problem };
  expect(await rounds(new Map([['paged', calendar]]), paged)).toBe(1);
  const facts = await stores.worker().facts.page(id, 0, 100);
  expect(facts.filter(({ kind }) => kind === 'on-call.recorded')).toMatchObject([
    {
      summary: `On call when it opened: Mona (mona) by paged, whose calendar was last read at ${readAt}.`,
      data: { schedules: [{ source: { kind: 'pagerduty', readAt, problem } }] },
    },
  ]);
});
