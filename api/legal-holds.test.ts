import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import { AppError } from '../domain/error.ts';
import { legalHoldSchema } from './schema/legal-hold.ts';
import { problemSchema } from './schema/problem.ts';
import { addPerson, APPROVAL, as, createTestApi, INCIDENT, PLAN_DIGEST, ROW } from './test-api.ts';

// Goal: legal and administrators hold, only legal and commanders say that a hold shall end, everybody who looks sees it, and
// no answer through the API approves what it forbids. Method: requests injected into the server over a store in memory.

let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi({
    holding: { destroys: () => ({ what: 'its pods' }), inventory: () => [], written: () => [] },
  });
});
afterEach(() => given.app.close());

const MODEL = { scope: 'model', subject: 'fraud-scorer', reason: 'the regulator asks' };
const post = (path: string, person: string, payload: object) =>
  given.app.inject({ method: 'POST', url: `/api/v1${path}`, headers: as(person), payload });
const get = (path: string, person = 'viewer') =>
  given.app.inject({ url: `/api/v1${path}`, headers: as(person) });

async function placed(body: object = MODEL) {
  const reply = await post('/legal-holds', 'legal', body);
  return z.object({ hold: legalHoldSchema }).parse(reply.json()).hold;
}

describe('legal holds', () => {
  test.each(ROLES.map((role) => [role]))('%s may do what the role allows', async (role) => {
    const placing = (await post('/legal-holds', role, MODEL)).statusCode;
    expect(placing).toBe(role === 'legal' || role === 'admin' ? 201 : 403);
    const { id } = await placed();
    const ending = (await post(`/legal-holds/${id}/release`, role, { reason: 'r' })).statusCode;
    expect(ending).toBe(role === 'legal' || role === 'commander' ? 200 : 403);
    expect((await get('/legal-holds', role)).statusCode).toBe(200);
    expect((await get(`/legal-holds/${id}`, role)).statusCode).toBe(200);
  });

  test('end by two people of two roles, and show who said so', async () => {
    addPerson(given.memory, 'lea', ['legal']);
    const { id } = await placed();
    const say = (person: string) => post(`/legal-holds/${id}/release`, person, { reason: 'over' });
    expect((await say('legal')).json()).toMatchObject({ hold: { releasedAt: null } });
    expect((await say('lea')).json()).toMatchObject({ hold: { releasedAt: null } });
    const last = z
      .object({ hold: legalHoldSchema, words: z.array(z.object({ person: z.string() })) })
      .parse((await say('commander')).json());
    expect(last.hold.releasedAt).not.toBeNull();
    expect(last.words.map(({ person }) => person)).toEqual(['legal', 'lea', 'commander']);
    expect((await say('legal')).statusCode).toBe(409);
  });

  test('do not end by a person who is one no more, nor by a token that approves nothing', async () => {
    const { id } = await placed();
    addPerson(given.memory, 'both', ['legal', 'admin']);
    expect((await post(`/legal-holds/${id}/release`, 'both', { reason: 'r' })).statusCode).toBe(
      403,
    );
    expect(given.memory.words).toEqual([]);
  });

  test.each([
    ['an artefact without a version', { ...MODEL, scope: 'artefact' }, 400],
    ['no subject', { ...MODEL, subject: ' ' }, 400],
    ['a line break in a name', { ...MODEL, subject: 'a\nb' }, 400],
    ['an empty reason', { ...MODEL, reason: ' ' }, 400],
    ['an incident that is not there', { ...MODEL, scope: 'incident', subject: 'inc_9' }, 404],
  ])('of %s are refused', async (_name, body, status) => {
    expect((await post('/legal-holds', 'legal', body)).statusCode).toBe(status);
    expect(given.memory.legalHolds).toEqual([]);
  });

  test('stand with the incident that they are on', async () => {
    const hold = await placed();
    const shown = await get(`/incidents/${INCIDENT.id}`);
    expect(shown.json()).toMatchObject({ legalHolds: [hold] });
  });
});

describe('an answer to plans that destroy', () => {
  const { operation, target, round, use } = ROW;
  const plan = { operation, target, round, digest: 'd', summary: 's', action: use, undo: 'u' };
  const answer = (verdict: 'approve' | 'reject') =>
    post(`/approvals/${APPROVAL.id}/decision`, 'approver-security', {
      planDigest: PLAN_DIGEST,
      verdict,
      ...(verdict === 'reject' ? { reason: 'r' } : {}),
    });
  beforeEach(() => {
    given.memory.operations.push(ROW);
    const approvalClass = 'R3';
    given.memory.approvals.set(APPROVAL.id, { ...APPROVAL, plans: [{ ...plan, approvalClass }] });
  });

  test('is refused with the name of the hold, and a no is not', async () => {
    const { id } = await placed();
    const refused = await answer('approve');
    expect(refused.statusCode).toBe(403);
    expect(problemSchema.parse(refused.json()).detail).toContain(`legal hold ${id}`);
    expect(given.memory.decisions.size).toBe(0);
    expect((await answer('reject')).statusCode).toBe(202);
  });

  test('is refused while the holds cannot be read', async () => {
    given.memory.holdTrouble = new AppError('too_large', 'Too many.');
    expect((await answer('approve')).statusCode).toBe(403);
    given.memory.holdTrouble = null;
    expect((await answer('approve')).statusCode).toBe(202);
  });
});
