import { expect } from '@jest/globals';
import { APPROVAL } from '../../api/test-api.ts';
import { hiddenFields, TestBrowser } from '../../api/test-browser.ts';
import { SIGN_IN } from '../../domain/sign-in.ts';
import { NEXT, REDIRECT_URI, type DoorStage } from './door-stage.ts';
import { OTHER_CLIENT, type IssuerUnderTest } from './issuer-under-test.ts';
import { idTokenOf } from './protocol-cases.ts';

/** What a case works on: a server of Firebreak that knows the issuer, and the issuer. */
export interface DoorSubject {
  readonly stage: DoorStage;
  readonly issuer: IssuerUnderTest;
}

/** One thing that Firebreak's door does at every issuer. */
export interface DoorCase {
  readonly title: string;
  readonly run: (subject: DoorSubject) => Promise<void>;
}

const DAY_MS = 86_400_000;
const NOT_PROVEN = 'does not prove who you are. Begin again.';

/** An answer with another code. */
function withCode(path: string, code: string): string {
  const address = new URL(path, REDIRECT_URI);
  address.searchParams.set('code', code);
  return `${address.pathname}${address.search}`;
}

const codeOf = (path: string): string => new URL(path, REDIRECT_URI).searchParams.get('code') ?? '';

/** Asks for R3 until tomorrow; sam, who is the other role, has a token. */
function openApproval({ given }: DoorStage): void {
  const expiresAt = new Date(Date.now() + DAY_MS).toISOString();
  given.memory.approvals.set(APPROVAL.id, { ...APPROVAL, createdAt: expiresAt, expiresAt });
}

const SIGNING_IN: readonly DoorCase[] = [
  {
    title: 'opens the page that was wanted, with the name and the rights of the person',
    run: async ({ stage }) => {
      const { browser, given } = stage;
      const reply = await stage.come(await stage.answer());
      expect([reply.status, reply.location]).toEqual([200, null]);
      expect(reply.headers['refresh']).toBe(`0; url=${NEXT}`);
      expect(browser.cookies.has('firebreak-pending')).toBe(false);
      expect([...given.memory.sessions.values()]).toMatchObject([
        { personId: 'olga', canApprove: true, mustChoose: false },
      ]);
      expect(stage.lines.join('')).toContain('somebody signed in at the issuer');
      openApproval(stage);
      const { body } = await browser.get(NEXT);
      expect(body).toContain('<span>olga <span class="quiet">(olga)</span></span>');
      expect(hiddenFields(body, NEXT)).not.toBeNull();
    },
  },
  {
    title: 'gives no right that the directory names: groups and roles there are none of ours',
    run: async ({ stage }) => {
      const { memory } = stage.given;
      const olga = memory.people.get('olga');
      if (olga) memory.people.set('olga', { ...olga, roles: ['viewer'] });
      await stage.come(await stage.answer());
      openApproval(stage);
      const { body } = await stage.browser.get(NEXT);
      expect(body).toContain('You cannot approve this now');
      expect(hiddenFields(body, NEXT)).toBeNull();
      expect(memory.people.get('olga')?.roles).toEqual(['viewer']);
    },
  },
  {
    title: 'refuses a stranger with what an administrator has to write down, also one of our names',
    run: async ({ stage, issuer }) => {
      const reply = await stage.come(await stage.answer(stage.browser, 'sam'));
      stage.expectRefused(reply, 403, 'no active person has this identity');
      const told = { issuer: issuer.url, subject: 'sam' };
      expect(stage.refusals()).toEqual([expect.objectContaining(told)]);
      expect(reply.body).toContain('Firebreak does not know you.');
      expect(reply.body).toContain('subject: &quot;sam&quot;');
    },
  },
  {
    title: 'is ended by signing out, and the issuer is asked to ask anew',
    run: async ({ stage, issuer }) => {
      const { browser, given } = stage;
      const cookies = new Map<string, string>();
      const arrive = async (): Promise<number> => {
        const { location } = await stage.ask();
        const address = new URL(await issuer.signIn(location ?? '', 'olga', cookies));
        return (await stage.come(`${address.pathname}${address.search}`)).status;
      };
      expect(await arrive()).toBe(200);
      expect((await browser.submit('/approvals', '/logout', {})).status).toBe(303);
      expect(given.memory.sessions.size).toBe(0);
      expect((await browser.get('/approvals')).location).toContain('/login');
      // The issuer's own session is still there: who comes back through it has signed in anew all the same.
      expect(await arrive()).toBe(200);
    },
  },
  {
    title: 'gives a new session and ends the former, which does not come along from the issuer',
    run: async ({ stage }) => {
      const { browser, given } = stage;
      await stage.come(await stage.answer());
      const copy = new TestBrowser(given.app);
      copy.cookies.set('firebreak-session', browser.cookies.get('firebreak-session') ?? '');
      expect((await copy.get('/password')).status).toBe(200);
      await stage.come(await stage.answer());
      expect((await copy.get('/password')).status).toBe(303);
      expect((await browser.get('/password')).status).toBe(200);
    },
  },
  {
    title: 'is fresh for R3, is not any more after five minutes, and is again when signed in anew',
    run: async ({ stage }) => {
      const { browser, given } = stage;
      openApproval(stage);
      const arrive = async (): Promise<void> => {
        expect((await stage.come(await stage.answer())).status).toBe(200);
      };
      const freshNow = async (): Promise<boolean> =>
        !(await browser.get(NEXT)).body.includes('Sign in anew');
      await arrive();
      expect(await freshNow()).toBe(true);
      stage.laterMs = SIGN_IN.freshMs + 2_000;
      expect(await freshNow()).toBe(false);
      stage.laterMs = 0;
      await arrive();
      expect(await freshNow()).toBe(true);
      const sent = await browser.submit(NEXT, NEXT, { verdict: 'approve', reason: '' });
      expect(sent.status).toBe(303);
      const [decision] = [...given.memory.decisions.values()];
      expect(decision).toMatchObject({ actor: { person: 'olga', channel: 'page' } });
      const age = Date.now() - Date.parse(decision?.actor.signedInAt ?? '');
      expect(age).toBeLessThan(SIGN_IN.freshMs);
    },
  },
  {
    title: 'follows keys that are changed, also between question and answer',
    run: async ({ stage, issuer }) => {
      for (let round = 0; round < 2; round += 1) {
        const path = await stage.answer();
        await issuer.rotate();
        expect((await stage.come(path)).status).toBe(200);
      }
    },
  },
];

/** A sign-in at an issuer whose clock differs from ours. */
function clockApart(seconds: number, reason: string | null): DoorCase {
  const apart = `${Math.abs(seconds).toString()} s ${seconds > 0 ? 'ahead' : 'behind'}`;
  return {
    title: `at a clock ${apart} ${reason === null ? 'is taken' : 'is refused'}`,
    run: async ({ stage, issuer }) => {
      await issuer.setAhead(seconds);
      const reply = await stage.come(await stage.answer());
      if (reason === null) expect(reply.status).toBe(200);
      else stage.expectRefused(reply, 403, reason);
      const [session] = [...stage.given.memory.sessions.values()];
      expect(Date.parse(session?.signedInAt ?? '0')).toBeLessThanOrEqual(Date.now());
    },
  };
}

const REFUSED: readonly DoorCase[] = [
  {
    title: 'to another browser is refused: its state is not this one’s',
    run: async ({ stage }) => {
      const mine = await stage.answer();
      const theirs = new TestBrowser(stage.given.app);
      await stage.ask(theirs);
      const reply = await stage.come(mine, theirs);
      // The other one waits on, and gets its own.
      expect((await stage.come(mine)).status).toBe(200);
      stage.given.memory.sessions.clear();
      stage.expectRefused(reply, 403, 'unexpected "state" response parameter value');
    },
  },
  {
    title: 'to a browser that did not ask, twice, or too late is refused',
    run: async ({ stage }) => {
      const path = await stage.answer();
      const secret = stage.browser.cookies.get('firebreak-pending') ?? '';
      const replies = [await stage.come(path, new TestBrowser(stage.given.app))];
      expect((await stage.come(path)).status).toBe(200);
      // Whoever kept the cookie has nothing of it.
      stage.browser.cookies.set('firebreak-pending', secret);
      replies.push(await stage.come(path));
      const late = await stage.answer();
      stage.laterMs = SIGN_IN.pendingMs;
      replies.push(await stage.come(late));
      for (const { status, body, headers } of replies) {
        expect([status, headers['refresh']]).toEqual([403, undefined]);
        expect(body).toContain('This browser has not begun to sign in');
      }
      const reason = 'no sign-in of this browser is pending';
      const told = expect.objectContaining({ reason });
      expect(stage.refusals()).toEqual([told, told, told]);
    },
  },
  {
    title:
      'with a code that was used, is over, or was made for another question or client is refused',
    run: async ({ stage, issuer }) => {
      const used = await stage.answer();
      expect((await stage.come(used)).status).toBe(200);
      const foreign = await stage.answer(new TestBrowser(stage.given.app));
      const { location } = await stage.ask(new TestBrowser(stage.given.app));
      const other = new URL(location ?? '');
      other.searchParams.set('client_id', OTHER_CLIENT.id);
      const ofOther = await issuer.signIn(other.href, 'olga');
      stage.given.memory.sessions.clear();
      stage.given.memory.pendingSignIns.clear();
      for (const code of [used, foreign, ofOther].map(codeOf)) {
        stage.lines = [];
        const reply = await stage.come(withCode(await stage.answer(), code));
        stage.expectRefused(reply, 403, 'its token endpoint says invalid_grant');
      }
      stage.lines = [];
      const late = await stage.answer();
      await issuer.setAhead(61);
      const reply = await stage.come(late);
      stage.expectRefused(reply, 403, 'its token endpoint says invalid_grant');
    },
  },
  {
    title:
      'with an ID token for another audience is refused, though the issuer signed it for this nonce',
    run: async ({ stage, issuer }) => {
      const { location } = await stage.ask();
      const nonce = new URL(location ?? '').searchParams.get('nonce') ?? '';
      const idToken = await idTokenOf(issuer, { as: OTHER_CLIENT, nonce });
      await issuer.plant(idToken);
      const address = new URL(await issuer.signIn(location ?? '', 'olga'));
      const reply = await stage.come(`${address.pathname}${address.search}`);
      stage.expectRefused(reply, 403, 'unexpected JWT "aud" (audience) claim value');
      expect(reply.body).toContain(NOT_PROVEN);
    },
  },
  {
    title: 'with the ID token of an earlier sign-in is refused: its nonce is another',
    run: async ({ stage, issuer }) => {
      const as = { id: issuer.clientId, secret: issuer.clientSecret };
      const earlier = await idTokenOf(issuer, { as, nonce: 'earlier' });
      await issuer.plant(earlier);
      const reply = await stage.come(await stage.answer());
      stage.expectRefused(reply, 403, 'unexpected ID Token "nonce" claim value');
    },
  },
  {
    title: 'that says no is told as that',
    run: async ({ stage }) => {
      const reply = await stage.come(await stage.answer(stage.browser, null));
      stage.expectRefused(reply, 403, 'it says access_denied');
      expect(reply.body).toContain('did not let you in (access_denied).');
    },
  },
];

const CLIENT: readonly DoorCase[] = [
  {
    title: 'that does not know our secret is the affair of an administrator',
    run: async ({ stage }) => {
      await stage.end();
      stage.begin({ clientSecret: 'guessed' });
      const reply = await stage.come(await stage.answer());
      const reason = 'its token endpoint takes neither our client id nor our secret';
      stage.expectRefused(reply, 403, reason);
      expect(reply.body).toContain('OIDC_CLIENT_SECRET');
    },
  },
  {
    title: 'tells doctor whether it takes our secret, without anybody signing in',
    run: async ({ stage, issuer: { url } }) => {
      expect(await stage.issuer().check()).toEqual({ issuer: url, client: 'known', reason: null });
      const guessed = await stage.issuer({ clientSecret: 'guessed' }).check();
      const reason = 'its token endpoint takes neither our client id nor our secret';
      expect(guessed).toEqual({ issuer: url, client: 'refused', reason });
    },
  },
];

function named(what: string, cases: readonly DoorCase[]): readonly DoorCase[] {
  return cases.map(({ title, run }) => ({ title: `${what} ${title}`, run }));
}

/** Firebreak's door at an issuer: who gets in, as whom, how fresh, and who does not. */
export const DOOR_CASES: readonly DoorCase[] = [
  ...named('a sign-in', [
    ...SIGNING_IN,
    clockApart(25, null),
    clockApart(-25, null),
    clockApart(90, 'ID Token "auth_time" lies in the future'),
    clockApart(-90, 'too much time has elapsed since the last End-User authentication'),
  ]),
  ...named('an answer', REFUSED),
  ...named('an issuer', CLIENT),
];
