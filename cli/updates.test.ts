import { afterEach, describe, expect, test } from '@jest/globals';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { cleanUp, run, serve } from './test-run.ts';

// Goal: a person reads what its audience will read, sends exactly that, and sees how it stands. Method: the whole program in this process,
// against a server of canned answers.

afterEach(cleanUp);

const DIGEST = 'a'.repeat(64);
const DRAFT: StakeholderUpdate = {
  id: 'upd_1',
  incidentId: 'inc_1',
  audience: 'customers',
  reach: 'external',
  ordinal: 2,
  notice: 'update',
  verified: false,
  to: ['ann@example.com'],
  slackChannel: null,
  subject: 's',
  text: 't',
  templateSha256: 'b'.repeat(64),
  textSha256: DIGEST,
  draftedAt: '2026-11-27T10:00:00.000Z',
  state: 'drafted',
  settledAt: null,
  settledBy: null,
  settledThrough: null,
  reason: null,
};
const SKIPPED = {
  ...{ ...DRAFT, state: 'skipped', settledAt: DRAFT.draftedAt, settledBy: 'lea' },
  reason: 'by phone\u001b[2J',
};

describe('firebreak updates', () => {
  test('preview shows the text, to whom it goes, and the exact command that sends it', async () => {
    const preview = 'Subject: s\n\ns\n\nt\n';
    const { url } = await serve({
      'GET /api/v1/updates/upd_1': { status: 200, body: { update: DRAFT, preview } },
    });
    const { code, out } = await run(['updates', 'preview', 'upd_1'], { url });
    expect(code).toBe(0);
    expect(out).toContain('To: ann@example.com\n----\nSubject: s\n\ns\n\nt\n----\n');
    expect(out).toContain(`firebreak updates send upd_1 --digest ${DIGEST}`);
  });

  test('send says which text was read', async () => {
    const { url, seen } = await serve({
      'POST /api/v1/updates/upd_1/send': { status: 200, body: { update: DRAFT } },
    });
    expect((await run(['updates', 'send', 'upd_1'], { url })).code).toBe(2);
    expect(seen).toEqual([]);
    expect((await run(['updates', 'send', 'upd_1', '--digest', DIGEST], { url })).code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ textSha256: DIGEST });
  });

  test('skip says why, and what it shows of it is inert', async () => {
    const { url, seen } = await serve({
      'POST /api/v1/updates/upd_1/skip': { status: 200, body: { update: SKIPPED } },
    });
    const { out } = await run(['updates', 'skip', 'upd_1', '--reason', 'by phone'], { url });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ reason: 'by phone' });
    expect(out).toContain('skipped by lea');
    expect(out).not.toContain('\u001b[2J');
  });

  test('list asks for those that wait', async () => {
    const { url, seen } = await serve({
      'GET /api/v1/updates': {
        status: 200,
        body: { items: [DRAFT], next: null },
      },
    });
    const { code, out } = await run(['updates', 'list', '--waiting'], { url });
    expect(code).toBe(0);
    expect(seen[0]?.path).toBe('/api/v1/updates?limit=200&state=drafted');
    expect(out).toContain('upd_1: 2 update for customers (1 address)');
  });
});
