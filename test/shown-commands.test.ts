import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  answerBody,
  commandBodies,
  COMMAND_NAMES,
  type PossibleCommand,
} from '../api/schema/decision.ts';
import { possibleCommands, type Situation } from '../api/possible-commands.ts';
import { APPROVAL, createTestApi, INCIDENT, NOW, ROW } from '../api/test-api.ts';
import { cleanUp, run, serve } from '../cli/test-run.ts';
import { connectorModules } from '../connectors/registry.ts';
import { admit } from '../domain/admission.ts';
import { isAppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { OperationResult } from '../domain/operation.ts';
import { flatten, type Playbook } from '../domain/playbook.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';

// Goal: what status shows can be done is done by exactly the words that it shows, by the command line and by HTTP alike.
// Method: each operation of P1, P2 and P3 fails once, in an incident that is held, running, paused or stuck; every command
// line that is then shown is given to the whole program, with its placeholders filled in; the request that it sends
// must be the one that is shown, and the API must read the command out of it and admit it.

afterEach(cleanUp);

const manifests = connectorModules.map(({ manifest }) => manifest);
const pinned = await loadPlaybooks(join(import.meta.dirname, '..', 'playbooks'), manifests);
const SHIPPED: readonly Playbook[] = pinned.map(({ playbook }) => playbook);

const object = (name: string) =>
  ({
    cluster: 'kubernetes',
    namespace: 'ml',
    kind: 'Deployment',
    name,
    container: 'server',
    role: 'only',
  }) as const;
const ENTRY: InventoryEntry = {
  model: 'fraud-scorer',
  registryName: 'fraud-scorer',
  alias: 'champion',
  serving: [object('stable'), object('canary')],
  service: null,
  load: 'pinned-uri',
  replicas: 2,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'mona',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
};
const TARGETS: Incident['targets'] = {
  status: 'resolved',
  entry: ENTRY,
  candidates: [ENTRY],
  steps: [],
};

/** Words that people fill in. */
const FILLED: Readonly<Record<string, string>> = {
  'sev1|sev2|sev3|sev4': 'sev1',
  'confirmed|false_positive|expected_change|inconclusive': 'confirmed',
  'CLUSTER/NAMESPACE/NAME': 'kubernetes/ml/shadow',
  PERSON: 'grace',
  PLAYBOOK: 'model-drift',
  MODEL: 'fraud-scorer',
};

/** The words of a command line, as a shell without variables reads them. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(
    ([, double, single, plain]) => double ?? single ?? FILLED[plain ?? ''] ?? plain ?? '',
  );
}

/** A check that failed and waits for a person. */
const FAILED: OperationResult = {
  incidentId: 'inc_1',
  step: 'isolate',
  operation: 'check',
  round: 1,
  outcome: 'failed',
  reason: 'no',
  value: null,
  startedAt: NOW,
  settledAt: NOW,
};

const STANDS: readonly (readonly [string, Partial<Incident>])[] = [
  ['running', { state: 'open' }],
  ['held', { state: 'held' }],
  ['paused', { state: 'open', paused: true }],
  ['stuck', { state: 'stuck' }],
  ['waiting for a model', { state: 'held', targets: null, model: null }],
];

/** The one request that a command line sends. */
async function sentBy(cli: string) {
  const [program, ...args] = wordsOf(cli);
  expect(program).toBe('firebreak');
  const { url, seen } = await serve({});
  await run(args, { url });
  expect(seen).toHaveLength(1);
  return seen[0];
}

/** The program sends the request that is shown, and the API reads the command out of it. */
async function expectSent({ command, cli, http }: PossibleCommand): Promise<void> {
  const request = await sentBy(cli);
  const path = request?.path.split('?')[0];
  expect(`${request?.method ?? ''} ${path ?? ''}`).toBe(http);
  if (['halt', 'resume-halt', 'runbook'].includes(command)) return;
  const body: unknown = JSON.parse(request?.body ?? '');
  const name = COMMAND_NAMES.find((one) => one === command);
  const read = name === undefined ? answerBody.parse(body) : commandBodies[name].parse(body);
  expect('command' in read ? read.command.kind : read.verdict).toBe(command);
}

describe('what is shown', () => {
  test.each(STANDS)('of an incident that is %s is what the program sends', async (...[, stand]) => {
    const incident: Incident = { ...INCIDENT, targets: TARGETS, ...stand };
    const situation: Situation = {
      incident,
      playbook: null,
      approvals: [APPROVAL],
      results: [FAILED],
      operations: [ROW],
      halts: [],
      legalHolds: [],
    };
    const shown = possibleCommands(situation);
    expect(shown.length).toBeGreaterThan(5);
    for (const one of shown) await expectSent(one);
  });
});
const FAILURES = SHIPPED.flatMap((playbook) =>
  playbook.steps.flatMap(({ operations }) =>
    flatten(operations).map(
      (operation) => [playbook.name, operation.kind, operation.name, playbook] as const,
    ),
  ),
);

describe('a failure of each operation', () => {
  test('is there for the three playbooks', () => {
    expect(new Set(FAILURES.map(([name]) => name)).size).toBe(3);
    expect(FAILURES.length).toBeGreaterThan(90);
  });

  test.each(FAILURES)(
    '%s: %s %s may be settled by people, but for seals and approvals',
    (...failure) => {
      const [, kind, operation, playbook] = failure;
      const incident: Incident = { ...INCIDENT, targets: TARGETS, state: 'held' };
      const decider = {
        person: 'ada',
        roles: ['responder'],
        active: true,
        canApprove: true,
        channel: 'cli',
        fresh: false,
      } as const;
      const outcomeOf = (command: Parameters<typeof admit>[0]['command']): string => {
        try {
          const asked = { approval: null, approvers: [], playbook, legalObstacle: null, now: NOW };
          admit({ command, decider, incident, approversSignInSince: null, ...asked });
          return 'admitted';
        } catch (error) {
          return isAppError(error) ? error.code : 'internal';
        }
      };
      const reason = 'by hand';
      const sealed = kind === 'seal' || kind === 'approval';
      expect(outcomeOf({ kind: 'skip', operation, reason })).toBe(sealed ? 'refused' : 'admitted');
      expect(outcomeOf({ kind: 'mark-done', operation, reason })).toBe(
        kind === 'approval' ? 'refused' : 'admitted',
      );
      const always = [
        { kind: 'retry' },
        { kind: 'resume' },
        { kind: 'hand-over', to: 'grace', reason },
        { kind: 'reroute', playbook: 'model-drift', reason },
        { kind: 'target-add', role: null, cluster: 'k', namespace: 'ml', name: 'x', reason },
        { kind: 'target-remove', cluster: 'k', namespace: 'ml', name: 'x', reason },
        { kind: 'cancel', reason },
        { kind: 'stand-down', reason },
      ] as const;
      expect(always.map(outcomeOf)).toEqual(always.map(() => 'admitted'));
    },
  );
});

describe('the server', () => {
  test('has each command that is shown', async () => {
    const given = createTestApi();
    await given.app.ready();
    const routes = given.app.routeAccess.map(({ method, url }) => `${method} ${url}`);
    for (const name of COMMAND_NAMES)
      expect(routes).toContain(`POST /api/v1/incidents/:id/${name}`);
    await given.app.close();
  });
});
