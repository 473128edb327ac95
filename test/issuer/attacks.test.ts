// Goal: every answer but the one to this browser, now, once and from this issuer is refused with its exact reason in the log, and so is
// whoever the rules do not name. Method: the issuer of the lab made to lie, one thing wrong a row.
import { describe, expect, test } from '@jest/globals';
import type { Forgery } from '../../lab/issuer/twin.ts';
import type { Shown } from '../../api/test-browser.ts';
import { REDIRECT_URI } from './door-stage.ts';
import { useIssuerStage } from './stage.ts';

const stage = useIssuerStage();
const seconds = (): number => Math.floor(Date.now() / 1000);

/** An answer with one parameter changed. */
function changed(path: string, name: string, value: string): string {
  const address = new URL(path, REDIRECT_URI);
  address.searchParams.set(name, value);
  return `${address.pathname}${address.search}`;
}

/** One wrong answer: how it comes about, and the exact reason. */
type Attack = readonly [name: string, forgery: () => Forgery, reason: string];

const FORGED: readonly Attack[] = [
  ['another nonce', () => ({ claims: { nonce: 'x' } }), 'unexpected ID Token "nonce" claim value'],
  ['no nonce', () => ({ claims: { nonce: null } }), 'JWT "nonce" (nonce) claim missing'],
  ['no signature', () => ({ signature: 'none' }), 'unexpected JWT "alg" header parameter'],
  ['another key', () => ({ signature: 'foreign' }), 'JWT signature verification failed'],
  [
    'another audience',
    () => ({ claims: { aud: 'other' } }),
    'unexpected JWT "aud" (audience) claim value',
  ],
  [
    'one audience more',
    () => ({ claims: { aud: ['firebreak', 'other'] } }),
    'ID Token "aud" (audience) claim includes additional untrusted audiences',
  ],
  [
    'an end that is over',
    () => ({ claims: { exp: seconds() - 31 } }),
    'unexpected JWT "exp" (expiration time) claim value, expiration is past current timestamp',
  ],
  [
    'another issuer in the token',
    () => ({ claims: { iss: stage.other.url } }),
    'unexpected JWT "iss" (issuer) claim value',
  ],
  [
    'another issuer in the answer',
    () => ({ answer: { iss: stage.other.url } }),
    'unexpected "iss" (issuer) response parameter value',
  ],
  [
    'no issuer in the answer',
    () => ({ answer: { iss: null } }),
    'response parameter "iss" (issuer) missing',
  ],
  [
    'another state',
    () => ({ answer: { state: 'x' } }),
    'unexpected "state" response parameter value',
  ],
  ['no state', () => ({ answer: { state: null } }), 'response parameter "state" missing'],
  [
    'a sign-in of an hour ago',
    () => ({ claims: { auth_time: seconds() - 3600 } }),
    'too much time has elapsed since the last End-User authentication',
  ],
  [
    'a sign-in of tomorrow',
    () => ({ claims: { auth_time: seconds() + 86_400 } }),
    'ID Token "auth_time" lies in the future',
  ],
  [
    'no time of the sign-in',
    () => ({ claims: { auth_time: null } }),
    'JWT "auth_time" (authentication time) claim missing',
  ],
  [
    'a subject of other letters',
    () => ({ claims: { sub: 'olga\u202e' } }),
    'the ID token names no subject that can be read',
  ],
];

describe('an answer', () => {
  test.each(FORGED)('with %s is refused', async (_name, forgery, reason) => {
    stage.twin.forge(forgery());
    const reply = await stage.come(await stage.answer());
    stage.expectRefused(reply, 403, reason);
    expect(reply.body).toContain('does not prove who you are. Begin again.');
  });

  test('that says no is told as that, and nothing that it says is believed or shown', async () => {
    const reply = await stage.come(await stage.answer(stage.browser, null));
    stage.expectRefused(reply, 403, 'it says access_denied');
    expect(reply.body).toContain('did not let you in (access_denied).');
    stage.lines = [];
    const declined = await stage.answer(stage.browser, null);
    const hostile = changed(declined, 'error', '<img src=x onerror=alert(1)>');
    const shown = await stage.come(changed(hostile, 'error_description', 'Call 555-1234'));
    stage.expectRefused(shown, 403, 'it says something that is no error of OAuth');
    expect(shown.body).not.toMatch(/<img|555/u);
  });
});

describe('whoever the rules do not name', () => {
  const UNKNOWN = 'no active person has this identity';
  const asSam = async (): Promise<Shown> => stage.come(await stage.answer(stage.browser, 'sam'));

  test.each<[string, () => void, Forgery]>([
    ['a mail address and a name', () => undefined, { claims: { email: 'o@x.test', name: 'olga' } }],
    ['an id of ours', () => undefined, { claims: { preferred_username: 'olga' } }],
    [
      'a subject of another issuer',
      () => {
        stage.knownAs('sam', stage.other.url);
      },
      {},
    ],
    [
      'an identity whose person was deactivated',
      () => {
        stage.knownAs('sam', stage.twin.url);
        const { people } = stage.given.memory;
        const sam = people.get('sam');
        if (sam) people.set('sam', { ...sam, active: false });
      },
      {},
    ],
  ])('is nobody by %s', async (_name, arrange, forgery) => {
    arrange();
    stage.twin.forge(forgery);
    stage.expectRefused(await asSam(), 403, UNKNOWN);
  });
});
