import { afterAll, describe, expect, test } from '@jest/globals';
import { DECISION_KINDS } from '../domain/admission.ts';
import type { Halt } from '../domain/halt.ts';
import type { LegalHold } from '../domain/legal-hold.ts';
import type { OperationResult } from '../domain/operation.ts';
import type { Playbook } from '../domain/playbook.ts';
import { possibleCommands } from './possible-commands.ts';
import { APPROVAL, createTestApi, INCIDENT, ROW } from './test-api.ts';

// Goal: people are offered what helps, and nothing else. Method: incidents as they may stand, one after the other.

const HOLD: LegalHold = {
  ...{ id: 'lh_1', scope: 'model', subject: 'm', reason: 'asked', placedBy: 'lea', channel: 'cli' },
  ...{ placedAt: '2026-11-27T10:00:00.000Z', releasedAt: null },
};
const HALT: Halt = {
  id: 'hlt_1',
  scope: 'model',
  subject: 'fraud scorer',
  reason: 'it goes wild',
  haltedBy: 'ada',
  channel: 'cli',
  haltedAt: '2026-11-23T10:00:00.000Z',
  resumedBy: null,
  resumedReason: null,
  resumedAt: null,
};
const FAILED: OperationResult = {
  incidentId: 'inc_1',
  step: 'isolate',
  operation: 'look',
  round: 1,
  outcome: 'failed',
  reason: 'no',
  value: null,
  startedAt: HALT.haltedAt,
  settledAt: HALT.haltedAt,
};
const common = { title: 'one', when: null, onFailure: 'hold' } as const;
const reading = { use: 'world.value', instance: null, forEach: null, with: {} };
const PLAYBOOK: Playbook = {
  formatVersion: 1,
  name: 'test',
  class: 'test',
  title: 'Test',
  parameters: {},
  steps: [
    {
      name: 'isolate',
      operations: [
        { ...common, ...reading, kind: 'seal', name: 'logs' },
        { ...common, ...reading, kind: 'probe', name: 'look', expect: 'true', withinSeconds: 0 },
        {
          ...{ ...common, kind: 'approval', name: 'go-back', covers: [] },
          ...{ roles: [], expiresAfterSeconds: 60, escalateAfterSeconds: 60 },
        },
      ],
    },
  ],
};
const given = createTestApi();
afterAll(() => given.app.close());

describe('what can be done now', () => {
  test('nothing is offered on a closed incident but a note', () => {
    const incident = { ...INCIDENT, state: 'closed' as const };
    const offered = possibleCommands({
      incident,
      playbook: null,
      approvals: [APPROVAL],
      results: [],
      operations: [],
      halts: [],
      legalHolds: [],
    });
    expect(offered.map(({ command }) => command)).toEqual(['note']);
  });

  test.each([
    [
      'was stood down',
      [{ ...ROW, state: 'reverted' as const, applySequence: 1 }],
      INCIDENT.targets,
    ],
    ['has no model yet', [], null],
  ])('an incident that %s is not offered to go on', (...[, operations, targets]) => {
    const incident = { ...INCIDENT, targets, state: 'held' as const };
    const offered = possibleCommands({
      incident,
      playbook: null,
      approvals: [],
      results: [],
      operations,
      halts: [],
      legalHolds: [],
    });
    const commands = offered.map(({ command }) => command);
    expect(commands).toContain('close');
    for (const command of ['resume', 'retry', 'skip', 'stand-down']) {
      expect(commands).not.toContain(command);
    }
  });

  test('evidence and consent are not offered to be gone without', () => {
    const failed = (operation: string) => ({ ...FAILED, operation });
    const offered = possibleCommands({
      incident: { ...INCIDENT, state: 'held' },
      playbook: PLAYBOOK,
      approvals: [],
      results: ['logs', 'look', 'go-back'].map(failed),
      operations: [],
      halts: [],
      legalHolds: [],
    });
    const skips = offered.filter(({ command }) => command === 'skip').map(({ title }) => title);
    expect(skips).toEqual(['Go on without an operation: look']);
  });

  test('a halted incident is offered the exact command that lifts the halt, any other one the halt', () => {
    const nothing = { playbook: null, approvals: [], results: [], operations: [], legalHolds: [] };
    const situation = { incident: INCIDENT, ...nothing };
    const cliOf = (halts: readonly Halt[]): readonly string[] =>
      possibleCommands({ ...situation, halts }).map(({ cli }) => cli);
    const lift = `firebreak resume --model 'fraud scorer' --reason "WHY"`;
    const stop = 'firebreak halt --model fraud-scorer --reason "WHY"';
    expect(cliOf([HALT])).toContain(lift);
    expect(cliOf([HALT])).not.toContain(stop);
    expect(cliOf([])).toContain(stop);
  });

  test('whatever is offered has a route and a known kind', async () => {
    await given.app.ready();
    const routes = new Set(given.app.routeAccess.map(({ method, url }) => `${method} ${url}`));
    for (const state of ['pending', 'open', 'held', 'stuck'] as const) {
      const situation = {
        incident: { ...INCIDENT, state },
        playbook: null,
        approvals: [APPROVAL],
        results: [],
        operations: [],
        halts: [HALT],
        legalHolds: [HOLD],
      };
      for (const { command, http } of possibleCommands(situation)) {
        const known = [...DECISION_KINDS, 'halt', 'resume-halt', 'release-legal-hold', 'runbook'];
        expect(known).toContain(command);
        expect(routes).toContain(
          http.replace('inc_1', ':id').replace('apr_1', ':id').replace('lh_1', ':id'),
        );
      }
    }
  });
});
