// Goal: a signature holds for exactly the signed value and key, however its JSON is ordered.
// Method: round trips, every kind of change, keys that are not what they should be.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAppError } from '../domain/error.ts';
import { generateKeyPair, publicKeyOf, sign, verify } from './signature.ts';

const keys = generateKeyPair();
const payload = { decision: 'approve', plan: 'c'.repeat(64), people: ['ada', 'grace'] };

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'nothing raised';
  } catch (error) {
    return isAppError(error) ? error.code : 'another error';
  }
}

describe('signature', () => {
  test('holds for any JSON value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const signature = sign(value, keys.privateKey);
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(verify(turned, signature, keys.publicKey)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['another value', { ...payload, decision: 'reject' }],
    ['a field more', { ...payload, more: null }],
    ['another order of a list', { ...payload, people: ['grace', 'ada'] }],
    ['null', null],
  ])('does not hold for %s', (_name, changed) => {
    expect(verify(changed, sign(payload, keys.privateKey), keys.publicKey)).toBe(false);
  });

  test('does not hold under another key', () => {
    expect(verify(payload, sign(payload, keys.privateKey), generateKeyPair().publicKey)).toBe(
      false,
    );
  });

  test.each(['', 'x', 'A'.repeat(88), 'not base64 at all', `${'A'.repeat(86)}==`, ' '])(
    'does not hold for %j',
    (signature) => {
      expect(verify(payload, signature, keys.publicKey)).toBe(false);
    },
  );

  test('every flipped byte of a signature breaks it', () => {
    const bytes = Buffer.from(sign(payload, keys.privateKey), 'base64');
    for (const index of bytes.keys()) {
      const flipped = Buffer.from(bytes);
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      expect(verify(payload, flipped.toString('base64'), keys.publicKey)).toBe(false);
    }
  });

  test('the public half follows from the private one', () => {
    expect(publicKeyOf(keys.privateKey)).toBe(keys.publicKey);
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecPrivate = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  test.each([
    ['a public key', keys.publicKey],
    ['another kind of key', ecPrivate],
    ['no key', 'hello'],
  ])('%s does not sign', (_name, key) => {
    expect(codeOf(() => sign(payload, key))).toBe('invalid');
  });

  test('a private key does not verify, and what has no canonical form is refused', () => {
    expect(codeOf(() => verify(payload, 'x', keys.privateKey))).toBe('invalid');
    expect(codeOf(() => sign({ n: Number.NaN }, keys.privateKey))).toBe('invalid');
  });
});
