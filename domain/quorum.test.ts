import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DECISION_KINDS, rolesOf } from './admission.ts';
import { quorumMet } from './quorum.ts';
import { quorumOf, ROLES } from './approval.ts';

// Goal: no number of decisions replaces a second person or a missing role. Method: laws of the quorum by generated people.

describe('quorum', () => {
  const people = fc.array(
    fc.record({
      person: fc.constantFrom('a', 'b', 'c', 'd'),
      roles: fc.subarray([...ROLES]),
    }),
    { maxLength: 6 },
  );

  test('R3 is never met by one person, whatever roles and decisions that person has', () => {
    fc.assert(
      fc.property(fc.nat(6), (count) => {
        const one = { person: 'a', roles: ROLES };
        const many = Array.from({ length: count }, () => one);
        expect(quorumMet(quorumOf('R3'), many, null)).toBe(false);
      }),
    );
  });

  test('when met: enough people, each role held, somebody beside the requester', () => {
    fc.assert(
      fc.property(people, fc.constantFrom('R2', 'R3', 'R4'), (approvers, approvalClass) => {
        const quorum = quorumOf(approvalClass);
        fc.pre(quorumMet(quorum, approvers, 'a'));
        const names = new Set(approvers.map(({ person }) => person));
        expect(names.size).toBeGreaterThanOrEqual(quorum.people);
        expect([...names].some((name) => name !== 'a')).toBe(true);
        for (const role of quorum.roles) {
          expect(approvers.some(({ roles }) => roles.includes(role))).toBe(true);
        }
      }),
    );
  });

  test('another approver never takes a met quorum away', () => {
    fc.assert(
      fc.property(people, people, (some, more) => {
        fc.pre(
          new Set([...some, ...more].map(({ person }) => person)).size ===
            some.length + more.length,
        );
        const before = quorumMet(quorumOf('R3'), some, null);
        const after = quorumMet(quorumOf('R3'), [...some, ...more], null);
        expect(before && !after).toBe(false);
      }),
    );
  });

  test('nobody needs to approve where a class asks for nobody', () => {
    expect(quorumMet(quorumOf('R1'), [], null)).toBe(true);
  });

  test('only approvers answer; viewers never steer', () => {
    for (const kind of DECISION_KINDS) expect(rolesOf(kind)).not.toContain('viewer');
    expect(rolesOf('approve')).not.toContain('admin');
  });
});
