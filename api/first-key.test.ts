// Goal: once two people could approve, nobody gets a key that approves by one hand, and the second hand is somebody else's. Method: the API over
// memory, with rules that two people change and two approvers who have tokens.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BOOTSTRAP_ADMIN, type RulePerson } from '../domain/rules.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { FIRST_REVISION, setUpDesk } from './test-desk.ts';
import { addPerson, as, createTestApi } from './test-api.ts';
import { TestBrowser } from './test-browser.ts';
import { emptyMemory, type Memory } from './test-memory.ts';

const TOMORROW = '2026-11-24T10:00:00.000Z';
const APPROVERS = (['approver-security', 'approver-model-owner'] as const).map(
  (role): RulePerson => ({
    ...{ id: role, name: role, roles: [role], slackUser: null, mail: null },
    ...{ active: true, origin: 'file' },
  }),
);
const ARMED = {
  ...{ ...FIRST_REVISION, armed: true },
  rules: { ...FIRST_REVISION.rules, people: APPROVERS },
};

let given: ReturnType<typeof createTestApi>;
let memory: Memory;
beforeEach(() => {
  given = createTestApi({ rules: { ...setUpDesk(emptyMemory()), revision: () => ARMED } });
  ({ memory } = given);
  for (const id of ['root', 'rita']) {
    addPerson(memory, id, ['admin']);
    const sha256 = sha256Hex(`fb_${id}`);
    const token = memory.tokens.get(sha256);
    if (token) memory.tokens.set(sha256, { ...token, canApprove: true });
  }
  addPerson(memory, 'olga', ['approver-model-owner']);
  memory.tokens.delete(sha256Hex('fb_olga'));
});
afterEach(() => given.app.close());

const post = (path: string, by: string, payload: object = {}) =>
  given.app.inject({ method: 'POST', url: `/api/v1/people/${path}`, headers: as(by), payload });

test('a first token approves once somebody else has confirmed it', async () => {
  const asked = { label: 'laptop', scopes: ['read', 'decide'], expiresAt: TOMORROW };
  const reply = await post('olga/tokens', 'root', asked);
  const { id, token } = reply.json<{ id: string; token: string }>();
  expect(reply.json()).toMatchObject({ canApprove: false, pending: true });
  const listed = await given.app.inject({ url: '/api/v1/people/olga/tokens', headers: as('root') });
  expect(listed.json()).toMatchObject({ items: [{ id, pendingBy: 'root', canApprove: false }] });
  const confirm = (by: string) => post(`olga/tokens/${id}/confirm`, by);
  const own = { method: 'POST', url: `/api/v1/people/olga/tokens/${id}/confirm` } as const;
  const self = await given.app.inject({
    ...{ ...own, payload: {} },
    headers: { authorization: `Bearer ${token}` },
  });
  expect(self.statusCode).toBe(403);
  // Who made it; an administrator whose token somebody else made; who is neither; another token.
  for (const by of ['root', 'admin', 'responder', 'legal']) {
    expect((await confirm(by)).statusCode).toBe(403);
  }
  expect((await post(`olga/tokens/${'0'.repeat(16)}/confirm`, 'rita')).statusCode).toBe(403);
  expect(memory.tokens.get(sha256Hex(token))?.canApprove).toBe(false);
  expect((await confirm('rita')).json()).toEqual({ personId: 'olga', confirmed: true });
  expect(memory.tokens.get(sha256Hex(token))?.canApprove).toBe(true);
  expect((await confirm('approver-security')).statusCode).toBe(403);
  // By now she has a way in: what is made beside it approves nothing and waits for nobody.
  const second = await post('olga/tokens', 'rita', asked);
  expect(second.json()).toMatchObject({ canApprove: false, pending: false });
});

test('a first password approves once its person has chosen their own and somebody else confirmed it', async () => {
  const made = (await post('olga/password', 'root')).json<{ password: string }>();
  expect(made).toMatchObject({ canApprove: false, pending: true });
  const confirm = (by: string) => post('olga/password/confirm', by);
  expect((await confirm('rita')).statusCode).toBe(403);
  const browser = new TestBrowser(given.app);
  await browser.signIn('olga', made.password);
  const chosen = 'my very own words';
  const fields = { current: made.password, password: chosen, again: chosen };
  expect((await browser.submit('/password', '/password', fields)).status).toBe(303);
  expect((await confirm('root')).statusCode).toBe(403);
  expect(memory.accounts.get('olga')?.canApprove).toBe(false);
  expect((await confirm('approver-security')).statusCode).toBe(200);
  expect(memory.accounts.get('olga')).toMatchObject({ canApprove: true });
  expect((await confirm('rita')).statusCode).toBe(403);
});

describe('a first password that waits', () => {
  const waiting = () => memory.accounts.get('olga')?.pendingBy;

  /** Olga signs in with a password that somebody made, and chooses her own. */
  async function choose(made: string): Promise<void> {
    const browser = new TestBrowser(given.app);
    await browser.signIn('olga', made);
    const chosen = 'my very own words';
    const fields = { current: made, password: chosen, again: chosen };
    expect((await browser.submit('/password', '/password', fields)).status).toBe(303);
  }

  test('made anew, still waits: for another than who made it last', async () => {
    await post('olga/password', 'root');
    const made = (await post('olga/password', 'rita')).json<{ password: string }>();
    expect(made).toMatchObject({ canApprove: false, pending: true });
    await choose(made.password);
    expect((await post('olga/password/confirm', 'rita')).statusCode).toBe(403);
    expect((await post('olga/password/confirm', 'root')).statusCode).toBe(200);
    expect(memory.accounts.get('olga')).toMatchObject({ canApprove: true });
  });

  test('is not replaced by its person with a token that approves nothing, and goes on waiting', async () => {
    const { password } = (await post('olga/password', 'root')).json<{ password: string }>();
    const asked = { label: 'laptop', scopes: ['read', 'account'], expiresAt: TOMORROW };
    const { token } = (await post('olga/tokens', 'rita', asked)).json<{ token: string }>();
    const own = await given.app.inject({
      ...{ method: 'POST', url: '/api/v1/people/olga/password', payload: {} },
      headers: { authorization: `Bearer ${token}` },
    });
    expect([own.statusCode, own.json()]).toMatchObject([
      403,
      { detail: expect.stringContaining('/password') },
    ]);
    expect(waiting()).toBe('root');
    await choose(password);
    expect(waiting()).toBe('root');
    expect((await post('olga/password/confirm', 'rita')).statusCode).toBe(200);
  });

  test('made anew with the token of the first day approves nothing', async () => {
    addPerson(memory, BOOTSTRAP_ADMIN, ['admin']);
    await post('olga/password', 'root');
    expect((await post('olga/password', BOOTSTRAP_ADMIN)).json()).toMatchObject({ pending: false });
    expect(waiting()).toBeUndefined();
  });
});

test('the token of the first day gives nobody who may answer a first key, and takes nothing from them', async () => {
  addPerson(memory, BOOTSTRAP_ADMIN, ['admin']);
  const asked = { label: 'laptop', scopes: ['read', 'decide'], expiresAt: TOMORROW };
  for (const [path, payload] of [
    ['olga/tokens', asked],
    ['olga/tokens', { ...asked, scopes: ['read'] }],
    ['olga/password', {}],
  ] as const) {
    const reply = await post(path, BOOTSTRAP_ADMIN, payload);
    expect([reply.statusCode, reply.json()]).toMatchObject([
      403,
      { detail: expect.stringContaining('two hands') },
    ]);
  }
  expect(memory.accounts.size).toBe(0);
  expect((await post('olga/tokens', 'root', asked)).json()).toMatchObject({ pending: true });
  // Who answers nothing has no such key to lose; an administrator needs one to begin with.
  for (const [id, role] of [
    ['vera', 'viewer'],
    ['ada', 'admin'],
  ] as const) {
    addPerson(memory, id, [role]);
    memory.tokens.delete(sha256Hex(`fb_${id}`));
    const reply = await post(`${id}/tokens`, BOOTSTRAP_ADMIN, asked);
    expect([reply.statusCode, reply.json()]).toMatchObject([201, { canApprove: false }]);
  }
});
