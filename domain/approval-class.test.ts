// Goal: whatever raises a class or a quorum only raises it. Method: laws over every class, role and order, by generated cases.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { APPROVAL_CLASSES, atLeast, ROLES, type Quorum } from './approval.ts';
import {
  CLASS_RULES,
  classOfTakingBack,
  classWords,
  quorumNeeded,
  quorumOf,
  quorumWith,
  raisedClass,
} from './approval-class.ts';
import { quorumMet } from './quorum.ts';

const anyClass = fc.constantFrom(...APPROVAL_CLASSES);
const anyRoles = fc.subarray([...ROLES]);
const anyQuorum: fc.Arbitrary<Quorum> = fc.record({ people: fc.nat(4), roles: anyRoles });
const approvers = fc.array(
  fc.record({ person: fc.constantFrom('a', 'b', 'c', 'd'), roles: anyRoles }),
  { maxLength: 5 },
);

describe('a class', () => {
  test('is raised by what is higher, and lowered by nothing, in any order', () => {
    fc.assert(
      fc.property(anyClass, fc.array(anyClass), (own, others) => {
        const raised = raisedClass(own, ...others);
        for (const one of [own, ...others]) expect(atLeast(raised, one)).toBe(true);
        expect([own, ...others]).toContain(raised);
        expect(raisedClass(own, ...others.toReversed())).toBe(raised);
      }),
    );
  });

  test('of taking back is never below that of what is taken back', () => {
    fc.assert(
      fc.property(anyClass, fc.boolean(), (approvalClass, containment) => {
        const back = classOfTakingBack({ approvalClass, containment });
        expect(atLeast(back, approvalClass)).toBe(true);
        if (containment) expect(atLeast(back, 'R3')).toBe(true);
      }),
    );
  });

  test('asks for no less than the one below it', () => {
    for (const [index, one] of APPROVAL_CLASSES.entries()) {
      const below = CLASS_RULES[APPROVAL_CLASSES[index - 1] ?? one];
      const rule = CLASS_RULES[one];
      expect(rule.quorum.people).toBeGreaterThanOrEqual(below.quorum.people);
      expect(below.chatAlone || !rule.chatAlone).toBe(true);
      expect(!below.freshSignIn || rule.freshSignIn).toBe(true);
      expect(rule.quorum.people > 0).toBe(rule.unasked === 'never');
    }
  });

  test('says on every card what it means and which doors do not do', () => {
    expect(classWords('R2')).toBe('R2: production-visible, but reversible');
    expect(classWords('R3')).toContain('never by chat alone; one yes by a fresh sign-in');
  });
});

describe('a quorum', () => {
  test('of a playbook is that of the class and more, never nobody', () => {
    fc.assert(
      fc.property(anyClass, anyRoles, (approvalClass, roles) => {
        const asked = quorumWith(approvalClass, roles);
        expect(asked.roles).toEqual(expect.arrayContaining([...roles]));
        expect(asked.roles).toEqual(expect.arrayContaining([...quorumOf(approvalClass).roles]));
        expect(asked.people).toBeGreaterThanOrEqual(Math.max(1, quorumOf(approvalClass).people));
      }),
    );
  });

  test('that a row states weaker than its class does not hold', () => {
    fc.assert(
      fc.property(anyClass, anyQuorum, approvers, (approvalClass, quorum, people) => {
        fc.pre(quorumMet(quorumNeeded({ approvalClass, quorum }), people, null));
        expect(quorumMet(quorum, people, null)).toBe(true);
        expect(quorumMet(quorumOf(approvalClass), people, null)).toBe(true);
      }),
    );
  });
});
