import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decision, cleanUp, folder, NOW, run, serve } from './test-run.ts';

// Goal: each command of break-glass sends exactly what it says, a key never stands on a command line, and what comes next is shown. Method: the
// whole program in this process, against a server of canned answers.

afterEach(cleanUp);

const KEY = {
  ...{ id: 'bgk_1', person: 'olga', askedBy: 'root', askedAt: NOW, confirmedBy: null },
  ...{ expiresAt: '2026-12-23T10:00:00.000Z', takenAt: null, revokedAt: null, usedAt: null },
};
const BROKEN = {
  glassBreak: {
    ...{ id: 'brk_1', incidentId: 'inc_1', person: 'olga', reason: 'alone \u001b[31m' },
    ...{ channel: 'cli', brokenAt: NOW, endsAt: '2026-11-23T10:30:00.000Z' },
  },
  review: {
    ...{ id: 'brk_1', ownerRole: 'approver-security', dueAt: '2026-11-26T10:00:00.000Z' },
    ...{ closedAt: null, closedBy: null, finding: null },
  },
};
const CLOSED = { closedAt: NOW, closedBy: 'sam', finding: 'the story holds' };
const SECRET = `fbg_${'k'.repeat(43)}`;
const KEYS = '/api/v1/break-glass-keys';
const REVIEWS = '/api/v1/break-glass-reviews';

describe('firebreak break-glass', () => {
  test('a key is asked for, confirmed, taken, revoked and listed', async () => {
    const confirmed = { ...KEY, confirmedBy: 'rita' };
    const { url, seen } = await serve({
      [`POST ${KEYS}`]: { status: 201, body: { key: KEY } },
      [`POST ${KEYS}/bgk_1/confirm`]: { status: 200, body: { key: confirmed } },
      [`POST ${KEYS}/bgk_1/take`]: { status: 201, body: { key: confirmed, secret: SECRET } },
      [`POST ${KEYS}/bgk_1/revoke`]: { status: 200, body: { key: { ...KEY, revokedAt: NOW } } },
      [`GET ${KEYS}`]: { status: 200, body: { items: [confirmed] } },
    });
    const key = (...args: readonly string[]) => run(['break-glass', 'key', ...args], { url });
    const expires = ['--expires', '2026-12-23T10:00:00.000Z'];
    const asked = await key('ask', 'olga', ...expires);
    expect(asked.err + asked.out).toContain('key confirm bgk_1');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ person: 'olga', expiresAt: KEY.expiresAt });
    expect((await key('confirm', 'bgk_1')).out).toContain('key take bgk_1');
    expect((await key('take', 'bgk_1')).out).toBe(`${SECRET}\n`);
    expect((await key('revoke', 'bgk_1')).out).toContain('revoked');
    expect((await key('list')).out).toContain('waits to be taken');
    expect((await key('ask', 'olga')).code).toBe(2);
  });

  test('the glass is broken with a key from a file, and what comes next is said', async () => {
    const path = 'POST /api/v1/incidents/inc_1/break-glass';
    const { url, seen } = await serve({ [path]: { status: 201, body: BROKEN } });
    const file = join(await folder(), 'key');
    await writeFile(file, `${SECRET}\n`);
    const args = ['break-glass', 'break', 'inc_1', '--reason', 'alone'];
    const { code, out } = await run([...args, '--key-file', file], { url });
    expect([code, JSON.parse(seen[0]?.body ?? '')]).toEqual([0, { key: SECRET, reason: 'alone' }]);
    expect(out).toContain('review owed by approver-security');
    expect(out).toContain('firebreak break-glass approve APPROVAL');
    expect(out).not.toContain('\u001b');
    // Nobody is there to ask.
    expect((await run(args, { url })).code).toBe(2);
    const asked = { interactive: true, ask: () => Promise.resolve(SECRET) };
    expect((await run(args, { url, change: asked })).code).toBe(0);
    expect(seen).toHaveLength(2);
  });

  test('a yes alone says why, and for which plans', async () => {
    const path = 'POST /api/v1/approvals/apr_1/decision';
    const { url, seen } = await serve({ [path]: { status: 200, body: decision('accepted') } });
    const args = ['break-glass', 'approve', 'apr_1', '--reason', 'Sam sleeps'];
    expect((await run([...args, '--plan-digest', 'a'.repeat(64)], { url })).code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      ...{ verdict: 'approve', breakGlass: 'Sam sleeps', planDigest: 'a'.repeat(64) },
    });
    expect((await run(args, { url })).code).toBe(2);
    expect(seen).toHaveLength(1);
  });

  test('reviews are listed and closed', async () => {
    const closed = { ...BROKEN, review: { ...BROKEN.review, ...CLOSED } };
    const { url, seen } = await serve({
      [`GET ${REVIEWS}`]: { status: 200, body: { items: [BROKEN], next: null } },
      [`POST ${REVIEWS}/brk_1/close`]: { status: 200, body: closed },
    });
    const { out } = await run(['break-glass', 'reviews'], { url });
    expect(out).toContain('firebreak break-glass close brk_1 --finding TEXT');
    await run(['break-glass', 'reviews', '--all'], { url });
    expect(seen.map(({ path }) => path.split('?')[1])).toEqual([
      'limit=200&state=open',
      'limit=200&state=all',
    ]);
    const close = ['break-glass', 'close', 'brk_1', '--finding', 'the story holds'];
    expect((await run(close, { url })).out).toContain('reviewed by sam');
  });
});
