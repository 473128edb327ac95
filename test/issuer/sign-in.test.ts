// Goal: a session begins for exactly the person whom the issuer proves, fresh since then, and an issuer in trouble takes nothing else
// along. Method: the server over a store in memory, the issuer of the lab, and a browser that knows which cookies go along from
// another site.
import { describe, expect, test } from '@jest/globals';
import { SIGN_IN } from '../../domain/sign-in.ts';
import type { Fault } from '../../lab/fault.ts';
import { createTestApi } from '../../api/test-api.ts';
import { addAccount, hiddenFields, PASSWORD, TestBrowser } from '../../api/test-browser.ts';
import { NEXT, REDIRECT_URI } from './door-stage.ts';
import { useIssuerStage } from './stage.ts';

const stage = useIssuerStage();

describe('signing in at the issuer', () => {
  test('asks for a code with PKCE, anew; nothing of it is kept that opens anything', async () => {
    const { twin, browser, given } = stage;
    const { status, location, headers } = await stage.ask();
    const asked = Object.fromEntries(new URL(location ?? '').searchParams);
    expect([status, location?.startsWith(`${twin.url}/authorize?`)]).toEqual([303, true]);
    const fresh: unknown = expect.stringMatching(/^[\w-]{43}$/u);
    expect(asked).toEqual({
      ...{ client_id: 'firebreak', redirect_uri: REDIRECT_URI, response_type: 'code' },
      ...{ scope: 'openid', prompt: 'login', max_age: '0', code_challenge_method: 'S256' },
      ...{ state: fresh, nonce: fresh, code_challenge: fresh },
    });
    expect(String(headers['set-cookie'])).toMatch(
      /^firebreak-pending=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/u,
    );
    const kept = JSON.stringify([...given.memory.pendingSignIns.values()]);
    const secret = browser.cookies.get('firebreak-pending') ?? '';
    for (const one of [secret, asked['state'], asked['nonce']]) expect(kept).not.toContain(one);
  });

  test('opens the page that was wanted, by a page of ours: a redirect would lose the cookie', async () => {
    const { browser, given } = stage;
    const reply = await stage.come(await stage.answer());
    expect([reply.status, reply.location]).toEqual([200, null]);
    expect(reply.headers['refresh']).toBe(`0; url=${NEXT}`);
    expect(String(reply.headers['set-cookie'])).toMatch(
      /firebreak-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/u,
    );
    expect(browser.cookies.has('firebreak-pending')).toBe(false);
    expect((await browser.get('/password')).body).toContain('olga');
    expect([...given.memory.sessions.values()]).toMatchObject([
      { personId: 'olga', canApprove: true, mustChoose: false },
    ]);
    expect(given.memory.accounts.get('olga')).toMatchObject({ secret: null, endsAt: null });
    expect(stage.lines.join('')).toContain('somebody signed in at the issuer');
    // An account without a password is opened by none, and its person is not asked for one.
    const { body } = await browser.get('/password');
    expect(body).toContain('You have no password here');
    expect(body).toContain('firebreak user password olga');
    expect(hiddenFields(body, '/password')).toBeNull();
    for (const password of [PASSWORD, '']) {
      expect((await new TestBrowser(given.app).signIn('olga', password)).status).toBe(401);
    }
  });

  test('is as fresh as the issuer says, and never fresher than now', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const authTime of [now - 20, now + 20]) {
      stage.twin.forge({ claims: { auth_time: authTime } });
      await stage.come(await stage.answer());
      const [session] = [...stage.given.memory.sessions.values()].slice(-1);
      const signedIn = Date.parse(session?.signedInAt ?? '');
      if (authTime < now) expect(signedIn).toBe(authTime * 1000);
      else expect(signedIn).toBeLessThanOrEqual(Date.now());
    }
  });

  test('an account that has a password keeps it, and since when it is there', async () => {
    const { accounts } = stage.given.memory;
    await addAccount(stage.given, 'sam', ['viewer']);
    const before = accounts.get('sam');
    stage.knownAs('sam', stage.twin.url);
    expect((await stage.come(await stage.answer(stage.browser, 'sam'))).status).toBe(200);
    expect(accounts.get('sam')).toEqual(before);
  });

  test.each([
    ['another site', 'https://evil.example/'],
    ['a path that is one', '//evil.example'],
    ['a line break', '/approvals/x\r\nset-cookie: a=b'],
    ['the way out again', '/logout'],
  ])('sends nobody on to %s', async (_name, next) => {
    const reply = await stage.come(await stage.answer(stage.browser, 'olga', next));
    expect(reply.headers['refresh']).toBe('0; url=/approvals');
  });

  test('is offered where there is an issuer, and is not there where there is none', async () => {
    const { host } = new URL(stage.twin.url);
    expect((await stage.browser.get('/login')).body).toContain(`Sign in at ${host}`);
    const { app } = createTestApi();
    const plain = new TestBrowser(app);
    expect((await plain.get('/login')).body).not.toContain('Sign in at');
    for (const path of ['/login/issuer', '/login/issuer/callback']) {
      expect((await plain.get(path)).status).toBe(404);
    }
    await app.close();
  });

  test('begins fifty times from one address within a quarter of an hour, and not once more', async () => {
    for (let time = 0; time < SIGN_IN.attemptsPerAddress; time += 1) {
      expect((await stage.ask()).status).toBe(303);
    }
    const reply = await stage.ask();
    expect(reply.status).toBe(429);
    // A quarter of an hour, less what the fifty took.
    expect(reply.headers['retry-after']).toMatch(/^(?:8[5-9]\d|900)$/u);
  });
});

const says = (status: number, body: unknown): Fault => ({ kind: 'reply', reply: { status, body } });
const at = (path: string, fault: Fault): void => {
  stage.twin.faults.add(fault, { matches: (subject) => subject.path === path });
};
const DISCOVERY = '/.well-known/openid-configuration';

describe('an issuer in trouble', () => {
  const metadata = (change: object): Fault =>
    says(200, {
      issuer: stage.twin.url,
      authorization_endpoint: `${stage.twin.url}/authorize`,
      token_endpoint: `${stage.twin.url}/token`,
      jwks_uri: `${stage.twin.url}/keys`,
      id_token_signing_alg_values_supported: ['ES256'],
      ...change,
    });

  async function expectTrouble(fault: Fault, reason: string): Promise<void> {
    await addAccount(stage.given, 'vera', ['viewer']);
    at(DISCOVERY, fault);
    const reply = await stage.ask();
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
    expect(reply.body).toContain('sign in with a password of yours, or try again.');
    expect(stage.refusals()).toEqual([expect.objectContaining({ reason })]);
    expect((await stage.browser.signIn('vera', PASSWORD)).status).toBe(303);
  }

  test.each<[string, () => Fault, string]>([
    ['fails', () => says(500, {}), 'unexpected HTTP response status code (500)'],
    ['sends elsewhere', () => says(302, ''), 'unexpected HTTP response status code (302)'],
    ['shows a page', () => says(200, '<html>'), 'unexpected response content-type (200)'],
    ['talks nonsense', () => says(200, []), '"response" body must be a top level object'],
    [
      'names another issuer',
      () => metadata({ issuer: stage.other.url }),
      'discovered metadata issuer does not match the expected issuer',
    ],
    [
      'names an address that is not encrypted',
      () => metadata({ token_endpoint: 'http://id.example.com/token' }),
      'The issuer names no encrypted token_endpoint.',
    ],
    [
      'names no keys',
      () => metadata({ jwks_uri: undefined }),
      'The issuer names no encrypted jwks_uri.',
    ],
    [
      'says too much',
      () => says(200, 'x'.repeat(300_000)),
      'The issuer answers more than 256 KiB.',
    ],
    [
      'drops the connection',
      () => ({ kind: 'cut-before' }),
      'it cannot be reached: UND_ERR_SOCKET',
    ],
  ])('that %s is told as that, and passwords of ours go on', (_name, fault, reason) =>
    expectTrouble(fault(), reason),
  );

  test('that never ends is not waited for', async () => {
    await stage.end();
    stage.begin({}, 0.3);
    await expectTrouble({ kind: 'damage', damage: 'stalled' }, 'it did not answer in time');
  });

  test.each([['/token'], ['/keys']])('at %s is no refusal of the person', async (path) => {
    const back = await stage.answer();
    at(path, says(500, {}));
    const reason = 'unexpected HTTP response status code (500)';
    stage.expectRefused(await stage.come(back), 503, reason);
  });

  test('that takes the secret in the form alone gets it there', async () => {
    const methods = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    const path = await stage.answer();
    at(DISCOVERY, metadata(methods));
    expect((await stage.come(path)).status).toBe(200);
    const [asked] = stage.twin.ledger.filter(({ path: where }) => where === '/token').slice(-1);
    expect(new URLSearchParams(asked?.body).get('client_secret')).toBe(stage.twin.clientSecret);
  });
});

describe('looking at the issuer', () => {
  test('in trouble tells nothing about our secret', async () => {
    at('/token', says(500, {}));
    expect(await stage.issuer().check()).toMatchObject({ client: 'unknown' });
  });

  test('one that cannot do PKCE is none that we use', async () => {
    const { url } = stage.twin;
    const body = {
      ...{ issuer: url, authorization_endpoint: `${url}/a`, token_endpoint: `${url}/t` },
      ...{ jwks_uri: `${url}/k`, code_challenge_methods_supported: ['plain'] },
    };
    at(DISCOVERY, says(200, body));
    await expect(stage.issuer().check()).rejects.toMatchObject({ code: 'unsupported' });
  });
});
