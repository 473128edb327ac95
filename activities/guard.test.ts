// Goal: what the guard counts are signed rows, and R3 does not stand on chat alone, also when admission was got around.
// Method: an approval with two signed rows, and single changes of them.
import { describe, expect, test } from '@jest/globals';
import type { Approval } from '../domain/approval.ts';
import type { Decision } from '../domain/decision.ts';
import { approval as sample } from '../domain/sample-incident.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { checkSignatures } from './guard.ts';

function rowOf(
  person: string,
  role: Decision['actor']['roles'][number],
  channel: string,
): Decision {
  return {
    id: `dec_${person}`,
    incidentId: sample.incidentId,
    command: { kind: 'approve', approvalId: sample.id, planDigest: sample.planDigest },
    actor: { person, name: person, roles: [role], channel },
    decidedAt: sample.createdAt,
    signature: 'good',
    outcome: 'pending',
    reason: null,
  };
}

const OLGA = rowOf('olga', 'approver-model-owner', 'slack');
const SAM = rowOf('sam', 'approver-security', 'cli');
const SAM_BY_CHAT = rowOf('sam', 'approver-security', 'slack');

function check(rows: readonly Decision[], approval: Approval = sample): Promise<void> {
  const unused = (): never => {
    throw new Error('not asked');
  };
  const decisions: ActivityDependencies['store']['decisions'] = {
    ...{ insert: unused, get: unused, settle: unused, ofIncident: unused },
    approvalsOf: () => Promise.resolve(rows),
  };
  const verifySignature: ActivityDependencies['verifySignature'] = (_payload, signature) =>
    signature === 'good';
  return checkSignatures({ store: { decisions }, verifySignature }, approval);
}

describe('signed approvals', () => {
  test('of two people of two roles, one of them not by chat, are enough', async () => {
    await expect(check([OLGA, SAM])).resolves.toBeUndefined();
  });

  test('of R2 may come by chat', async () => {
    const r2: Approval = {
      ...sample,
      approvalClass: 'R2',
      quorum: { people: 1, roles: ['approver-model-owner'] },
    };
    await expect(check([OLGA], r2)).resolves.toBeUndefined();
  });

  test.each<[string, readonly Decision[], string]>([
    ['by chat alone', [OLGA, SAM_BY_CHAT], 'chat alone'],
    ['one of them not signed', [OLGA, { ...SAM, signature: 'bad' }], 'quorum'],
    ['one of them missing', [SAM], 'quorum'],
    ['one after the end', [OLGA, { ...SAM, decidedAt: '2027-01-01T00:00:00.000Z' }], 'quorum'],
  ])('%s: refused', async (_name, rows, words) => {
    await expect(check(rows)).rejects.toThrow(words);
  });
});
