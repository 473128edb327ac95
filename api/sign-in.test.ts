import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BOOTSTRAP_ADMIN } from '../domain/rules.ts';
import { SIGN_IN } from '../domain/sign-in.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { HOSTILE_TEXTS } from '../render/hostile-text.ts';
import type { ApiDependencies } from './dependencies.ts';
import { FIRST_REVISION, setUpDesk } from './test-desk.ts';
import { addPerson, as, createTestApi, NOW } from './test-api.ts';
import { addAccount, hiddenFields, PASSWORD, TestBrowser } from './test-browser.ts';

// Goal: nobody gets a session but by their own password, in time, from a form of ours; what is tried too often is refused.
// Method: the server over a store in memory, and a browser that keeps cookies and sends the forms that it was shown.

let given: ReturnType<typeof createTestApi>;
let browser: TestBrowser;
let nowMs = 0;

async function begin(change: Partial<ApiDependencies> = {}): Promise<void> {
  nowMs = Date.parse(NOW);
  given = createTestApi({ clock: () => new Date(nowMs), ...change });
  await addAccount(given, 'olga', ['approver-model-owner']);
  browser = new TestBrowser(given.app);
}
beforeEach(() => begin());
afterEach(() => given.app.close());

const sessionOf = (one: TestBrowser): string | undefined => one.cookies.get('firebreak-session');

describe('signing in', () => {
  test('opens the page that was wanted; only the digest of the id is kept', async () => {
    const reply = await browser.signIn('olga', PASSWORD, '/approvals/apr_1');
    expect([reply.status, reply.location]).toEqual([303, '/approvals/apr_1']);
    const cookie = String(reply.headers['set-cookie']);
    expect(cookie).toMatch(
      /^firebreak-session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/u,
    );
    expect([...given.memory.sessions.keys()]).toEqual([sha256Hex(sessionOf(browser) ?? '')]);
    expect((await browser.get('/password')).body).toContain('olga');
  });

  test('beyond loopback the cookies go on encrypted connections alone, and to this host', async () => {
    await given.app.close();
    await begin({ entrance: { encrypted: true, behindProxy: false } });
    const reply = await browser.signIn('olga', PASSWORD);
    expect(String(reply.headers['set-cookie'])).toMatch(/^__Host-firebreak-session=.*; Secure$/u);
  });

  test('gives a new id each time, and ends the session that was there', async () => {
    await browser.signIn('olga', PASSWORD);
    const first = new TestBrowser(given.app);
    first.cookies.set('firebreak-session', sessionOf(browser) ?? '');
    await browser.signIn('olga', PASSWORD);
    expect(sessionOf(browser)).not.toBe(sessionOf(first));
    expect((await first.get('/password')).status).toBe(303);
    expect((await browser.get('/password')).status).toBe(200);
  });

  test('an id that somebody else chose is no session, also after signing in', async () => {
    const fixed = 'x'.repeat(43);
    browser.cookies.set('firebreak-session', fixed);
    await browser.signIn('olga', PASSWORD);
    expect(sessionOf(browser)).not.toBe(fixed);
    expect(given.memory.sessions.has(sha256Hex(fixed))).toBe(false);
  });

  test.each([
    ['a wrong password', 'olga', 'another password'],
    ['an unknown id', 'nobody', PASSWORD],
    ['somebody without a password', 'viewer', PASSWORD],
    ['no id', '../olga', PASSWORD],
    ['nothing', '', ''],
  ])('%s says the same, and begins nothing', async (_name, id, password) => {
    const reply = await browser.signIn(id, password);
    expect(reply.status).toBe(401);
    expect(reply.body).toContain('This id and password do not go together.');
    expect(given.memory.sessions.size).toBe(0);
  });

  test('who was deactivated has no session any more, and gets none', async () => {
    await browser.signIn('olga', PASSWORD);
    const olga = given.memory.people.get('olga');
    if (olga) given.memory.people.set('olga', { ...olga, active: false });
    expect((await browser.get('/password')).status).toBe(303);
    expect((await browser.signIn('olga', PASSWORD)).status).toBe(401);
  });

  test.each([
    ['after twelve hours', SIGN_IN.sessionMs, 30],
    ['after an hour unused', SIGN_IN.idleMs, 1],
  ])('a session ends %s', async (_name, ms, looks) => {
    await browser.signIn('olga', PASSWORD);
    for (let look = 1; look < looks; look += 1) {
      nowMs += ms / looks;
      expect((await browser.get('/password')).status).toBe(200);
    }
    nowMs += ms / looks;
    expect((await browser.get('/password')).status).toBe(303);
  });

  test('signing out ends it at once, for whoever copied the cookie too', async () => {
    await browser.signIn('olga', PASSWORD);
    const copy = new TestBrowser(given.app);
    copy.cookies.set('firebreak-session', sessionOf(browser) ?? '');
    expect((await browser.submit('/password', '/logout', {})).location).toBe('/login');
    expect(sessionOf(browser)).toBeUndefined();
    expect((await copy.get('/password')).status).toBe(303);
  });

  test.each([
    ['another site', 'https://evil.example/'],
    ['a path that is one', '//evil.example'],
    ['backslashes', '/\\evil.example'],
    ['a line break', '/approvals/x\r\nset-cookie: a=b'],
    ['our API', '/api/v1/approvals'],
    ['a climb', '/approvals/../login'],
  ])('sends nobody on to %s', async (_name, next) => {
    expect((await browser.signIn('olga', PASSWORD, next)).location).toBe('/approvals');
  });
});

describe('a form', () => {
  const fields = async () => ({
    ...hiddenFields((await browser.get('/login')).body, '/login'),
    ...{ id: 'olga', password: PASSWORD },
  });

  test.each<[string, Record<string, string>]>([
    ['another token', { token: 'x'.repeat(43) }],
    ['no token', { token: '' }],
    ['a token in other letters', { token: 'é' }],
  ])('with %s is refused', async (_name, change) => {
    const reply = await browser.post('/login', { ...(await fields()), ...change });
    expect([reply.status, given.memory.sessions.size]).toEqual([403, 0]);
  });

  test('with the token of another browser is refused', async () => {
    const other = new TestBrowser(given.app);
    await other.get('/login');
    expect((await other.post('/login', await fields())).status).toBe(403);
  });

  test('with two cookies of one name is refused: one of them was planted', async () => {
    const sent = await fields();
    const cookie = `firebreak-visit=${browser.cookies.get('firebreak-visit') ?? ''}`;
    const reply = await browser.post('/login', sent, { cookie: `${cookie}; firebreak-visit=x` });
    expect(reply.status).toBe(403);
  });

  test.each<[string, Record<string, string>, number]>([
    ['of another origin', { origin: 'https://evil.example' }, 403],
    ['of no origin', { origin: 'null' }, 403],
    ['in JSON', { 'content-type': 'application/json' }, 415],
    ['in parts', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
  ])('%s is refused', async (_name, headers, status) => {
    expect((await browser.post('/login', await fields(), headers)).status).toBe(status);
  });

  test.each<[string, string, string]>([
    ['a field twice', 'token=a&token=b', 'came twice'],
    ['a field that it has not', 'token=a&id=olga&password=b&next=/&role=admin', 'does not have'],
    ['a field missing', 'token=a', 'The field id'],
    ['a name that objects have', '__proto__=1&constructor=2', 'The field token'],
  ])('with %s is refused', async (_name, payload, says) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await given.app.inject({ method: 'POST', url: '/login', headers, payload });
    expect([reply.statusCode, reply.body]).toEqual([400, expect.stringContaining(says)]);
  });

  test('larger than a form is refused', async () => {
    const reply = await browser.post('/login', { ...(await fields()), id: 'x'.repeat(40_000) });
    expect(reply.status).toBe(413);
  });

  test('shows hostile text as nothing but text', async () => {
    for (const text of HOSTILE_TEXTS.map((one) => Buffer.from(one.slice(0, 900)).toString())) {
      const page = `/login?next=${encodeURIComponent(text)}`;
      const reply = await browser.submit(page, '/login', { id: text, password: text });
      expect(reply.status).toBe(401);
      expect(reply.body).not.toMatch(/<script|<img|<svg|autofocus onfocus/u);
      expect(hiddenFields(reply.body, '/login')?.['next']).toBe('/approvals');
      nowMs += SIGN_IN.attemptsMs;
    }
  });
});

describe('too many attempts', () => {
  const wrong = (id = 'olga') => browser.signIn(id, 'another password');

  test('at one account: even the right password waits, until the time is over', async () => {
    for (let attempt = 0; attempt < SIGN_IN.attemptsPerAccount; attempt += 1) {
      expect((await wrong()).status).toBe(401);
    }
    const reply = await browser.signIn('olga', PASSWORD);
    expect([reply.status, reply.headers['retry-after']]).toEqual([429, '900']);
    nowMs += SIGN_IN.attemptsMs;
    expect((await browser.signIn('olga', PASSWORD)).status).toBe(303);
  });

  test('a good one before the limit clears the account', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let attempt = 1; attempt < SIGN_IN.attemptsPerAccount; attempt += 1) await wrong();
      expect((await browser.signIn('olga', PASSWORD)).status).toBe(303);
    }
  });

  test('from one address, over many ids', async () => {
    for (let attempt = 0; attempt < SIGN_IN.attemptsPerAddress; attempt += 1) {
      await wrong(`person-${attempt.toString()}`);
    }
    expect((await wrong('one-more')).status).toBe(429);
    expect((await browser.signIn('olga', PASSWORD)).status).toBe(429);
  });
});

describe('a password that somebody made', () => {
  const make = (by: string, id: string) =>
    given.app.inject({
      method: 'POST',
      url: `/api/v1/people/${id}/password`,
      headers: as(by),
      payload: {},
    });
  const madeFor = async (by: string, id: string): Promise<string> =>
    (await make(by, id)).json<{ password: string }>().password;
  const choose = (current: string, password: string, again = password) =>
    browser.submit('/password', '/password', { current, password, again });
  const CHOSEN = 'my very own words';

  test('opens the form to choose one and nothing else; then it is good no more', async () => {
    const made = await madeFor('admin', 'viewer');
    const reply = await browser.signIn('viewer', made, '/approvals/apr_1');
    expect(reply.location).toBe('/password?next=%2Fapprovals%2Fapr_1');
    expect((await choose(made, CHOSEN)).status).toBe(303);
    const session = [...given.memory.sessions.values()];
    expect(session).toMatchObject([{ personId: 'viewer', mustChoose: false }]);
    const other = new TestBrowser(given.app);
    expect((await other.signIn('viewer', made)).status).toBe(401);
    expect((await other.signIn('viewer', CHOSEN)).location).toBe('/approvals');
  });

  test('is good for a day, and not for who was signed in before', async () => {
    await browser.signIn('olga', PASSWORD);
    const made = await madeFor('admin', 'olga');
    expect((await browser.get('/password')).status).toBe(303);
    expect((await browser.signIn('olga', PASSWORD)).status).toBe(401);
    nowMs += SIGN_IN.oneTimeMs;
    expect((await browser.signIn('olga', made)).status).toBe(401);
  });

  test.each([
    ['too short', PASSWORD, 'short', 'short', 400],
    ['unequal', PASSWORD, CHOSEN, `${CHOSEN}.`, 400],
    ['the same as before', PASSWORD, PASSWORD, PASSWORD, 400],
    ['with a wrong present one', 'another password', CHOSEN, CHOSEN, 401],
  ])('is not exchanged for one that is %s', async (...[, current, password, again, status]) => {
    await browser.signIn('olga', PASSWORD);
    expect((await choose(current, password, again)).status).toBe(status);
    expect((await new TestBrowser(given.app).signIn('olga', PASSWORD)).status).toBe(303);
  });

  test('is made by oneself or an administrator, never for the bootstrap administrator', async () => {
    expect((await make('viewer', 'viewer')).statusCode).toBe(201);
    expect((await make('responder', 'viewer')).statusCode).toBe(403);
    expect((await make('admin', 'bootstrap-admin')).statusCode).toBe(404);
    expect((await make('admin', 'nobody')).statusCode).toBe(404);
  });

  test('approves only where nobody could act in another’s name: as tokens do', async () => {
    const mayApprove = async (by: string, id: string) =>
      (await make(by, id)).json<{ canApprove: boolean }>().canApprove;
    expect(await mayApprove('admin', 'olga')).toBe(true);
    await given.app.close();
    let armed = true;
    const desk = setUpDesk(given.memory);
    await begin({ rules: { ...desk, revision: () => ({ ...FIRST_REVISION, armed }) } });
    given.memory.tokens.delete(sha256Hex('fb_viewer'));
    expect(await mayApprove('admin', 'olga')).toBe(false);
    expect(await mayApprove('admin', 'viewer')).toBe(true);
    // By now the viewer has an account, though no token.
    expect(await mayApprove('admin', 'viewer')).toBe(false);
    expect(await mayApprove('olga', 'olga')).toBe(true);
    // Somebody of Slack has a way in: not even the token of the first day makes them one that approves.
    addPerson(given.memory, BOOTSTRAP_ADMIN, ['admin']);
    addPerson(given.memory, 'sam', ['approver-security']);
    given.memory.tokens.delete(sha256Hex('fb_sam'));
    const sam = given.memory.people.get('sam');
    if (sam) given.memory.people.set('sam', { ...sam, slackUser: 'T1:U1' });
    expect(await mayApprove('admin', 'sam')).toBe(false);
    expect(await mayApprove(BOOTSTRAP_ADMIN, 'olga')).toBe(false);
    given.memory.accounts.delete('sam');
    expect(await mayApprove(BOOTSTRAP_ADMIN, 'sam')).toBe(false);
    // Nor whoever signs in at an issuer.
    given.memory.accounts.delete('sam');
    const identity = { issuer: 'https://id.example.com', subject: 's' };
    if (sam) given.memory.people.set('sam', { ...sam, identity });
    expect(await mayApprove('admin', 'sam')).toBe(false);
    armed = false;
    expect(await mayApprove('admin', 'olga')).toBe(true);
  });
});

describe('tokens of a person', () => {
  const ask = (by: string, path: string, method: 'GET' | 'POST' = 'GET') =>
    given.app.inject({
      ...{ method, url: `/api/v1/people/${path}`, headers: as(by) },
      ...(method === 'POST' ? { payload: {} } : {}),
    });

  test('are shown to and ended by that person and administrators, nobody else', async () => {
    const id = sha256Hex('fb_olga').slice(0, 16);
    expect((await ask('responder', 'olga/tokens')).statusCode).toBe(403);
    expect((await ask('responder', `olga/tokens/${id}/revoke`, 'POST')).statusCode).toBe(403);
    for (const by of ['olga', 'admin']) {
      expect((await ask(by, 'olga/tokens')).json()).toMatchObject({ items: [{ id }] });
    }
    expect((await ask('admin', `viewer/tokens/${id}/revoke`, 'POST')).statusCode).toBe(404);
    expect((await ask('olga', `olga/tokens/${id}/revoke`, 'POST')).statusCode).toBe(200);
    expect((await ask('olga', 'olga/tokens')).statusCode).toBe(401);
  });
});
