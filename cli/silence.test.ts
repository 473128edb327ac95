// Goal: quiet is asked for in the words of the API, with owner, reason and end. Method: the whole program in this
// process, against a server of canned answers.
import { afterEach, describe, expect, test } from '@jest/globals';
import { durationMs } from './duration.ts';
import { cleanUp, NOW, run, serve } from './test-run.ts';

afterEach(cleanUp);

const silence = {
  ...{
    id: 'sil_1',
    matchers: [{ name: 'alertname', operator: '=', value: 'drain' }],
    state: 'active',
  },
  ...{ startsAt: NOW, endsAt: NOW, owner: 'mona', reason: 'node drain', createdBy: 'mona' },
  ...{ createdAt: NOW, endedAt: null, endedBy: null, endedReason: null },
  ...{ suppressedCount: 3, lastSuppressedAt: NOW },
};
const replies = {
  'POST /api/v1/silences': { status: 201, body: { silence } },
  'GET /api/v1/silences': { status: 200, body: { items: [silence], next: null } },
  'POST /api/v1/silences/sil_1/expire': { status: 200, body: { silence } },
  'POST /api/v1/incidents/inc_1/snooze': {
    status: 200,
    body: { incidentId: 'inc_1', snoozedUntil: null },
  },
  'GET /api/v1/self-watch': {
    status: 200,
    body: {
      selfCheck: { wholeAt: NOW, beatAt: NOW, problem: null },
      watchdogs: [{ source: 'production', alertname: 'Watchdog', lastSeenAt: NOW, missing: true }],
      alertmanagers: [{ source: 'production', readAt: NOW, problem: null, missed: 2 }],
      overdueReviews: [],
      calendars: [{ schedule: 'ops', readAt: NOW, problem: null }],
    },
  },
};
const WHY = ['--owner', 'mona', '--reason', 'node drain'];

describe('silence', () => {
  test('add sends matchers, owner, reason and end', async () => {
    const { url, seen } = await serve(replies);
    const args = ['silence', 'add', 'alertname=drain', 'namespace!=ml', ...WHY, '--starts', NOW];
    const result = await run([...args, '--for', '2h'], { url });
    expect(result.code).toBe(0);
    expect(result.out).toContain('3 alerts suppressed so far.');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      ...{ id: expect.any(String), matchers: ['alertname=drain', 'namespace!=ml'] },
      ...{ startsAt: NOW, endsAt: new Date(Date.parse(NOW) + 7_200_000).toISOString() },
      ...{ owner: 'mona', reason: 'node drain' },
    });
  });

  test.each([[['--for', '2 hours']], [['--ends', 'tomorrow']], [[]]])(
    'add without an end that can be read is refused (%j)',
    async (end) => {
      const { url, seen } = await serve(replies);
      const result = await run(['silence', 'add', 'a=b', ...WHY, ...end], { url });
      expect(result.code).toBe(2);
      expect(seen).toEqual([]);
    },
  );

  test('list and expire', async () => {
    const { url } = await serve(replies);
    const listed = await run(['silence', 'list'], { url });
    expect(listed.out).toContain('alertname="drain"');
    const ended = await run(['silence', 'expire', 'sil_1', '--reason', 'done'], { url });
    expect(ended.code).toBe(0);
  });
});

describe('incident snooze', () => {
  test('asks for quiet, and ends it', async () => {
    const { url, seen } = await serve(replies);
    const snooze = ['incident', 'snooze', 'inc_1', '--reason', 'waiting'];
    expect((await run([...snooze, '--for', '2h'], { url })).code).toBe(0);
    expect((await run([...snooze, '--end'], { url })).code).toBe(0);
    expect((await run(snooze, { url })).code).toBe(2);
    const bodies = seen.map(({ body }): unknown => JSON.parse(body));
    expect(bodies).toEqual([
      { id: expect.any(String), until: expect.any(String), reason: 'waiting' },
      { id: expect.any(String), until: null, reason: 'waiting' },
    ]);
  });
});

describe('self-watch', () => {
  test('says what is missing, and ends with 1', async () => {
    const { url } = await serve(replies);
    const result = await run(['self-watch'], { url });
    expect(result.out).toContain('production: Watchdog MISSING');
    expect(result.code).toBe(1);
  });
});

describe('durations', () => {
  test.each([
    ['90m', 5_400_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s', (text, ms) => {
    expect(durationMs(text, 'for')).toBe(ms);
  });

  test.each(['', '0m', '2', '2w', '-1h', '1.5h', '999999h'])('%j is none', (text) => {
    expect(() => durationMs(text, 'for')).toThrow(/--for/);
  });
});
