// Goal: who is on call is read from where people keep it, and a calendar that is down, empty or nonsense leaves on call who was.
// Method: real rows, a server that answers as told, the clock moved by hand.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { onCallAt, type IcalSource, type OnCall, type OnCallSchedule } from '../domain/on-call.ts';
import { createFaultPlan } from '../lab/fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../lab/twin.ts';
import { useStores } from '../store/test-store.ts';
import { loadInstances } from './connector-instances.ts';
import { readCalendars } from './read-calendars.ts';

const stores = useStores();
/** A calendar at an address needs no system. */
const connectors = await loadInstances([], []);
const START = Date.parse('2026-11-23T10:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const SECRET = 'private-4f0c9a77d1';

/** A calendar in which somebody has a turn of two weeks from a day on. */
function calendar(address: string, from = '20261120'): string {
  const start = Date.parse(`${from.slice(0, 4)}-${from.slice(4, 6)}-${from.slice(6)}T00:00:00Z`);
  const end = new Date(start + 14 * DAY_MINUTES * MINUTE_MS).toISOString();
  return [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:lab', 'BEGIN:VEVENT', 'UID:1', 'SUMMARY:Cover'],
    `DTSTART;VALUE=DATE:${from}`,
    `DTEND;VALUE=DATE:${end.slice(0, 10).replaceAll('-', '')}`,
    ...[`ATTENDEE:mailto:${address}`, 'END:VEVENT', 'END:VCALENDAR', ''],
  ].join('\r\n');
}
const MONA = calendar('mona@lab.test');

let server: Twin;
let asked: TwinRequest[];
let answer: (request: TwinRequest) => TwinReply;
let name: string;
let logged: string[];

beforeEach(async () => {
  asked = [];
  logged = [];
  name = `ops-${randomUUID().slice(0, 8).replace(/^\d/, 'x')}`;
  answer = () => ({ status: 200, body: MONA });
  server = await startTwin({
    ...{ name: 'calendar', faults: createFaultPlan() },
    handler: (request) => {
      asked.push(request);
      return answer(request);
    },
  });
});
afterEach(() => server.close());

const people = { mona: ['mona@lab.test'], olga: ['olga@lab.test'] };
const scheduleOf = (source: Partial<IcalSource> = {}): OnCallSchedule => ({
  ...{ name, overrides: [] },
  ical: {
    ...{ timeZone: 'UTC', refreshMinutes: 15, people },
    ...('file' in source ? {} : { url: `${server.url}/ical/${SECRET}/basic.ics?key=${SECRET}` }),
    ...source,
  },
});

/** One round of a process that has just started, so many minutes later; answers who is on call then. */
async function round(minutes: number, schedule = scheduleOf()): Promise<OnCall> {
  const at = START + minutes * MINUTE_MS;
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const known = await readCalendars({
    ...{ store: stores.worker(), log, schedules: () => [schedule], connectors },
    now: () => new Date(at),
  });
  return onCallAt(schedule, at, known);
}
const minute = (minutes: number): string => new Date(START + minutes * MINUTE_MS).toISOString();

describe('a calendar', () => {
  test('is read at once, again when it is due, and asked whether it changed', async () => {
    answer = ({ headers }) =>
      headers['if-none-match'] === '"v1"'
        ? { status: 304 }
        : { status: 200, body: MONA, headers: { etag: '"v1"' } };
    expect(await round(0)).toMatchObject({
      people: ['mona'],
      source: { kind: 'ical', readAt: minute(0), problem: null },
    });
    await round(14);
    expect(asked).toHaveLength(1);
    expect(await round(15)).toMatchObject({ people: ['mona'], source: { readAt: minute(15) } });
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"']);
    answer = () => ({ status: 200, body: calendar('olga@lab.test'), headers: { etag: '"v2"' } });
    expect((await round(30)).people).toEqual(['olga']);
  });

  test('that does not change is read whole again before what is known of it ends', async () => {
    answer = ({ headers }) =>
      headers['if-none-match'] === undefined
        ? { status: 200, body: calendar('mona@lab.test', '20270201'), headers: { etag: '"v1"' } }
        : { status: 304 };
    await round(0);
    expect(await round(31 * DAY_MINUTES)).toMatchObject({ source: { problem: null } });
    expect(asked.at(-1)?.headers['if-none-match']).toBeUndefined();
    expect((await round(80 * DAY_MINUTES)).people).toEqual(['mona']);
  });

  test('is read sooner as soon as that is asked for', async () => {
    await round(0);
    await round(5, scheduleOf({ refreshMinutes: 5 }));
    expect(asked).toHaveLength(2);
  });

  test('at another address is read at once, and until it answers the old one counts', async () => {
    await round(0);
    const moved = scheduleOf({ url: `${server.url}/gone` });
    answer = () => ({ status: 404, body: 'no' });
    expect(await round(1, moved)).toMatchObject({
      people: ['mona'],
      source: { readAt: minute(0) },
    });
    expect(asked.at(-1)?.url.pathname).toBe('/gone');
  });

  test('of a file is read as one at an address, and the last one counts when it is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-calendar-'));
    try {
      const file = join(folder, 'ops.ics');
      await writeFile(file, MONA);
      const schedule = scheduleOf({ file });
      expect((await round(0, schedule)).people).toEqual(['mona']);
      await rm(file);
      const later = await round(15, schedule);
      expect(later).toMatchObject({ people: ['mona'], source: { readAt: minute(0) } });
      expect(later.source.problem).toContain(`unavailable: The file ${file} cannot be read.`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('what was read last counts, with its age and the reason, when the calendar', () => {
  const BIG = Buffer.alloc(10 * 1024 * 1024, `${MONA}\r\n`);
  test.each<[string, TwinReply, string]>([
    ['is away', { status: 503, body: `no ${SECRET}` }, 'unavailable: '],
    ['wants to be asked elsewhere', { status: 302, headers: { location: '/x' } }, 'bad_reply: '],
    ['does not let us in', { status: 401, body: '' }, 'unauthorized: '],
    ['is gone', { status: 404, body: '' }, 'not_found: '],
    ['is empty', { status: 200, body: '' }, 'invalid: '],
    ['is a page', { status: 200, body: '<html>Sign in</html>' }, 'invalid: '],
    ['is no text', { status: 200, body: Buffer.from([0xff, 0xfe, 0x00]) }, 'bad_reply: '],
    ['is very large', { status: 200, body: BIG }, 'too_large: '],
    [
      'has no events',
      { status: 200, body: 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n' },
      'bad_reply: It names nobody of this schedule from now on (entries: 0)',
    ],
    [
      'names nobody of the schedule any more',
      { status: 200, body: calendar('stranger@lab.test') },
      'bad_reply: It names nobody of this schedule from now on (entries: 1)',
    ],
    [
      'names people in the past alone',
      { status: 200, body: calendar('mona@lab.test', '20261101') },
      'bad_reply: It names nobody of this schedule',
    ],
  ])('%s', async (_name, reply, problem) => {
    await round(0);
    answer = () => reply;
    const later = await round(15);
    expect(later).toMatchObject({ people: ['mona'], source: { readAt: minute(0) } });
    expect(later.source.problem).toContain(problem);
    answer = () => ({ status: 200, body: calendar('olga@lab.test') });
    expect(await round(17)).toMatchObject({ people: ['olga'], source: { problem: null } });
  });

  test.each(['short', 'unended'] as const)('arrives %s', async (damage) => {
    await round(0);
    server.faults.add({ kind: 'damage', damage });
    const later = await round(15);
    expect(later).toMatchObject({ people: ['mona'], source: { readAt: minute(0) } });
    expect(later.source.problem).toContain('unavailable: ');
  });

  test('nobody is on call by one that was never read, and the reason is told', async () => {
    answer = () => ({ status: 500, body: '' });
    const { people: found, reason } = await round(0);
    expect(found).toEqual([]);
    expect(reason).toContain('its calendar was never read: unavailable: ');
  });
});

describe('a calendar that fails', () => {
  test('is left alone for as long as it asks, else twice as long each time, an hour at most', async () => {
    answer = () => ({ status: 429, headers: { 'retry-after': '180' }, body: '' });
    await round(0);
    await round(2);
    expect(asked).toHaveLength(1);
    answer = () => ({ status: 500, body: '' });
    await round(3);
    expect(asked).toHaveLength(2);
    const before = asked.length;
    // 2, 4, 8, 16 and 32 minutes after the one before, then an hour.
    for (let minutes = 4; minutes <= 140; minutes += 1) await round(minutes);
    expect(asked.length - before).toBe(6);
  });

  test('has its address in no row and in no line of the log', async () => {
    answer = () => ({ status: 500, body: `your key ${SECRET} is no good` });
    await round(0);
    await round(60);
    answer = () => ({ status: 200, body: MONA });
    await round(300);
    const rows = await stores.sql(
      `select row_to_json(c)::text as row from firebreak.on_call_calendar c`,
    );
    expect(logged.length).toBeGreaterThanOrEqual(2);
    expect(`${JSON.stringify(rows)}${logged.join('')}`).not.toContain(SECRET);
    expect(`${JSON.stringify(rows)}${logged.join('')}`).not.toContain(server.url);
  });
});
