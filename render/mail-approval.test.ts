// Goal: who reads the mail of an approval can judge it, and is warned when names could deceive.
// Method: one approval in all its states; each thing that an approver needs is looked for in both parts.
import { describe, expect, test } from '@jest/globals';
import type { Approval } from '../domain/approval.ts';
import type { ShownPlan } from './approval-plan.ts';
import { renderMail } from './mail.ts';
import { approvalMail, decideAt, type ApprovalMail } from './mail-approval.ts';

const PLAN: ShownPlan = {
  ...{ approvalClass: 'R3', known: true },
  ...{ operation: 'restore', target: 'mlflow/alias/-/fraud-scorer', action: 'mlflow.move-alias' },
  ...{ summary: 'Move alias champion to version 6', undo: 'Move it back to version 7' },
  changes: [
    { path: 'version', before: '7', after: '6' },
    { path: 'tag', after: { held: true } },
  ],
};
const APPROVAL: Approval = {
  ...{ id: 'apr_1', incidentId: 'inc_1', operation: 'approve-revert', round: 1, title: 'Go back' },
  approvalClass: 'R3',
  quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
  ...{ plans: [], planDigest: 'd'.repeat(64), status: 'open', statusReason: null },
  ...{ requestedBy: 'ada', createdAt: '2026-11-23T10:00:00.000Z', settledAt: null },
  expiresAt: '2026-11-23T11:00:00.000Z',
};

function mailOf(change: Partial<ApprovalMail> = {}) {
  return renderMail(
    approvalMail({
      ...{ subject: '#7 drift', approval: APPROVAL, plans: [PLAN] },
      approvedBy: [{ name: 'Mona', person: 'mona' }],
      deciders: [{ name: 'Sam', roles: ['approver-security'] }],
      decide: decideAt(APPROVAL.id, 'https://firebreak.example'),
      ...change,
    }),
  );
}

describe('the mail of an approval', () => {
  test('says what, on what, from what to what, its undo, class, who, until when, the digest and where', () => {
    const { subject, ...parts } = mailOf();
    expect(subject).toBe('#7 drift');
    for (const part of Object.values(parts)) {
      for (const needed of [
        ...['Approval needed (R3): Go back', PLAN.summary, PLAN.target, PLAN.undo, PLAN.action],
        ...['version', 'nothing', APPROVAL.expiresAt, APPROVAL.planDigest, 'R3: hard to undo'],
        ...['approver-model-owner and approver-security', 'Sam (approver-security)'],
        ...['Mona (mona)', 'ada asked for it', 'https://firebreak.example/approvals/apr_1'],
      ]) {
        expect(part).toContain(needed);
      }
    }
    expect(parts.text).toContain('version\n  - 7\n  + 6');
    expect(parts.text).toContain('tag\n  - nothing\n  + {"held":true}');
    expect(parts.text).not.toContain('compare them before you decide');
  });

  test('without a public address it names the command, and holds no link', () => {
    const { text, html } = mailOf({ decide: decideAt('apr_1', null) });
    expect(text).toContain('    firebreak approval show apr_1');
    expect(html).not.toContain('<a');
  });

  test.each<Approval['status']>(['approved', 'rejected', 'void', 'expired'])(
    '%s: it says so, and asks for nothing',
    (status) => {
      const approval = { ...APPROVAL, status, statusReason: 'the world moved' };
      const { text } = mailOf({ approval });
      expect(text).toMatch(/^No longer asked/u);
      expect(text).toContain(`${status}: the world moved`);
      expect(text).not.toContain('/approvals/');
    },
  );

  test.each([
    ['a mixed word', { target: 'mlflow/alias/-/fr\u0430ud-scorer' }],
    ['a whole word', { summary: 'Move \u0441\u0430\u0440\u0435' }],
    ['wide letters', { undo: 'back to \uff56\uff16' }],
    ['backwards', { summary: 'model \u202egpj.exe' }],
    ['a value', { changes: [{ path: 'image', before: 'a', after: 'r\u0435gistry' }] }],
  ])('%s that passes for another is marked before the plans', (_name, change) => {
    const { text } = mailOf({ plans: [{ ...PLAN, ...change }] });
    const warned = text.indexOf('compare them before you decide');
    expect(warned).toBeGreaterThan(0);
    expect(warned).toBeLessThan(text.indexOf('Target:'));
    expect(text).toMatch(/\(U\+[0-9A-F]{4}\)|\\u\{202e\}/u);
  });

  test('more than fits is told, never left out in silence', () => {
    const changes = Array.from({ length: 70 }, (_, index) => ({ path: `p${index.toString()}` }));
    const { text } = mailOf({ plans: Array.from({ length: 60 }, () => ({ ...PLAN, changes })) });
    expect(text).toContain('10 more changes are not in this mail');
    expect(text).toContain('10 more plans are not in this mail');
  });

  test('an id cannot lead out of our own address', () => {
    const { html } = mailOf({ decide: decideAt('../x?y#z', 'https://firebreak.example') });
    expect(html).toContain('href="https://firebreak.example/approvals/..%2Fx%3Fy%23z"');
  });
});
