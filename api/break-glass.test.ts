// Goal: glass is broken only with a key that two others made for its person, once, for one incident and a bounded time, and somebody else reviews
// it. Method: the API over memory.
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Incident } from '../domain/incident.ts';
import { BOOTSTRAP_ADMIN } from '../domain/rules.ts';
import { addPerson, APPROVAL, as, INCIDENT, NOW } from './test-api.ts';
import { addAccount, PASSWORD, TestBrowser } from './test-browser.ts';
import { GlassStage } from './test-glass-stage.ts';

const stage = new GlassStage();
beforeEach(() => {
  stage.reset();
});
afterAll(() => stage.given.app.close());

const YES = { planDigest: APPROVAL.planDigest, verdict: 'approve' };

describe('a key', () => {
  const EXPIRES = '2026-12-20T10:00:00.000Z';
  const ask = (by = 'root', person = 'olga', expiresAt = EXPIRES) =>
    stage.post('/break-glass-keys', by, { person, expiresAt });
  const made = async () => {
    const { id } = (await ask()).json<{ key: { id: string } }>().key;
    expect((await stage.post(`/break-glass-keys/${id}/confirm`, 'rita')).statusCode).toBe(200);
    return id;
  };

  test('is made by two administrators and taken once by whose it is, who alone sees it', async () => {
    const { id } = (await ask()).json<{ key: { id: string } }>().key;
    const take = (who: string) => stage.post(`/break-glass-keys/${id}/take`, who);
    expect((await take('olga')).statusCode).toBe(403);
    for (const by of ['root', 'olga']) {
      expect((await stage.post(`/break-glass-keys/${id}/confirm`, by)).statusCode).toBe(403);
    }
    const confirmed = await stage.post(`/break-glass-keys/${id}/confirm`, 'rita');
    expect(confirmed.json()).toMatchObject({ key: { confirmedBy: 'rita', takenAt: null } });
    expect(confirmed.body).not.toContain('fbg_');
    expect((await take('sam')).statusCode).toBe(404);
    const taken = await take('olga');
    const { secret } = taken.json<{ secret: string }>();
    expect(secret).toMatch(/^fbg_[\w-]{43}$/u);
    expect((await take('olga')).statusCode).toBe(403);
    expect(JSON.stringify(stage.memory.glassKeys)).not.toContain(secret);
    expect((await stage.break('olga', { key: secret })).statusCode).toBe(201);
  });

  test.each<[string, () => Promise<{ statusCode: number }>, number]>([
    ['for oneself', () => ask('root', 'root'), 403],
    ['for nobody', () => ask('root', 'nobody'), 404],
    ['that has ended', () => ask('root', 'olga', NOW), 400],
    ['that is good for too long', () => ask('root', 'olga', '2027-03-01T10:00:00.000Z'), 400],
    ['by who administers nothing', () => ask('sam'), 403],
    ['by the token of the first day', () => ask(BOOTSTRAP_ADMIN), 403],
  ])('is not asked for %s', async (_what, asking, code) => {
    addPerson(stage.memory, BOOTSTRAP_ADMIN, ['admin']);
    expect((await asking()).statusCode).toBe(code);
    expect(stage.memory.glassKeys).toEqual([]);
  });

  test('is confirmed by no token that somebody else made', async () => {
    const { id } = (await ask()).json<{ key: { id: string } }>().key;
    stage.setApproving('rita', false);
    expect((await stage.post(`/break-glass-keys/${id}/confirm`, 'rita')).statusCode).toBe(403);
  });

  test('that was revoked, or is over, is not taken', async () => {
    const revoked = await made();
    expect((await stage.post(`/break-glass-keys/${revoked}/revoke`, 'root')).statusCode).toBe(200);
    expect((await stage.post(`/break-glass-keys/${revoked}/take`, 'olga')).statusCode).toBe(403);
    const old = await made();
    stage.nowMs = Date.parse(EXPIRES);
    expect((await stage.post(`/break-glass-keys/${old}/take`, 'olga')).statusCode).toBe(403);
  });
});

describe('the glass', () => {
  test('is broken once by its person, for a bounded time, and owes a review', async () => {
    stage.giveKey();
    expect((await stage.break('sam')).statusCode).toBe(403);
    expect((await stage.break('olga', { reason: '  ' })).statusCode).toBe(400);
    expect((await stage.break('olga', { key: `fbg_${'x'.repeat(43)}` })).statusCode).toBe(403);
    const broken = await stage.break();
    expect(broken.json()).toMatchObject({
      glassBreak: { person: 'olga', reason: 'alone at 03:00', endsAt: '2026-11-23T10:30:00.000Z' },
      review: { ownerRole: 'approver-security', dueAt: '2026-11-26T10:00:00.000Z' },
    });
    expect((await stage.break()).body).toContain('good once');
    expect(stage.memory.glassBreaks).toHaveLength(1);
  });

  test.each<[string, Partial<Incident>, number]>([
    ['that is closed', { state: 'closed' }, 409],
    ['that the person does not see', { model: 'another' }, 404],
  ])('is not broken for an incident %s', async (_what, change, code) => {
    stage.giveKey();
    stage.memory.incidents.set('inc_1', { ...INCIDENT, ...change });
    const olga = stage.memory.people.get('olga');
    const grants = [{ role: 'approver-model-owner', on: 'model', name: 'fraud-scorer' } as const];
    if (olga) stage.memory.people.set('olga', { ...olga, roles: [], grants });
    expect((await stage.break()).statusCode).toBe(code);
  });

  test('lasts no longer than the hard limit, whatever the configuration says', async () => {
    stage.settings = { minutes: 6_000, reviewHours: 1 };
    stage.giveKey();
    expect((await stage.break()).json()).toMatchObject({
      glassBreak: { endsAt: '2026-11-23T11:00:00.000Z' },
    });
  });
});

describe('the page of an approval', () => {
  test('says who answered alone and why, and whose answers were refused', async () => {
    await addAccount(stage.given, 'olga', ['approver-model-owner']);
    stage.giveKey();
    await stage.post('/approvals/apr_1/decision', 'viewer', { ...YES });
    await stage.break();
    await stage.answer();
    const browser = new TestBrowser(stage.given.app);
    await browser.signIn('olga', PASSWORD);
    const { body } = await browser.get('/approvals/apr_1');
    expect(body).toContain('Alone, by break-glass:');
    expect(body).toContain('Sam sleeps');
    expect(body).toContain('Refused answers');
    expect(body).toContain('viewer');
    const shown = await stage.given.app.inject({
      url: '/api/v1/approvals/apr_1',
      headers: as('sam'),
    });
    expect(shown.json()).toMatchObject({
      approvedBy: [{ person: 'olga', breakGlass: { reason: 'Sam sleeps' } }],
    });
  });
});

describe('a review', () => {
  const list = (state = 'open') =>
    stage.given.app.inject({
      url: `/api/v1/break-glass-reviews?state=${state}`,
      headers: as('viewer'),
    });
  const close = (person: string, finding = 'the story holds') =>
    stage.post('/break-glass-reviews/brk_1/close', person, { finding });

  test('is closed by somebody else, once, with what they found', async () => {
    addPerson(stage.memory, 'sol', ['approver-security', 'approver-model-owner']);
    stage.giveKey('sol');
    await stage.break('sol');
    expect((await list()).json()).toMatchObject({ items: [{ glassBreak: { person: 'sol' } }] });
    expect((await close('sol')).statusCode).toBe(403);
    expect((await close('olga')).statusCode).toBe(403);
    expect((await close('sam', ' ')).statusCode).toBe(400);
    expect((await close('sam')).json()).toMatchObject({
      review: { closedBy: 'sam', finding: 'the story holds' },
    });
    expect((await close('root')).statusCode).toBe(409);
    expect((await list()).json()).toEqual({ items: [], next: null });
    expect((await list('all')).json()).toMatchObject({ items: [{ review: { closedBy: 'sam' } }] });
  });
});
