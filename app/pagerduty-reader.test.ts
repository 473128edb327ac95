// Goal: who is on call by a schedule of PagerDuty is known by id or mail as configured and never guessed; a PagerDuty that is away,
// refuses or talks nonsense leaves on call who was. Method: real rows, the connector, the twin, the clock moved by hand.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { connectorModules } from '../connectors/registry.ts';
import { answerAt, type OnCallAnswer, type OnCallSchedule } from '../domain/on-call.ts';
import type { Fault } from '../lab/fault.ts';
import { createPagerdutyTwin, type PagerdutyTwin } from '../lab/pagerduty/twin.ts';
import { useStores } from '../store/test-store.ts';
import { loadInstances, type LoadedInstances } from './connector-instances.ts';
import { readCalendars } from './read-calendars.ts';

const stores = useStores();
const MINUTE_MS = 60_000;
const START = Date.parse('2026-11-23T10:00:00Z');
const minute = (minutes: number): string => new Date(START + minutes * MINUTE_MS).toISOString();
const USERS = [
  { id: 'PMONA', name: 'Mona', email: 'mona@lab.test' },
  { id: 'POLGA', name: 'Olga', email: 'olga@lab.test' },
  { id: 'PALEX', name: 'Alex\u0007<b>', email: 'alex@lab.test' },
];

let twin: PagerdutyTwin;
let connectors: LoadedInstances;
let name: string;

beforeEach(async () => {
  name = `ml-${randomUUID().slice(0, 8).replace(/^\d/, 'x')}`;
  twin = await createPagerdutyTwin({ users: USERS });
  const config = { url: twin.url, token: twin.token };
  const instance = { name: 'pager', connector: 'pagerduty', holdSeconds: 0, config };
  connectors = await loadInstances(connectorModules, [instance]);
});
afterEach(async () => {
  await connectors.close();
  await twin.close();
});

/** Puts users of PagerDuty on call, one after the other, two hours each from the start on. */
function onCall(...users: readonly string[]): void {
  const shifts = users.map((user, index) => ({
    ...{ schedule: 'PML', user },
    ...{ start: minute(index * 120), end: minute((index + 1) * 120) },
  }));
  twin.shifts.splice(0, twin.shifts.length, ...shifts);
}

const people = { mona: ['PMONA'], olga: ['olga@lab.test'] };
const scheduleOf = (source: object = {}): OnCallSchedule => ({
  ...{ name, overrides: [] },
  pagerduty: { instance: 'pager', schedule: 'PML', refreshMinutes: 15, people, ...source },
});

async function round(minutes: number, schedule = scheduleOf()): Promise<OnCallAnswer> {
  const at = START + minutes * MINUTE_MS;
  const known = await readCalendars({
    ...{ store: stores.worker(), connectors, log: pino({ level: 'silent' }) },
    schedules: () => [schedule],
    now: () => new Date(at),
  });
  return answerAt(schedule, at, known);
}

test('people are known by the id of their user or their login mail, and by nothing else', async () => {
  onCall('PMONA', 'POLGA', 'PALEX');
  expect(await round(0)).toMatchObject({
    ...{ people: ['mona'], until: minute(120), next: { people: ['olga'], from: minute(120) } },
    source: { kind: 'pagerduty', readAt: minute(0), problem: null },
    findings: ['"Alex <b>" names nobody of this schedule: PALEX, alex@lab.test'],
  });
  const later = await round(241);
  expect(later).toMatchObject({ people: [], until: minute(360) });
  expect(later.reason).toBe('"Alex <b>" names nobody of this schedule');
  // Neither by another’s name, nor in other letters.
  const others = { mona: ['Olga', 'OLGA@lab.test', 'polga'], olga: ['PALEX'] };
  expect((await round(130, scheduleOf({ people: others }))).people).toEqual([]);
});

test('where one names two people, the id of the user counts', async () => {
  onCall('PMONA');
  const both = { mona: ['mona@lab.test'], olga: ['PMONA'] };
  expect((await round(0, scheduleOf({ people: both }))).people).toEqual(['olga']);
});

test('it is read when it is due, and at once when the schedule is another one', async () => {
  onCall('PMONA');
  await round(0);
  const asked = twin.ledger.length;
  await round(14);
  expect(twin.ledger).toHaveLength(asked);
  twin.shifts.push({ schedule: 'PNEW', user: 'POLGA', start: null, end: null });
  expect((await round(14, scheduleOf({ schedule: 'PNEW' }))).people).toEqual(['olga']);
  onCall('POLGA');
  expect((await round(30)).people).toEqual(['olga']);
});

const answer = (status: number, body: unknown = '', headers = {}): Fault => ({
  kind: 'reply',
  reply: { status, body, headers },
});

describe('what was read last counts, with its age and the reason, when PagerDuty', () => {
  test.each<[string, Fault, string]>([
    ['is away', answer(503), 'unavailable: PagerDuty answered 503'],
    ['refuses the key', answer(401, { error: { code: 2006 } }), 'unauthorized: '],
    ['lacks a right', answer(403), '(needed: oncalls.read)'],
    ['wants us to wait', answer(429, '', { 'ratelimit-reset': '7' }), 'rate_limited: '],
    ['wants to be asked elsewhere', answer(302, '', { location: '/x' }), 'bad_reply: '],
    ['shows a page', answer(200, '<html>Sign in</html>'), 'bad_reply: '],
    ['answers with something else', answer(200, { incidents: [] }), 'bad_reply: '],
    ['answers with half of it', { kind: 'damage', damage: 'short' }, 'unavailable: '],
    ['ends without an end', { kind: 'damage', damage: 'unended' }, 'unavailable: '],
    ['says nothing', { kind: 'cut-before' }, 'unavailable: '],
  ])('%s', async (_name, fault, problem) => {
    onCall('PMONA');
    await round(0);
    twin.faults.add(fault, { times: 2 });
    const later = await round(15);
    expect(later).toMatchObject({ people: ['mona'], source: { readAt: minute(0) } });
    expect(later.source.problem).toContain(problem);
    expect(later.source.problem).not.toContain(twin.token);
    twin.faults.clear();
    onCall('POLGA');
    expect(await round(17)).toMatchObject({ people: ['olga'], source: { problem: null } });
  });

  test.each<[string, () => unknown, string]>([
    ['has no such schedule any more', () => twin.shifts.splice(0), 'no schedule PML.'],
    [
      'names nobody of ours any more',
      () => {
        onCall('PALEX');
      },
      'It names nobody of this schedule from now on (entries: 1)',
    ],
  ])('%s', async (_name, change, problem) => {
    onCall('PMONA');
    await round(0);
    change();
    const later = await round(15);
    expect(later).toMatchObject({ people: ['mona'], source: { readAt: minute(0) } });
    expect(later.source.problem).toContain(problem);
  });
});

test('a schedule whose instance is not there, or is another system, has nobody and says why', async () => {
  expect((await round(0, scheduleOf({ instance: 'gone' }))).reason).toContain(
    'No instance gone is configured.',
  );
});
