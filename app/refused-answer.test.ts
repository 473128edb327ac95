// Goal: a refused answer is one line of its incident's timeline, told again or not, whatever is written in it. Method: real rows,
// recorded as the relay does, twice.
import { expect, test } from '@jest/globals';
import { openIncident, useStores } from '../store/test-store.ts';
import { recordRefusedAnswer } from './relay.ts';

const stores = useStores();

test('a refused answer is told once, with who, why and what they had been shown', async () => {
  const incidentId = await openIncident(stores.api(), 'refused-fact');
  const { approvals, refusedAnswers, facts } = stores.worker();
  await approvals.open({
    ...{ id: 'apr_1', incidentId, operation: 'ask', round: 1, title: 't', approvalClass: 'R3' },
    ...{ quorum: { people: 2, roles: ['approver-security'] }, plans: [], requestedBy: null },
    ...{ planDigest: 'a'.repeat(64), createdAt: '2026-11-23T10:00:00.000Z' },
    expiresAt: '2026-11-23T11:00:00.000Z',
  });
  await stores.api().refusedAnswers.add({
    ...{ approvalId: 'apr_1', person: 'rex', claimed: null, name: 'Rex\u0000\ud800', roles: [] },
    ...{ channel: 'slack', verdict: 'approve', planDigest: 'b'.repeat(64), requestId: 'dec_1' },
    ...{ code: 'conflict', reason: 'The plans are not those that you saw.' },
    refusedAt: '2026-11-23T10:30:00.000Z',
  });
  const [row] = await refusedAnswers.ofApproval('apr_1');
  await recordRefusedAnswer(stores.worker(), row?.id ?? '');
  await recordRefusedAnswer(stores.worker(), row?.id ?? '');
  const told = (await facts.page(incidentId, 0, 100)).filter(
    ({ kind }) => kind === 'decision.refused',
  );
  expect(told).toMatchObject([
    {
      key: `refused-answer/${row?.id ?? ''}`,
      actor: 'rex',
      occurredAt: '2026-11-23T10:30:00.000Z',
      summary:
        'Rex\uFFFD\uFFFD (rex) was refused to approve, by slack: The plans are not those that you saw.',
      data: { approvalId: 'apr_1', planDigest: 'b'.repeat(64), requestId: 'dec_1' },
    },
  ]);
  expect(await stores.chainLength(incidentId)).toBeGreaterThan(0);
});
