// Goal: only a sender who knows a valid secret is let in, and replays are stopped by time. Method: family C of the
// bad-input corpus as a table of changes to one good request.
import { describe, expect, test } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import type { SourceAuthentication } from '../domain/configuration.ts';
import { isAppError } from '../domain/error.ts';
import { authenticateSource } from './authentication.ts';
import type { SignedRequest } from './authentication.ts';

const NOW = new Date('2026-11-20T02:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const OLD = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEW = 'a plain secret of some length';
const BODY = '{"alerts":[]}';

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}

interface Signing {
  readonly secret?: string;
  readonly id?: string;
  readonly seconds?: number;
  readonly body?: string;
  readonly algorithm?: string;
}

function sign({
  secret = OLD,
  id = 'msg_1',
  seconds = SECONDS,
  body = BODY,
  algorithm = 'sha256',
}: Signing = {}): string {
  const text = `${id}.${seconds.toString()}.${body}`;
  return `v1,${createHmac(algorithm, keyOf(secret)).update(text).digest('base64')}`;
}

function request(headers: SignedRequest['headers'] = {}, body = BODY): SignedRequest {
  const signed = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': SECONDS.toString(),
    'webhook-signature': sign(),
  };
  return { headers: { ...signed, ...headers }, body: Buffer.from(body), now: NOW };
}

function outcome(authentication: SourceAuthentication, signed: SignedRequest): string {
  try {
    authenticateSource(authentication, signed);
    return 'accepted';
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code === 'unauthorized' ? String(error.details?.['reason']) : error.code;
  }
}

describe('HMAC', () => {
  const authentication: SourceAuthentication = { kind: 'hmac', secrets: [NEW, OLD] };
  const good = sign();
  test.each<[string, SignedRequest, string]>([
    ['the older of two secrets', request(), 'accepted'],
    [
      'the newer of two secrets',
      request({ 'webhook-signature': sign({ secret: NEW }) }),
      'accepted',
    ],
    [
      'several signatures, one good',
      request({ 'webhook-signature': `v2,AAAA v1,AAAA ${good}` }),
      'accepted',
    ],
    [
      '300 s old',
      request({
        'webhook-timestamp': (SECONDS - 300).toString(),
        'webhook-signature': sign({ seconds: SECONDS - 300 }),
      }),
      'accepted',
    ],
    [
      '301 s old',
      request({
        'webhook-timestamp': (SECONDS - 301).toString(),
        'webhook-signature': sign({ seconds: SECONDS - 301 }),
      }),
      'stale',
    ],
    [
      '301 s ahead',
      request({
        'webhook-timestamp': (SECONDS + 301).toString(),
        'webhook-signature': sign({ seconds: SECONDS + 301 }),
      }),
      'stale',
    ],
    ['absent', request({ 'webhook-signature': undefined }), 'missing'],
    ['absent id', request({ 'webhook-id': undefined }), 'missing'],
    ['absent timestamp', request({ 'webhook-timestamp': undefined }), 'missing'],
    ['two headers', request({ 'webhook-signature': [good, good] }), 'repeated'],
    ['another body', request({}, '{"alerts":[1]}'), 'wrong'],
    ['trailing space in the body', request({}, `${BODY} `), 'wrong'],
    ['re-serialised body', request({}, '{ "alerts": [] }'), 'wrong'],
    ['another id', request({ 'webhook-id': 'msg_2' }), 'wrong'],
    ['another timestamp', request({ 'webhook-timestamp': (SECONDS - 1).toString() }), 'wrong'],
    ['an id with a dot', request({ 'webhook-id': `msg_1.${SECONDS.toString()}` }), 'malformed'],
    [
      'a timestamp in milliseconds',
      request({ 'webhook-timestamp': NOW.getTime().toString() }),
      'malformed',
    ],
    [
      'a timestamp with a sign',
      request({ 'webhook-timestamp': `+${SECONDS.toString()}` }),
      'malformed',
    ],
    [
      'hex',
      request({
        'webhook-signature': `v1,${Buffer.from(good.slice(3), 'base64').toString('hex').toUpperCase()}`,
      }),
      'wrong',
    ],
    ['short', request({ 'webhook-signature': good.slice(0, 20) }), 'wrong'],
    ['without padding', request({ 'webhook-signature': good.replace(/=+$/, '') }), 'wrong'],
    ['empty', request({ 'webhook-signature': '' }), 'wrong'],
    ['no version', request({ 'webhook-signature': good.slice(3) }), 'wrong'],
    ['another algorithm', request({ 'webhook-signature': sign({ algorithm: 'sha1' }) }), 'wrong'],
    [
      'another secret',
      request({ 'webhook-signature': sign({ secret: 'something else entirely' }) }),
      'wrong',
    ],
    [
      'past sixteen signatures',
      request({ 'webhook-signature': `${'v1,AAAA '.repeat(16)}${good}` }),
      'wrong',
    ],
  ])('%s', (_title, signed, wanted) => {
    expect(outcome(authentication, signed)).toBe(wanted);
  });

  test('the example of the Standard Webhooks specification', () => {
    const example: SignedRequest = {
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: Buffer.from('{"test": 2432232314}'),
      now: new Date(1614265330_000),
    };
    expect(outcome({ kind: 'hmac', secrets: [OLD] }, example)).toBe('accepted');
  });

  test.each([[[]], [['']], [['whsec_']]])(
    'secrets %j are our mistake, not the sender’s',
    (secrets) => {
      expect(outcome({ kind: 'hmac', secrets }, request())).toBe('internal');
    },
  );
});

describe('bearer', () => {
  const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
  const authentication: SourceAuthentication = {
    kind: 'bearer',
    tokenSha256: [digest('one'), digest('two')],
  };
  test.each<[string, SignedRequest['headers'], string]>([
    ['the first token', { authorization: 'Bearer one' }, 'accepted'],
    ['the second token', { authorization: 'bearer two' }, 'accepted'],
    ['another token', { authorization: 'Bearer three' }, 'wrong'],
    ['the digest itself', { authorization: `Bearer ${digest('one')}` }, 'wrong'],
    ['no header', { authorization: undefined }, 'missing'],
    ['two headers', { authorization: ['Bearer one', 'Bearer one'] }, 'repeated'],
    ['another scheme', { authorization: 'Basic one' }, 'malformed'],
    ['no token', { authorization: 'Bearer ' }, 'malformed'],
    ['trailing text', { authorization: 'Bearer one two' }, 'malformed'],
    ['a very long token', { authorization: `Bearer ${'x'.repeat(10_000)}` }, 'malformed'],
  ])('%s', (_title, headers, wanted) => {
    expect(outcome(authentication, request(headers))).toBe(wanted);
  });

  test.each([[[]], [['']], [['zz']]])('digests %j are our mistake', (tokenSha256) => {
    const signed = request({ authorization: 'Bearer one' });
    expect(outcome({ kind: 'bearer', tokenSha256 }, signed)).toBe('internal');
  });
});
