import { describe, expect, test } from '@jest/globals';
import { canonicalJson, digestOf, sha256Hex } from './digest.ts';

// Goal: the canonical form is RFC 8785; method: its published examples and what it must refuse.
describe('canonicalJson', () => {
  test('sorts keys and writes numbers as RFC 8785 says', () => {
    expect(canonicalJson({ b: [1e30, 4.5, 0.002, 1e-27], a: '€$\u000f\n' })).toBe(
      '{"a":"€$\\u000f\\n","b":[1e+30,4.5,0.002,1e-27]}',
    );
  });

  test.each([[NaN], [Infinity], ['\ud800'], [undefined]])('refuses %p', (value) => {
    expect(() => canonicalJson(value)).toThrow('no canonical JSON form');
  });

  test('equal values have equal digests, whatever the order of their keys', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(sha256Hex('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
