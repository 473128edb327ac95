// Goal: who is on call is told in one line each, and a schedule that could tell nobody is a failure. Method: answers of a server.
import { afterEach, expect, test } from '@jest/globals';
import type { OnCallView } from '../domain/on-call.ts';
import { cleanUp, run, serve } from './test-run.ts';

afterEach(cleanUp);

type Schedule = OnCallView['schedules'][number];
const mona = { id: 'mona', name: 'Mona\u001b[2J', active: true };
const ml: Schedule = {
  schedule: 'ml',
  people: [mona],
  until: '2026-11-30T08:00:00.000Z',
  reason: null,
  next: { people: [{ id: 'olga', name: 'Olga', active: true }], from: '2026-11-30T08:00:00.000Z' },
  source: { kind: 'rotation', readAt: null, problem: null },
  findings: [],
};
const read = '2026-11-23T09:59:00.000Z';
const ops: Schedule = {
  ...{ ...ml, schedule: 'ops', next: null },
  source: { kind: 'ical', readAt: read, problem: 'unavailable: it is away\u001b[2J' },
  findings: ['"Cover" names nobody of this schedule'],
};

async function show(...schedules: readonly Schedule[]) {
  const body = { at: '2026-11-23T10:00:00.000Z', schedules };
  const { url } = await serve({ 'GET /api/v1/on-call': { status: 200, body } });
  return run(['on-call'], { url });
}

test.each<[string, readonly Schedule[], number, string]>([
  ['somebody', [ml], 0, '(mona)'],
  ['no schedule', [], 0, 'No schedule is configured'],
  ['nobody', [ml, { ...ml, people: [], reason: 'it begins later' }], 1, 'nobody: it begins later'],
  ['who is next', [ml], 0, 'Olga (olga)'],
  ['a calendar', [ops], 0, `ops: its calendar was read at ${read}; the latest try brought nothing`],
  ['what it names in vain', [ops], 0, 'ops: "Cover" names nobody of this schedule'],
  [
    'a calendar never read',
    [{ ...ops, people: [], source: { kind: 'ical', readAt: null, problem: null } }],
    1,
    'ops: its calendar was never read',
  ],
  ['nobody active', [{ ...ml, people: [{ ...mona, active: false }] }], 1, 'deactivated'],
])('%s', async (...[, schedules, code, said]) => {
  const result = await show(...schedules);
  expect(result.code).toBe(code);
  expect(result.out).toContain(said);
  expect(result.out).not.toContain('\u001b[2J');
});
