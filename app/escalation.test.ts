// Goal: what nobody answers climbs its ladder, each rung once whoever looks and whatever died, and a rung decides nothing.
// Method: real rows, several rounds at the same time, the clock moved by hand.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { DEFAULT_ESCALATION, type Escalation } from '../domain/escalation.ts';
import { onCallBy, type KnownCalendars, type OnCallSchedule } from '../domain/on-call.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import type { Person } from '../store/person-table.ts';
import { escalate } from './escalation.ts';

const MINUTE_MS = 60_000;
const stores = useStores();
let incidentId: string;
let approvalId: string;
let startMs: number;
let count = 0;

const PEOPLE: readonly (Pick<Person, 'id' | 'roles'> & Partial<Person>)[] = [
  { id: 'mona', roles: ['approver-model-owner'] },
  { id: 'sam', roles: ['approver-security'] },
  { id: 'left', roles: ['approver-security'], active: false },
  { id: 'cleo', roles: ['commander'] },
  { id: 'rex', roles: ['responder'], mail: null },
];

beforeEach(async () => {
  count += 1;
  // Nothing of an earlier case waits any more.
  for (const { id } of await stores.worker().incidents.unfinished(100)) {
    await stores.worker().incidents.change(id, { state: 'closed' });
  }
  for (const one of PEOPLE) {
    const plain = { name: `Name ${one.id}`, slackUser: null, mail: `${one.id}@lab.test` };
    await stores.api().people.put({ ...plain, active: true, ...one });
  }
  incidentId = await openIncident(stores.api(), `ladder-${count.toString()}`);
  const incident = await stores.worker().incidents.change(incidentId, { severity: 'sev2' });
  startMs = Date.parse(incident.openedAt);
  approvalId = `apr_ladder_${count.toString()}`;
});

async function openApproval(): Promise<void> {
  // Acknowledged, so that only the approval waits.
  await stores.worker().incidents.change(incidentId, { acknowledgedBy: 'rex' });
  await stores.worker().approvals.open({
    ...{ id: approvalId, incidentId, operation: 'ask', round: 1, title: 'Go back' },
    ...{ approvalClass: 'R3', plans: [], requestedBy: null, planDigest: 'a'.repeat(64) },
    quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
    createdAt: new Date(startMs).toISOString(),
    expiresAt: new Date(startMs + 24 * 60 * MINUTE_MS).toISOString(),
  });
}

/** One round of a process that has just started, so many minutes later. */
function round(
  minutes: number,
  {
    ladder = DEFAULT_ESCALATION,
    schedules = [],
    channels = { slack: true, mail: true },
    calendars = new Map(),
  }: {
    readonly ladder?: Escalation;
    readonly schedules?: readonly OnCallSchedule[];
    readonly channels?: { readonly slack: boolean; readonly mail: boolean };
    readonly calendars?: KnownCalendars;
  } = {},
): Promise<number> {
  return escalate({
    ...{ store: stores.worker(), channels, log: pino({ level: 'silent' }) },
    ladder: () => ladder,
    written: () => [],
    onCall: onCallBy(() => schedules, calendars),
    pager: () => null,
    now: () => new Date(startMs + minutes * MINUTE_MS),
  });
}

async function told(): Promise<readonly string[]> {
  const rows = await stores.worker().messages.ofIncident(incidentId);
  return rows
    .filter(({ purpose }) => purpose.includes('escalation/'))
    .map(({ channel, purpose }) => `${channel} ${purpose.split('/').at(-1) ?? ''}`);
}
const facts = async () =>
  (await stores.worker().facts.page(incidentId, 0, 100)).filter(
    ({ kind }) => kind === 'escalation.rung',
  );
const people = async () =>
  (await stores.worker().escalations.takenAmong([approvalId, incidentId])).map((one) => [
    one.rung,
    one.people.toSorted(),
  ]);

describe('an approval that nobody answers', () => {
  test('climbs: those whom it asks for, then commanders, each rung once; it stays open', async () => {
    await openApproval();
    expect(await round(14.9)).toBe(0);
    const both = await Promise.all([round(15), round(15)]);
    expect(both.toSorted()).toEqual([0, 1]);
    expect(await round(16)).toBe(0);
    expect(await round(30)).toBe(1);
    expect(await people()).toEqual([
      [1, ['mona', 'sam']],
      [2, ['cleo']],
    ]);
    expect(await told()).toEqual(['slack 1', 'mail 1', 'slack 2', 'mail 2']);
    const [first] = await facts();
    expect(first?.summary).toBe(
      'Nobody has settled "Go back" for 15 minutes: Name mona (mona), Name sam (sam) are told (rung 1 of 3, those whom it asks for).',
    );
    expect((await stores.worker().approvals.get(approvalId))?.status).toBe('open');
    expect(await stores.worker().decisions.ofIncident(incidentId)).toEqual([]);
    expect(await stores.chainLength(incidentId)).toBeGreaterThan(0);
  });

  test('calls whoever holds the role on the model of the incident, and nobody who holds it elsewhere', async () => {
    const limited = (id: string, name: string): Person => ({
      ...{ id, name: id, roles: [], slackUser: null, mail: `${id}@lab.test`, active: true },
      grants: [{ role: 'approver-security', on: 'model', name }],
    });
    await stores.worker().incidents.change(incidentId, { model: 'fraud' });
    await stores.api().people.put(limited('here', 'fraud'));
    await stores.api().people.put(limited('there', 'churn'));
    await openApproval();
    await round(15);
    expect(await people()).toEqual([[1, ['here', 'mona', 'sam']]]);
    await stores.api().people.put({ ...limited('here', 'fraud'), active: false });
  });

  test('falls to the next rung at once where a rung reaches nobody, and says so', async () => {
    await openApproval();
    const ladder: Escalation = {
      ...DEFAULT_ESCALATION,
      approvals: [
        { afterSeconds: 60, person: 'left', role: null, onCall: null, channels: ['slack'] },
        { afterSeconds: 120, person: null, role: null, onCall: 'none', channels: ['slack'] },
        { afterSeconds: 180, person: 'rex', role: null, onCall: null, channels: ['mail'] },
        { afterSeconds: 240, person: 'cleo', role: null, onCall: null, channels: ['mail'] },
      ],
    };
    expect(await round(1, { ladder })).toBe(4);
    expect(await people()).toEqual([
      [1, []],
      [2, []],
      [3, []],
      [4, ['cleo']],
    ]);
    expect((await facts()).map(({ summary }) => summary.split(': ')[1])).toEqual([
      expect.stringContaining(
        'reaches nobody, nobody active is there; the next one is taken at once',
      ),
      expect.stringContaining('there is no such schedule'),
      expect.stringContaining('none of its channels reaches them'),
      expect.stringContaining('Name cleo (cleo) are told'),
    ]);
    expect(await told()).toEqual(['mail 4']);
  });

  test('says when no rung is left that reaches anybody', async () => {
    await openApproval();
    const none = { slack: false, mail: false };
    expect(await round(15, { channels: none })).toBe(3);
    expect((await facts()).at(-1)?.summary).toContain('no rung is left');
    expect(await told()).toEqual([]);
  });

  test('calls who is on call at that moment, and says by which schedule', async () => {
    await openApproval();
    const from = new Date(startMs - 10 * 24 * 60 * MINUTE_MS).toISOString();
    const schedule: OnCallSchedule = {
      name: 'ml',
      rotation: { timeZone: 'UTC', startsAt: from.slice(0, 16), everyDays: 1, people: ['mona'] },
      overrides: [
        { from: new Date(startMs).toISOString(), to: '2999-01-01T00:00:00Z', person: 'sam' },
      ],
    };
    const rung = { afterSeconds: 60, person: null, role: null, channels: ['mail'] as const };
    const ladder = { ...DEFAULT_ESCALATION, approvals: [{ ...rung, onCall: 'ml' }] };
    expect(await round(1, { ladder, schedules: [schedule] })).toBe(1);
    expect(await people()).toEqual([[1, ['sam']]]);
    expect((await facts())[0]?.data).toMatchObject({
      onCall: { schedule: 'ml' },
      by: 'on call by ml',
    });
  });

  test('says how old the calendar is by which it calls, while that cannot be read', async () => {
    await openApproval();
    const people = { sam: ['Sam'] };
    const ical = { file: '/gone.ics', timeZone: 'UTC', refreshMinutes: 15, people };
    const schedule: OnCallSchedule = { name: 'ops', ical, overrides: [] };
    const readAt = new Date(startMs - 7 * 60 * MINUTE_MS).toISOString();
    const span = { from: readAt, until: '2999-01-01T00:00:00.000Z' };
    const entry = { from: readAt, to: span.until, title: 'Sam', names: [['Sam']] };
    const reading = { readAt, ...span, entries: [entry], findings: [] };
    const problem = 'unavailable: The file /gone.ics cannot be read.';
    const calendars = new Map([['ops', { schedule: 'ops', reading, problem }]]);
    const rung = { afterSeconds: 60, person: null, role: null, channels: ['mail'] as const };
    const ladder = { ...DEFAULT_ESCALATION, approvals: [{ ...rung, onCall: 'ops' }] };
    expect(await round(1, { ladder, schedules: [schedule], calendars })).toBe(1);
    const [fact] = await facts();
    expect(fact?.summary).toContain(
      `Name sam (sam) are told (rung 1 of 1, on call by ops, whose calendar was last read at ${readAt}).`,
    );
    expect(fact?.data).toMatchObject({ onCall: { source: { kind: 'ical', readAt, problem } } });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['it was answered', () => stores.api().approvals.settle(approvalId, 'rejected', 'No.')],
    ['it is void', () => stores.worker().approvals.settle(approvalId, 'void', 'Moved.')],
    [
      'its incident is closed',
      () => stores.worker().incidents.change(incidentId, { state: 'closed' }),
    ],
  ])('stops when %s', async (_name, end) => {
    await openApproval();
    expect(await round(15)).toBe(1);
    await end();
    expect(await round(60)).toBe(0);
  });

  test('stops when its time is over, whether or not that was noticed', async () => {
    await openApproval();
    expect(await round(24 * 60)).toBe(0);
  });
});

describe('an incident that nobody acknowledges', () => {
  test('climbs to those who respond, and stops with the first who takes it', async () => {
    expect(await round(10)).toBe(1);
    expect(await told()).toEqual(['slack 1', 'mail 1']);
    expect(await people()).toEqual([[1, ['rex']]]);
    await stores.worker().incidents.change(incidentId, { acknowledgedBy: 'rex' });
    expect(await round(60)).toBe(0);
  });

  test.each<[string, Parameters<ReturnType<typeof stores.worker>['incidents']['change']>[1]]>([
    ['lets people sleep once it is stabilised', { stabilisedAt: '2026-11-23T10:00:00.000Z' }],
    ['of a severity that does not climb stays', { severity: 'sev3' }],
  ])('%s', async (_name, change) => {
    await stores.worker().incidents.change(incidentId, change);
    expect(await round(60)).toBe(0);
  });
});
