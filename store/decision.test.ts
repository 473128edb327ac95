import { describe, expect, test } from '@jest/globals';
import type { Approval } from '../domain/approval.ts';
import type { Decision } from '../domain/decision.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: a decision is stored once, as it was signed, and an approval stands only on enough people's rows.
// Method: the API's and the worker's stores, each doing what is its own and trying what is not.

const stores = useStores();

async function openApproval(name: string, people = 2): Promise<Approval> {
  const incidentId = await openIncident(stores.api(), name);
  const digest = 'a'.repeat(64);
  return stores.worker().approvals.open({
    id: `apr_${name}`,
    incidentId,
    operation: 'approve-revert',
    round: 1,
    title: 'Move the alias back',
    approvalClass: 'R3',
    quorum: { people, roles: ['approver-security'] },
    plans: [],
    planDigest: digest,
    requestedBy: null,
    createdAt: '2026-11-23T10:00:00.000Z',
    expiresAt: '2026-11-23T11:00:00.000Z',
  });
}

function approve(
  approval: Approval,
  person: string,
  kind: 'approve' | 'reject' = 'approve',
): Omit<Decision, 'outcome' | 'reason'> {
  const { id: approvalId, planDigest, incidentId } = approval;
  return {
    id: `dec_${approvalId}_${person}_${kind}`,
    incidentId,
    command:
      kind === 'approve'
        ? { kind, approvalId, planDigest }
        : { kind, approvalId, planDigest, reason: 'No.' },
    actor: { person, name: person, roles: ['approver-security'], channel: 'api' },
    decidedAt: '2026-11-23T10:30:00Z',
    signature: 'c2lnbmF0dXJl',
  };
}

describe('a decision', () => {
  test('is stored to the letter, with its outbox row, once', async () => {
    const decision = approve(await openApproval('letter'), 'ann');
    const { decisions } = stores.api();
    const stored = { ...decision, outcome: 'pending', reason: null };
    expect(await decisions.insert(decision)).toEqual(stored);
    const again = { ...decision, decidedAt: '2026-11-23T10:31:00Z', signature: 'b3RoZXI=' };
    expect(await decisions.insert(again)).toEqual(stored);
    expect(await decisions.get(decision.id)).toEqual(stored);
    const rows = await stores.sql(
      `select work from firebreak.outbox where kind = 'deliver-decision' and incident_id = $1`,
      [decision.incidentId],
    );
    expect(rows).toEqual([
      {
        work: {
          kind: 'deliver-decision',
          decisionId: decision.id,
          incidentId: decision.incidentId,
        },
      },
    ]);
  });

  test('under a known id with other words or by another person is a conflict', async () => {
    const approval = await openApproval('conflict');
    const decision = approve(approval, 'ann');
    await stores.api().decisions.insert(decision);
    const { id } = decision;
    for (const other of [approve(approval, 'ann', 'reject'), approve(approval, 'bob')]) {
      await expect(stores.api().decisions.insert({ ...other, id })).rejects.toMatchObject({
        code: 'conflict',
      });
    }
  });

  test('is settled once, by the worker, and read back in order', async () => {
    const approval = await openApproval('settled');
    for (const person of ['ann', 'bob', 'eve']) {
      await stores.api().decisions.insert(approve(approval, person));
    }
    const { decisions } = stores.worker();
    const [first, , third] = await decisions.ofIncident(approval.incidentId);
    await decisions.settle(first?.id ?? '', 'accepted', null);
    await decisions.settle(first?.id ?? '', 'refused', 'Too late.');
    await decisions.settle(third?.id ?? '', 'refused', 'Not a responder.');
    expect(await decisions.get(first?.id ?? '')).toMatchObject({
      outcome: 'accepted',
      reason: null,
    });
    // Admission counted them all; what the workflow answered to the delivery changes nothing.
    const counted = await decisions.approvalsOf(approval.id);
    expect(counted.map((decision) => decision.actor.person)).toEqual(['ann', 'bob', 'eve']);
  });

  test('cannot come from the worker', async () => {
    const decision = approve(await openApproval('forged'), 'ann');
    await expect(stores.worker().decisions.insert(decision)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });
});

describe('an approval', () => {
  test('is opened once per round and listed newest first', async () => {
    const approval = await openApproval('listed');
    const again = await stores
      .worker()
      .approvals.open({ ...approval, id: 'apr_other', title: 'x' });
    expect(again).toEqual(approval);
    const second = await stores
      .worker()
      .approvals.open({ ...approval, id: 'apr_listed_2', round: 2 });
    const filter = { status: 'open', incidentId: approval.incidentId } as const;
    const page = await stores.api().approvals.list(filter, { cursor: null, limit: 1 });
    expect(page.items).toEqual([second]);
    const rest = await stores.api().approvals.list(filter, { cursor: page.next, limit: 1 });
    expect(rest).toEqual({ items: [approval], next: null });
  });

  test.each(['api', 'worker'] as const)(
    'is not approved by %s before enough different people decided',
    async (role) => {
      const approval = await openApproval(`quorum-${role}`);
      const settle = (): Promise<Approval | null> =>
        stores[role]().approvals.settle(approval.id, 'approved', null);
      await stores.api().decisions.insert(approve(approval, 'ann'));
      await stores.api().decisions.insert({ ...approve(approval, 'ann'), id: `dec_twice_${role}` });
      await stores.api().decisions.insert(approve(approval, 'bob', 'reject'));
      await expect(settle()).rejects.toMatchObject({ code: 'refused' });
      await stores.api().decisions.insert(approve(approval, 'eve'));
      expect(await settle()).toMatchObject({ status: 'approved' });
      expect(await settle()).toBeNull();
    },
  );

  test('is settled by the first of many; later ones see null', async () => {
    const approval = await openApproval('first');
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        stores.worker().approvals.settle(approval.id, 'expired', 'Nobody answered.'),
      ),
    );
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
    expect(await stores.api().approvals.get(approval.id)).toMatchObject({
      status: 'expired',
      statusReason: 'Nobody answered.',
    });
  });

  test('that was approved may still be voided, and nothing after that', async () => {
    const approval = await openApproval('voided', 1);
    await stores.api().decisions.insert(approve(approval, 'ann'));
    const { approvals } = stores.worker();
    expect(await approvals.settle(approval.id, 'approved', null)).not.toBeNull();
    expect(await approvals.settle(approval.id, 'rejected', null)).toBeNull();
    expect(await approvals.settle(approval.id, 'void', 'The world moved.')).toMatchObject({
      status: 'void',
    });
    expect(await approvals.settle(approval.id, 'void', 'Again.')).toBeNull();
  });

  test('that nobody opened cannot be locked', async () => {
    await expect(stores.api().approvals.lock('apr_none')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
