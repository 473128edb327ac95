// Goal: what goes outside was read by a person who may send it, as it stands, once. Method: requests injected into the server over a
// store in memory, where drafts wait.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ROLES } from '../domain/approval.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { addPerson, as, createTestApi, INCIDENT } from './test-api.ts';

const DIGEST = 'a'.repeat(64);
const DRAFT: StakeholderUpdate = {
  id: 'upd_1',
  incidentId: INCIDENT.id,
  audience: 'customers',
  reach: 'external',
  ordinal: 1,
  notice: 'first',
  verified: false,
  to: ['ann@example.com'],
  slackChannel: null,
  subject: 'Incident #7: fraud-scorer',
  text: 'We look into it. https://evil.example',
  templateSha256: 'b'.repeat(64),
  textSha256: DIGEST,
  draftedAt: '2026-11-27T10:00:00.000Z',
  state: 'drafted',
  settledAt: null,
  settledBy: null,
  settledThrough: null,
  reason: null,
};

let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi();
  given.memory.updates.push(DRAFT);
});
afterEach(() => given.app.close());

const post = (path: string, person: string, payload: object) =>
  given.app.inject({
    method: 'POST',
    url: `/api/v1/updates/${path}`,
    headers: as(person),
    payload,
  });
const get = (path = '') =>
  given.app.inject({ url: `/api/v1/updates${path}`, headers: as('viewer') });
const send = (person: string, textSha256 = DIGEST) => post('upd_1/send', person, { textSha256 });

describe('an update', () => {
  test('is read as its audience will read it', async () => {
    const shown = (await get('/upd_1')).json<{ preview: string }>();
    expect(shown.preview).toContain('Subject: Incident #7: fraud-scorer\n');
    expect(shown.preview).toContain('https[:]//evil.example');
    expect((await get('?state=drafted')).json()).toMatchObject({ items: [{ id: 'upd_1' }] });
    expect((await get('?state=skipped')).json()).toMatchObject({ items: [] });
  });

  test.each(ROLES)('is sent by %s where the role allows it', async (role) => {
    // The administrator's token of these tests is one that approves nothing.
    const may = ['commander', 'legal'].includes(role);
    expect((await send(role)).statusCode).toBe(may ? 200 : 403);
    expect(given.memory.updates[0]?.state).toBe(may ? 'released' : 'drafted');
  });

  test('is sent with the digest of what was read, and by nobody twice', async () => {
    expect((await send('commander', 'c'.repeat(64))).statusCode).toBe(409);
    expect((await send('commander')).json()).toMatchObject({
      update: { state: 'released', settledBy: 'commander', settledThrough: 'api' },
    });
    expect((await send('commander')).statusCode).toBe(200);
    expect((await send('legal')).statusCode).toBe(409);
    expect((await post('upd_1/skip', 'commander', { reason: 'no' })).statusCode).toBe(409);
  });

  test('is left out for a reason', async () => {
    expect((await post('upd_1/skip', 'legal', { reason: ' ' })).statusCode).toBe(400);
    const reply = await post('upd_1/skip', 'legal', { reason: 'a call was made' });
    expect(reply.json()).toMatchObject({ update: { state: 'skipped', reason: 'a call was made' } });
    expect((await send('legal')).statusCode).toBe(409);
  });

  test('that a newer one replaced is not sent any more', async () => {
    given.memory.updates.push({ ...DRAFT, id: 'upd_2', ordinal: 2 });
    const refused = await send('commander');
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('upd_2');
    given.memory.updates.push({ ...DRAFT, id: 'upd_3', audience: 'others', ordinal: 9 });
    expect((await post('upd_2/send', 'commander', { textSha256: DIGEST })).statusCode).toBe(200);
  });

  test('is not sent by who lost the role meanwhile, nor with a token that approves nothing', async () => {
    addPerson(given.memory, 'lea', ['commander']);
    const person = given.memory.people.get('lea');
    if (person) given.memory.people.set('lea', { ...person, active: false });
    expect((await send('lea')).statusCode).toBe(401);
    for (const [sha256, token] of given.memory.tokens) {
      given.memory.tokens.set(sha256, { ...token, canApprove: false });
    }
    expect((await send('commander')).statusCode).toBe(403);
    expect(given.memory.updates[0]?.state).toBe('drafted');
  });
});
