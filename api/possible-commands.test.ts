import { afterAll, describe, expect, test } from '@jest/globals';
import { DECISION_KINDS } from '../domain/admission.ts';
import { possibleCommands } from './possible-commands.ts';
import { APPROVAL, createTestApi, INCIDENT, ROW } from './test-api.ts';

// Goal: people are offered what helps, and nothing else. Method: incidents as they may stand, one after the other.

const given = createTestApi();
afterAll(() => given.app.close());

describe('what can be done now', () => {
  test('nothing is offered on a closed incident but a note', () => {
    const incident = { ...INCIDENT, state: 'closed' as const };
    const offered = possibleCommands({
      incident,
      approvals: [APPROVAL],
      results: [],
      operations: [],
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
    const offered = possibleCommands({ incident, approvals: [], results: [], operations });
    const commands = offered.map(({ command }) => command);
    expect(commands).toContain('close');
    for (const command of ['resume', 'retry', 'skip', 'stand-down']) {
      expect(commands).not.toContain(command);
    }
  });

  test('whatever is offered has a route and a known kind', async () => {
    await given.app.ready();
    const routes = new Set(given.app.routeAccess.map(({ method, url }) => `${method} ${url}`));
    for (const state of ['pending', 'open', 'held', 'stuck'] as const) {
      const situation = {
        incident: { ...INCIDENT, state },
        approvals: [APPROVAL],
        results: [],
        operations: [],
      };
      for (const { command, http } of possibleCommands(situation)) {
        expect(DECISION_KINDS.some((kind) => kind === command)).toBe(true);
        expect(routes).toContain(http.replace('inc_1', ':id').replace('apr_1', ':id'));
      }
    }
  });
});
