// Goal: any text becomes a label value that Kubernetes takes, different texts different ones; selectors as queries.
// Method: properties over arbitrary texts; examples where the API names the form.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { labelValue } from './mark.ts';
import { picks } from './label-match.ts';
import { templateDigest } from './template.ts';
import { selectorText } from './workload.ts';

const VALID = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/;

test('every text gives a valid label value; a valid one stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const value = labelValue(text);
      expect(value.length).toBeLessThanOrEqual(63);
      expect(value).toMatch(VALID);
      expect(labelValue(value)).toBe(value);
    }),
  );
});

test('different texts give different values', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (a, b) => {
      if (a !== b) expect(labelValue(a)).not.toBe(labelValue(b));
    }),
  );
});

const SELECTOR = {
  matchLabels: { app: 'x' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'gone', operator: 'DoesNotExist' },
    { key: 'env', operator: 'NotIn', values: ['test'] },
    { key: 'owner', operator: 'Exists' },
  ],
};

test('a selector as a query has every requirement', () => {
  expect(selectorText(SELECTOR)).toBe('app=x,tier in (a,b),!gone,env notin (test),owner');
});

test.each([
  [{ app: 'x', tier: 'a', owner: 'me' }, true],
  [{ app: 'x', tier: 'c', owner: 'me' }, false],
  [{ app: 'x', tier: 'a' }, false],
  [{ app: 'x', tier: 'a', owner: 'me', env: 'test' }, false],
  [{ app: 'x', tier: 'b', owner: 'me', gone: '' }, false],
])('labels %j match: %s', (labels, expected) => {
  expect(picks(SELECTOR, labels)).toBe(expected);
});

test('a digest of a template ignores the hash label, nulls and the order of keys, and nothing else', () => {
  const container = { name: 'm', image: 'i:1' };
  const plain = { metadata: { labels: { app: 'x' } }, spec: { containers: [container] } };
  const same = {
    spec: { containers: [{ image: 'i:1', name: 'm' }], nodeName: null },
    metadata: { creationTimestamp: null, labels: { 'pod-template-hash': 'abc', app: 'x' } },
  };
  expect(templateDigest(same)).toBe(templateDigest(plain));
  const other = { ...plain, spec: { containers: [{ ...container, image: 'i:2' }] } };
  expect(templateDigest(other)).not.toBe(templateDigest(plain));
});
