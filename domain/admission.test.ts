import { describe, expect, test } from '@jest/globals';
import { admit, DECISION_KINDS, obstacleTo, type AdmissionInput } from './admission.ts';
import type { ApproverByDoor } from './quorum.ts';
import type { Approval } from './approval.ts';
import { quorumOf, quorumWith } from './approval-class.ts';
import type { DecisionCommand } from './decision.ts';
import { isAppError } from './error.ts';
import type { IncidentState } from './incident.ts';
import type { Playbook } from './playbook.ts';
import { openedIncident as incident } from './sample-incident.ts';

// Goal: nobody gets further than the rules allow, whatever they send. Method: a base case that is admitted, then a
// table of single changes with the code each one earns.

const NOW = '2026-11-23T10:00:00.000Z';
const DIGEST = 'a'.repeat(64);

const approval: Approval = {
  id: 'apr_1',
  incidentId: 'inc_1',
  operation: 'approve',
  round: 1,
  title: 't',
  approvalClass: 'R3',
  quorum: quorumOf('R3'),
  plans: [],
  planDigest: DIGEST,
  status: 'open',
  statusReason: null,
  requestedBy: null,
  createdAt: NOW,
  expiresAt: '2026-11-23T11:00:00.000Z',
  settledAt: null,
};

const owner: ApproverByDoor = {
  person: 'olga',
  roles: ['approver-model-owner'],
  channel: 'slack',
  fresh: false,
};
const security: ApproverByDoor = {
  person: 'sam',
  roles: ['approver-security'],
  channel: 'api',
  fresh: false,
};
const approve: DecisionCommand = { kind: 'approve', approvalId: 'apr_1', planDigest: DIGEST };

const base: AdmissionInput = {
  command: approve,
  decider: { ...security, active: true, canApprove: true },
  incident,
  approval,
  approvers: [owner],
  approversSignInSince: null,
  playbook: null,
  legalObstacle: null,
  now: NOW,
};

function codeOf(input: AdmissionInput): string {
  try {
    return `admitted ${admit(input).settles?.status ?? 'open'}`;
  } catch (error) {
    return isAppError(error) ? error.code : 'not an AppError';
  }
}

const playbook: Playbook = {
  formatVersion: 1,
  name: 'p',
  class: 'c',
  title: 't',
  parameters: {},
  steps: [
    {
      name: 'isolate',
      operations: [
        {
          kind: 'gate',
          name: 'check',
          title: 't',
          when: null,
          onFailure: 'hold',
          expect: 'true',
        },
        {
          kind: 'seal',
          name: 'seal-pods',
          title: 't',
          when: null,
          onFailure: 'hold',
          use: 'kubernetes.pods',
          instance: null,
          with: {},
          forEach: null,
        },
        {
          kind: 'approval',
          name: 'ask',
          title: 't',
          when: null,
          onFailure: 'hold',
          roles: [],
          covers: [],
          expiresAfterSeconds: 1,
          escalateAfterSeconds: 1,
        },
      ],
    },
  ],
};
const since = (approversSignInSince: string) => ({ approversSignInSince });
const skip = (operation: string): DecisionCommand => ({ kind: 'skip', operation, reason: 'r' });
const close = (expiresAt: string): DecisionCommand => ({
  kind: 'close',
  verdict: 'confirmed',
  reason: 'r',
  leave: [{ operation: 'o', target: 't', owner: 'olga', expiresAt }],
});
const decider = (change: Partial<AdmissionInput['decider']>) => ({
  decider: { ...base.decider, ...change },
});

const veto: DecisionCommand = { kind: 'veto', reason: 'not now' };
const r1: Approval = { ...approval, approvalClass: 'R1' };
const oneClick: Partial<AdmissionInput> = {
  approval: { ...r1, quorum: quorumWith('R1', []) },
  approvers: [],
};

describe('admission', () => {
  test.each<readonly [string, Partial<AdmissionInput>, string]>([
    ['the last of a quorum', {}, 'admitted approved'],
    ['the first of a quorum', { approvers: [] }, 'admitted open'],
    [
      'the first of a quorum, by chat',
      { approvers: [], ...decider({ channel: 'slack' }) },
      'admitted open',
    ],
    ['R3 by chat alone', decider({ channel: 'slack' }), 'refused'],
    [
      'R2 by chat alone',
      { ...decider({ channel: 'slack' }), approval: { ...approval, approvalClass: 'R2' } },
      'admitted approved',
    ],
    ['R3, once an approver can sign in, by a token', { ...since(NOW) }, 'refused'],
    [
      'R3, once an approver can sign in, by somebody who just did',
      { ...since(NOW), ...decider({ channel: 'page', fresh: true }) },
      'admitted approved',
    ],
    [
      'no rejection, however anybody comes',
      {
        ...since(NOW),
        command: { kind: 'reject', approvalId: 'apr_1', planDigest: DIGEST, reason: 'no' },
      },
      'admitted rejected',
    ],
    ['another of the same role', { approvers: [{ ...security, person: 'sue' }] }, 'admitted open'],
    ['the same person twice', { approvers: [security] }, 'conflict'],
    ['a plan that changed', { approval: { ...approval, planDigest: 'b'.repeat(64) } }, 'conflict'],
    ['at the moment of expiry', { now: approval.expiresAt }, 'refused'],
    ['just before expiry', { now: '2026-11-23T10:59:59.999Z' }, 'admitted approved'],
    [
      'an approval of another incident',
      { approval: { ...approval, incidentId: 'x' } },
      'not_found',
    ],
    ['no approval at all', { approval: null }, 'not_found'],
    ['a voided approval', { approval: { ...approval, status: 'void' } }, 'conflict'],
    ['a settled approval', { approval: { ...approval, status: 'approved' } }, 'conflict'],
    ['a rejected approval', { approval: { ...approval, status: 'rejected' } }, 'conflict'],
    ['a closed incident', { incident: { ...incident, state: 'closed' } }, 'conflict'],
    ['a viewer', decider({ roles: ['viewer'] }), 'unauthorized'],
    ['a responder', decider({ roles: ['responder'] }), 'unauthorized'],
    ['an administrator alone', decider({ roles: ['admin'] }), 'unauthorized'],
    ['nobody’s role', decider({ roles: [] }), 'unauthorized'],
    [
      'a responder, where one click is asked',
      { ...decider({ roles: ['responder'] }), ...oneClick },
      'admitted approved',
    ],
    ['an approver who is no responder, there', oneClick, 'unauthorized'],
    ['a veto', { command: veto }, 'admitted open'],
    ['a veto of a viewer', { command: veto, ...decider({ roles: ['viewer'] }) }, 'unauthorized'],
    [
      'a veto of what asks anyway',
      { command: veto, incident: { ...incident, mode: 'ask' } },
      'conflict',
    ],
    [
      'a veto of what only looks',
      { command: veto, incident: { ...incident, mode: 'observe' } },
      'conflict',
    ],
    ['a deactivated person', decider({ active: false }), 'unauthorized'],
    ['the bootstrap token', decider({ canApprove: false }), 'unauthorized'],
    [
      'the requester, as one of two',
      { approval: { ...approval, requestedBy: 'sam' } },
      'admitted approved',
    ],
    [
      'the requester, alone',
      {
        ...{ approval: { ...r1, requestedBy: 'sam', quorum: { people: 1, roles: [] } } },
        approvers: [],
      },
      'refused',
    ],
    [
      'a role that this approval does not ask for',
      { approval: { ...approval, approvalClass: 'R2', quorum: quorumOf('R2') } },
      'unauthorized',
    ],
    [
      'one person, where only the row asks for less than the class',
      { approval: { ...approval, quorum: { people: 1, roles: [] } }, approvers: [] },
      'admitted open',
    ],
    [
      'a rejection by one',
      { command: { kind: 'reject', approvalId: 'apr_1', planDigest: DIGEST, reason: 'no' } },
      'admitted rejected',
    ],
    [
      'a rejection of another plan',
      { command: { kind: 'reject', approvalId: 'apr_1', planDigest: 'c', reason: 'no' } },
      'conflict',
    ],
    ['skipping a gate', { command: skip('check'), playbook }, 'admitted open'],
    ['skipping a seal', { command: skip('seal-pods'), playbook }, 'refused'],
    ['skipping an approval', { command: skip('ask'), playbook }, 'refused'],
    ['skipping what is not there', { command: skip('nothing'), playbook }, 'not_found'],
    ['leaving for a day', { command: close('2026-11-24T10:00:00Z') }, 'admitted open'],
    ['leaving into the past', { command: close('2026-11-22T10:00:00Z') }, 'refused'],
    ['leaving for ever', { command: close('2036-11-22T10:00:00Z') }, 'refused'],
  ])('%s', (_name, change, expected) => {
    expect(codeOf({ ...base, ...change })).toBe(expected);
  });

  test('a missing role is named', () => {
    expect(() => admit({ ...base, ...decider({ roles: ['viewer'] }) })).toThrow(
      expect.objectContaining({
        permission: 'one of responder, commander, approver-security, approver-model-owner, legal',
      }),
    );
  });
});

describe('obstacles', () => {
  const STATES: readonly IncidentState[] = ['pending', 'open', 'held', 'stuck', 'closed'];

  test('a closed incident takes nothing but notes', () => {
    const possible = DECISION_KINDS.filter(
      (kind) => obstacleTo(kind, { ...incident, state: 'closed' }) === null,
    );
    expect(possible).toEqual(['note']);
  });

  test('pause and resume exclude each other in every state', () => {
    for (const state of STATES) {
      for (const paused of [true, false]) {
        const at = { ...incident, state, paused };
        const both = obstacleTo('pause', at) === null && obstacleTo('resume', at) === null;
        expect(both).toBe(false);
      }
    }
  });

  test('a held or stuck incident always has a way on', () => {
    for (const state of ['held', 'stuck'] as const) {
      expect(obstacleTo('resume', { ...incident, state })).toBeNull();
      expect(obstacleTo('close', { ...incident, state })).toBeNull();
    }
  });
});
