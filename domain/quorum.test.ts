import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DECISION_KINDS, rolesOf } from './admission.ts';
import { doorObstacle, quorumMet } from './quorum.ts';
import { ROLES } from './approval.ts';
import { quorumOf } from './approval-class.ts';

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

describe('doors', () => {
  const asked = { approvalClass: 'R3', createdAt: '2026-11-23T10:00:00.000Z' } as const;
  const before = '2026-11-23T09:59:59.999Z';
  const after = '2026-11-23T10:00:00.001Z';
  const token = { channel: 'cli', fresh: false };
  const chat = { channel: 'slack', fresh: false };
  const page = { channel: 'page', fresh: true };
  const stale = { channel: 'page', fresh: false };

  test.each([
    ['chat alone', [chat, chat], null, 'chat-alone'],
    ['chat and a token', [chat, token], null, null],
    ['two tokens', [token, token], null, null],
    ['two tokens, once an approver can sign in', [token, token], before, 'no-fresh-sign-in'],
    ['at the very moment', [token, token], asked.createdAt, 'no-fresh-sign-in'],
    ['two tokens, asked before that', [token, token], after, null],
    ['chat alone, asked before that', [chat, chat], after, 'chat-alone'],
    ['chat and a fresh sign-in', [chat, page], before, null],
    ['a fresh sign-in and a token', [page, token], before, null],
    ['a sign-in of longer ago', [stale, token], before, 'no-fresh-sign-in'],
    ['nobody', [], null, null],
  ] as const)('%s', (...[, approvers, since, obstacle]) => {
    expect(doorObstacle(asked, approvers, since)).toBe(obstacle);
    expect(doorObstacle({ ...asked, approvalClass: 'R4' }, approvers, since)).toBe(obstacle);
    expect(doorObstacle({ ...asked, approvalClass: 'R2' }, approvers, since)).toBeNull();
  });
});
