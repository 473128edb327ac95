import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import type { Activities } from '../../activities/activity.ts';
import type { DecisionCommand } from '../../domain/decision.ts';
import type { PlaybookOperation } from '../../domain/playbook.ts';
import { digestOf } from '../../evidence/digest.ts';
import { decideUpdate, INCIDENT_WORKFLOW, type IncidentInput } from '../../workflows/messages.ts';
import {
  quietTemporalRuntime,
  temporalTestServerPath,
  unique,
  workflowBundlePath,
} from '../harness.ts';
import { scriptedActivities } from '../replay/scripted-activities.ts';
import { op, playbookOf } from './engine-operations.ts';

// Goal: every wait has an end, people are reminded ever more rarely, and a long run continues as new.
// Method: the real workflow on Temporal's time-skipping server, where hours pass at once.
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let environment: TestWorkflowEnvironment | null = null;

beforeAll(async () => {
  await quietTemporalRuntime();
  environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: temporalTestServerPath() } },
  });
});
afterAll(() => environment?.teardown());

interface Told {
  /** Milliseconds since the start. */
  readonly afterMs: number;
  readonly kind: string;
}

interface Timed {
  /** Facts that the run told, in order. */
  readonly told: readonly Told[];
  readonly calls: readonly string[];
  sleep(milliseconds: number): Promise<void>;
  decide(command: DecisionCommand): Promise<unknown>;
  /** How the first run ended. */
  ending(): Promise<string>;
}

/** Runs one incident of these operations; `changed` replaces activities of the script. */
async function timed(
  operations: readonly PlaybookOperation[],
  changed: (environment: TestWorkflowEnvironment) => Partial<Activities>,
  work: (run: Timed) => Promise<void>,
): Promise<void> {
  if (environment === null) throw new Error('no time-skipping server');
  const time = environment;
  const startedAt = await time.currentTimeMs();
  const told: Told[] = [];
  const calls: string[] = [];
  const playbook = playbookOf({ isolate: operations });
  const pinned = { playbook, digest: digestOf(playbook) };
  const scripted = { ...scriptedActivities(pinned, {}), ...changed(time) };
  const activities = Object.fromEntries(
    Object.entries(scripted).map(([name, activity]: [string, (input: never) => unknown]) => [
      name,
      (input: never) => {
        calls.push(name);
        for (const { kind, occurredAt } of carriedIn(input)) {
          told.push({ afterMs: Date.parse(occurredAt) - startedAt, kind });
        }
        return activity(input);
      },
    ]),
  );
  const taskQueue = unique('timed');
  const worker = await Worker.create({
    connection: time.nativeConnection,
    taskQueue,
    workflowBundle: { code: await readFile(await workflowBundlePath(), 'utf8') },
    activities,
  });
  await worker.runUntil(async () => {
    const input: IncidentInput = {
      incidentId: 'inc_timed',
      generation: 1,
      continueAsNewAfterEvents: 40,
      searchAttributes: false,
      carried: null,
    };
    const workflowId = unique('timed');
    const started = await time.client.workflow.start(INCIDENT_WORKFLOW, {
      taskQueue,
      workflowId,
      args: [input],
    });
    await work({
      told,
      calls,
      sleep: (milliseconds) => time.sleep(milliseconds),
      decide: (command) => {
        const id = unique('dec');
        const actor = { person: 'ada', name: 'Ada', roles: [], channel: 'api' } as const;
        const decidedAt = new Date().toISOString();
        const decision = { id, incidentId: 'inc_timed', command, actor, decidedAt } as const;
        return time.client.workflow.getHandle(workflowId).executeUpdate(decideUpdate, {
          updateId: id,
          args: [{ ...decision, signature: '', outcome: 'pending', reason: null }],
        });
      },
      ending: async () => {
        const first = time.client.workflow.getHandle(workflowId, started.firstExecutionRunId);
        return (await first.describe()).status.name;
      },
    });
    await time.client.workflow.getHandle(workflowId).terminate('the test is over');
  });
}

const carrying = z.object({
  carried: z.object({ facts: z.array(z.object({ kind: z.string(), occurredAt: z.string() })) }),
});

/** The facts that travel with an activity's input. */
function carriedIn(input: unknown): z.infer<typeof carrying>['carried']['facts'] {
  const parsed = carrying.safeParse(input);
  return parsed.success ? parsed.data.carried.facts : [];
}

function minutesOf(told: readonly Told[], kind: string): readonly number[] {
  return told
    .filter((one) => one.kind === kind)
    .map(({ afterMs }) => Math.round(afterMs / MINUTE_MS));
}

/** Asks for three hours, and reminds after a quarter of an hour. */
function asksForThreeHours(time: TestWorkflowEnvironment): Partial<Activities> {
  return {
    approvalStatus: () => Promise.resolve({ status: 'open', reason: null }),
    requestApproval: async () => ({
      kind: 'open',
      approvalId: 'apr_1',
      expiresAt: new Date((await time.currentTimeMs()) + 3 * HOUR_MS).toISOString(),
      escalateAfterSeconds: 15 * 60,
    }),
  };
}

describe('an approval that nobody answers', () => {
  test('reminds ever more rarely, expires, and holds the incident', async () => {
    const operations = [op.approval('go-back', [op.set('alias-back', 'alias', 6)])];
    await timed(operations, asksForThreeHours, async ({ told, calls, sleep }) => {
      await sleep(3 * HOUR_MS + MINUTE_MS);
      expect(minutesOf(told, 'approval.escalated')).toEqual([15, 45, 105]);
      expect(minutesOf(told, 'incident.held')).toEqual([180]);
      expect(calls).toContain('voidApproval');
      expect(calls).not.toContain('act');
    });
  });

  test('is called off by a cancel', async () => {
    const operations = [op.approval('go-back', [op.set('alias-back', 'alias', 6)])];
    await timed(operations, asksForThreeHours, async ({ told, calls, sleep, decide }) => {
      await sleep(MINUTE_MS);
      await decide({ kind: 'cancel', reason: 'false alarm' });
      await sleep(MINUTE_MS);
      expect(told.map(({ kind }) => kind)).toContain('incident.held');
      expect(calls).toContain('voidApproval');
      expect(calls).not.toContain('act');
    });
  });
});

describe('a held incident that nobody answers', () => {
  test('reminds after a quarter of an hour, then ever more rarely, at most daily', async () => {
    const failing = (): Partial<Activities> => ({
      look: ({ operations }) =>
        Promise.resolve({
          settled: operations.map(({ name, round }) => ({
            operation: name,
            round,
            outcome: 'failed' as const,
            reason: 'no',
          })),
          pending: null,
        }),
    });
    await timed([op.probe('no-share', 'share', 0)], failing, async ({ told, sleep }) => {
      await sleep(4 * 24 * HOUR_MS);
      const times = minutesOf(told, 'approval.escalated');
      expect(times.slice(0, 4)).toEqual([15, 45, 105, 225]);
      const gaps = times.slice(1).map((minute, index) => minute - (times[index] ?? 0));
      expect(Math.max(...gaps)).toBe(24 * 60);
    });
  });
});

describe('a target that another incident holds', () => {
  test('is waited for, told once, and becomes a person’s business after half an hour', async () => {
    const blocked = (): Partial<Activities> => ({
      requestApproval: () => Promise.resolve({ kind: 'blocked', by: 'inc_other' }),
    });
    const operations = [op.approval('go-back', [op.set('alias-back', 'alias', 6)])];
    await timed(operations, blocked, async ({ told, sleep }) => {
      await sleep(HOUR_MS);
      expect(minutesOf(told, 'claim.blocked')).toEqual([0]);
      expect(minutesOf(told, 'incident.held')).toEqual([30]);
    });
  });
});

describe('a long run', () => {
  test('continues as new between operations, and what is settled is not done again', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `drain-${index.toString()}`);
    const operations = names.map((name) => op.contain(name, name, 0));
    const done: string[] = [];
    const remembering = (): Partial<Activities> => ({
      act: ({ operation, round }) => {
        done.push(operation);
        const settled = { operation, round, outcome: 'succeeded' as const, reason: null };
        return Promise.resolve({ ...settled, blockedBy: null, conflict: false, holdMs: 0 });
      },
      loadIncident: async (input) => {
        const playbook = playbookOf({ isolate: operations });
        const pinned = { playbook, digest: digestOf(playbook) };
        const loaded = await scriptedActivities(pinned, {}).loadIncident(input);
        const results = done.map((operation) => ({
          operation,
          round: 1,
          outcome: 'succeeded' as const,
          reason: null,
        }));
        return { ...loaded, results };
      },
    });
    await timed(operations, remembering, async ({ calls, sleep, ending }) => {
      await sleep(MINUTE_MS);
      expect(done).toEqual(names);
      expect(await ending()).toBe('CONTINUED_AS_NEW');
      expect(calls.filter((name) => name === 'loadIncident').length).toBeGreaterThan(1);
      expect(calls.filter((name) => name === 'writePostmortem')).toHaveLength(1);
    });
  });
});
