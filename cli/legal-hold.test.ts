import { afterEach, describe, expect, test } from '@jest/globals';
import type { LegalHold } from '../domain/legal-hold.ts';
import { problem } from './fake-server.ts';
import { cleanUp, run, serve } from './test-run.ts';

// Goal: holding takes one line that says what is held, and what ends it; a word that is not enough says so. Method: the whole
// program in this process, against a server of canned answers.

afterEach(cleanUp);

const HOLD: LegalHold = {
  id: 'lh_1',
  scope: 'model',
  subject: 'fraud-scorer',
  reason: 'the regulator asks',
  placedBy: 'lea',
  channel: 'cli',
  placedAt: '2026-11-27T10:00:00.000Z',
  releasedAt: null,
};
const WORD = {
  holdId: 'lh_1',
  person: 'lea',
  roles: ['legal'],
  reason: 'over',
  channel: 'cli',
  at: '2026-11-28T10:00:00.000Z',
};
const WHY = ['--reason', 'the regulator asks'];

describe('firebreak legal-hold', () => {
  test.each([
    ['nothing', [...WHY]],
    ['two things', ['--dataset', 'd', '--model', 'm', ...WHY]],
    ['no reason', ['--model', 'm']],
  ])('place with %s is a mistake that holds nothing', async (...[, args]) => {
    const { url, seen } = await serve({});
    expect((await run(['legal-hold', 'place', ...args], { url })).code).toBe(2);
    expect(seen).toEqual([]);
  });

  test('place says what is held and the exact command that ends it', async () => {
    const { url, seen } = await serve({
      'POST /api/v1/legal-holds': { status: 201, body: { hold: HOLD } },
    });
    const { code, out } = await run(['legal-hold', 'place', '--model', 'fraud-scorer', ...WHY], {
      url,
    });
    expect(code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      ...{ scope: 'model', subject: 'fraud-scorer', reason: 'the regulator asks' },
    });
    expect(out).toContain('firebreak legal-hold release lh_1 --reason "WHY"');
  });

  test('release says whether it ended, and who said so', async () => {
    const path = 'POST /api/v1/legal-holds/lh_1/release';
    const ended = { ...HOLD, releasedAt: '2026-11-28T11:00:00.000Z' };
    for (const [hold, words] of [
      [HOLD, 'stays in force'],
      [ended, 'ended 2026-11-28'],
    ] as const) {
      const { url } = await serve({ [path]: { status: 200, body: { hold, words: [WORD] } } });
      const { code, out } = await run(['legal-hold', 'release', 'lh_1', ...WHY], { url });
      expect(code).toBe(0);
      expect(out).toContain('lea (legal) says');
      expect(out).toContain(words);
    }
  });

  test('list shows what is in force, and with --all what ended', async () => {
    const old = { ...HOLD, id: 'lh_0', releasedAt: '2026-11-27T11:00:00.000Z' };
    const body = { items: [HOLD, old], next: null };
    const { url } = await serve({ 'GET /api/v1/legal-holds': { status: 200, body } });
    const { out } = await run(['legal-hold', 'list'], { url });
    expect(out).toContain('lh_1');
    expect(out).not.toContain('lh_0');
    expect((await run(['legal-hold', 'list', '--all'], { url })).out).toContain('lh_0');
  });

  test('show names everybody who said that it shall end', async () => {
    const body = { hold: HOLD, words: [WORD] };
    const { url } = await serve({ 'GET /api/v1/legal-holds/lh_1': { status: 200, body } });
    expect((await run(['legal-hold', 'show', 'lh_1'], { url })).out).toContain('lea (legal) says');
  });

  test('is refused to who may not', async () => {
    const reply = problem(403, 'unauthorized', 'Your roles do not allow this.');
    const { url } = await serve({ 'POST /api/v1/legal-holds': reply });
    const args = ['legal-hold', 'place', '--model', 'm', ...WHY];
    expect((await run(args, { url })).code).toBe(3);
  });
});
