// Goal: yes and no only when the missing facts cannot change them; the facts that could are named.
// Method: small rules by hand; then random rules, where every way to complete the facts must agree with the answer.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applicabilityOf } from './applicability.ts';

const stated = (facts: Readonly<Record<string, boolean>>): ReadonlyMap<string, boolean> =>
  new Map(Object.entries(facts));

describe('whether a rule holds', () => {
  test.each([
    ['facts.a && facts.b', { a: true, b: true }, { answer: 'yes', missing: [] }],
    ['facts.a && facts.b', { a: false }, { answer: 'no', missing: [] }],
    ['facts.a && facts.b', { a: true }, { answer: 'unknown', missing: ['b'] }],
    ['facts.a && facts.b', {}, { answer: 'unknown', missing: ['a', 'b'] }],
    ['facts.a || facts.b', { b: true }, { answer: 'yes', missing: [] }],
    ['facts.a || !facts.a', {}, { answer: 'yes', missing: [] }],
    ['facts.a && (facts.b || facts.c)', { a: true, b: true }, { answer: 'yes', missing: [] }],
    ['facts.a && (facts.b || facts.c)', { b: false, c: false }, { answer: 'no', missing: [] }],
    // What cannot decide it any more is not asked for.
    ['facts.a || (facts.b && facts.c)', { c: false }, { answer: 'unknown', missing: ['a'] }],
  ] as const)('%s with %j: %j', (rule, facts, told) => {
    expect(applicabilityOf(rule, stated(facts))).toEqual(told);
  });
});

type Rule =
  | { readonly op: 'fact'; readonly name: string }
  | { readonly op: 'not'; readonly of: Rule }
  | { readonly op: '&&' | '||'; readonly left: Rule; readonly right: Rule };

const NAMES = ['a', 'b', 'c', 'd'] as const;

const { rule: anyRule } = fc.letrec<{ rule: Rule; fact: Rule }>((tie) => ({
  fact: fc.record({ op: fc.constant('fact' as const), name: fc.constantFrom(...NAMES) }),
  rule: fc.oneof(
    { maxDepth: 4 },
    tie('fact'),
    fc.record({ op: fc.constant('not' as const), of: tie('rule') }),
    fc.record({
      op: fc.constantFrom('&&' as const, '||' as const),
      left: tie('rule'),
      right: tie('rule'),
    }),
  ),
}));

function textOf(rule: Rule): string {
  if (rule.op === 'fact') return `facts.${rule.name}`;
  if (rule.op === 'not') return `!(${textOf(rule.of)})`;
  return `(${textOf(rule.left)}) ${rule.op} (${textOf(rule.right)})`;
}

function holds(rule: Rule, facts: ReadonlyMap<string, boolean>): boolean {
  if (rule.op === 'fact') return facts.get(rule.name) ?? false;
  if (rule.op === 'not') return !holds(rule.of, facts);
  const left = holds(rule.left, facts);
  const right = holds(rule.right, facts);
  return rule.op === '&&' ? left && right : left || right;
}

function worldsFrom(facts: ReadonlyMap<string, boolean>): readonly ReadonlyMap<string, boolean>[] {
  return NAMES.reduce<readonly ReadonlyMap<string, boolean>[]>(
    (worlds, name) =>
      facts.has(name)
        ? worlds
        : worlds.flatMap((world) => [
            new Map([...world, [name, true]]),
            new Map([...world, [name, false]]),
          ]),
    [facts],
  );
}

test('every way to complete the facts agrees with yes and no, and disagrees with unknown', () => {
  const facts = fc
    .dictionary(fc.constantFrom(...NAMES), fc.boolean())
    .map((one) => new Map(Object.entries(one)));
  fc.assert(
    fc.property(anyRule, facts, (rule, known) => {
      const answers = new Set(worldsFrom(known).map((world) => holds(rule, world)));
      const expected = answers.size === 2 ? 'unknown' : answers.has(true) ? 'yes' : 'no';
      const told = applicabilityOf(textOf(rule), known);
      expect(told.answer).toBe(expected);
      expect(told.missing.length > 0).toBe(expected === 'unknown');
      // Each named fact can decide: there is a world in which it alone turns the answer.
      for (const name of told.missing) {
        const turns = worldsFrom(known).some(
          (world) =>
            holds(rule, world) !==
            holds(rule, new Map([...world, [name, !(world.get(name) ?? false)]])),
        );
        expect(turns).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
