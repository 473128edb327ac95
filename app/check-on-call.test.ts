// Goal: doctor says by day who would be called at night, who could not be, and how the calendars are that say so.
// Method: the findings for a file and a moment; calendars are files in a temporary folder.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KnownCalendars, OnCallSchedule } from '../domain/on-call.ts';
import { createPagerdutyTwin, type PagerdutyTwin } from '../lab/pagerduty/twin.ts';
import { checkOnCall, type OnCallExamination } from './check-on-call.ts';
import type { Check } from './finding.ts';

const person = { roles: ['responder'], slackUser: null } as const;
const people = [
  { ...person, id: 'mona', name: 'Mona', mail: 'mona@lab.test' },
  { ...person, id: 'rex', name: 'Rex', mail: null },
];
const schedule = (first: string, startsAt = '2026-11-23T09:00'): OnCallSchedule => ({
  ...{ name: 'ml', overrides: [] },
  rotation: { timeZone: 'UTC', startsAt, everyDays: 7, people: [first] },
});
const now = (): Date => new Date('2026-11-24T10:00:00Z');
const look = (
  onCall: readonly OnCallSchedule[],
  known: KnownCalendars = new Map(),
  instances: OnCallExamination['instances'] = [],
): Promise<readonly Check[]> =>
  checkOnCall({ onCall, people }, { instances, now, known: () => Promise.resolve(known) });

test.each([
  ['somebody with an address', schedule('mona'), true, 'mona until 2026-11-30T09:00:00.000Z', null],
  [
    'somebody without one',
    schedule('rex'),
    false,
    'rex has neither mail nor slackUser',
    'Give one under people.',
  ],
  [
    'nobody yet',
    schedule('mona', '2027-01-01T09:00'),
    false,
    'the rotation begins at 2027',
    'Begin the rotation earlier.',
  ],
])('%s', async (...[, one, ok, detail, fix]) => {
  const [found] = await look([one]);
  expect(found).toMatchObject({ ok, name: 'on call by ml', fix });
  expect(found?.detail).toContain(detail);
});

test('without schedules nothing is said', async () => {
  const nothing = { instances: [], now, known: () => Promise.resolve(new Map()) };
  expect(await checkOnCall({ people }, nothing)).toEqual([]);
});

describe('a calendar', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const event = (summary: string, from: string, to: string): string =>
    ['BEGIN:VEVENT', `UID:${from}`, `SUMMARY:${summary}`, `DTSTART:${from}`, `DTEND:${to}`]
      .concat('END:VEVENT')
      .join('\r\n');
  const onFile = async (name: string, ...events: readonly string[]): Promise<OnCallSchedule> => {
    const file = join(folder, `${name}.ics`);
    const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR', ''].join('\r\n');
    if (events.length > 0) await writeFile(file, text);
    const names = { mona: ['Mona'] };
    const ical = { file, timeZone: 'UTC', refreshMinutes: 15, people: names };
    return { name: 'ops', overrides: [], ical };
  };
  const TODAY = event('Mona', '20261124T000000Z', '20261125T000000Z');

  test('that is good', async () => {
    expect(await look([await onFile('good', TODAY)])).toMatchObject([
      { name: 'calendar of ops', ok: true, detail: 'read now, 1 entry, all understood' },
      { name: 'on call by ops', ok: true, detail: 'mona until 2026-11-25T00:00:00.000Z' },
    ]);
  });

  test('with an entry that names nobody is a fault that names it', async () => {
    const strange = event('Cover', '20261201T000000Z', '20261202T000000Z');
    expect(await look([await onFile('strange', TODAY, strange)])).toMatchObject([
      { ok: false, detail: '"Cover" names nobody of this schedule' },
      { ok: true },
    ]);
  });

  test('with a gap now is a fault that the calendar has', async () => {
    const later = event('Mona', '20261201T000000Z', '20261202T000000Z');
    expect(await look([await onFile('gap', later)])).toMatchObject([
      { name: 'calendar of ops', ok: true },
      { name: 'on call by ops', ok: false, fix: 'Fill the gap in the calendar.' },
    ]);
  });

  test('that cannot be read is one fault; who stands in is known all the same', async () => {
    const gone = await onFile('gone');
    const stand = { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z', person: 'mona' };
    expect(await look([{ ...gone, overrides: [stand] }])).toMatchObject([
      { name: 'calendar of ops', ok: false },
      { name: 'on call by ops', ok: true, detail: 'mona until 2026-11-25T00:00:00.000Z' },
    ]);
  });

  test('that cannot be read is a fault, and what a running engine read counts', async () => {
    const gone = await onFile('gone');
    const [fault, ...others] = await look([gone]);
    expect(fault).toMatchObject({ name: 'calendar of ops', ok: false });
    expect(fault?.detail).toContain('no earlier reading is found here');
    expect(others).toEqual([]);
    const entry = { from: '2026-11-24T00:00:00.000Z', to: '2026-11-25T00:00:00.000Z' };
    const reading = {
      ...{ readAt: '2026-11-24T09:00:00.000Z', from: entry.from, until: entry.to, findings: [] },
      entries: [{ ...entry, title: 'Mona', names: [['Mona']] }],
    };
    const known = { schedule: 'ops', reading, problem: null };
    const [old, mona] = await look([gone], new Map([['ops', known]]));
    expect(old?.detail).toContain('what was read at 2026-11-24T09:00:00.000Z counts');
    expect(mona).toMatchObject({ ok: true, detail: 'mona until 2026-11-25T00:00:00.000Z' });
  });
});

describe('a schedule of PagerDuty', () => {
  let twin: PagerdutyTwin;
  beforeAll(async () => {
    const user = { id: 'PMONA', name: 'Mona', email: 'mona@lab.test' };
    const shift = { schedule: 'PML', user: 'PMONA', start: null, end: null };
    const strange = { schedule: 'PSTRANGE', user: 'PALEX', start: null, end: null };
    const both = [shift, { ...shift, schedule: 'PSTRANGE' }, strange];
    twin = await createPagerdutyTwin({ users: [user], shifts: both });
  });
  afterAll(() => twin.close());
  const by = (schedule: string, token = twin.token): Promise<readonly Check[]> => {
    const config = { url: twin.url, token };
    const pagerduty = {
      instance: 'pager',
      schedule,
      refreshMinutes: 15,
      people: { mona: ['PMONA'] },
    };
    return look([{ name: 'ml', overrides: [], pagerduty }], new Map(), [
      { name: 'pager', connector: 'pagerduty', holdSeconds: 0, config },
      // What another schedule would need is left alone.
      { name: 'broken', connector: 'pagerduty', holdSeconds: 0, config: {} },
    ]);
  };

  test('that is good', async () => {
    expect(await by('PML')).toMatchObject([
      { name: 'calendar of ml', ok: true, detail: 'read now, 1 entry, all understood' },
      { name: 'on call by ml', ok: true, detail: expect.stringContaining('mona until ') },
    ]);
  });

  test.each<[string, { readonly schedule: string; readonly token?: string }, string]>([
    ['whose key is refused', { schedule: 'PML', token: 'old-key' }, 'needed: oncalls.read'],
    ['that is not there', { schedule: 'PGONE' }, 'PagerDuty shows this key no schedule PGONE.'],
    ['with somebody whom nobody maps', { schedule: 'PSTRANGE' }, '"PALEX" names nobody of this'],
  ])('%s is a fault that names it', async (_name, { schedule, token }, detail) => {
    const [fault] = await by(schedule, token);
    expect(fault).toMatchObject({ name: 'calendar of ml', ok: false });
    expect(fault?.detail).toContain(detail);
    expect(fault?.detail).not.toContain('old-key');
  });
});
