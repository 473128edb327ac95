import { ApplicationFailure } from '@temporalio/common';
import type { Activities, EffectFirst, OperationOutcome } from '../../activities/activity.ts';
import { ELSEWHERE } from '../../domain/credential.ts';
import type { Outcome } from '../../domain/incident.ts';
import { CONFIRM, findOperation, isEffect, type PinnedPlaybook } from '../../domain/playbook.ts';

/**
 * Outcomes of the first round of some operations; everything else succeeds. `asks`: people must approve it first;
 * `veto`: they may say no for a moment.
 */
export type Script = Readonly<Record<string, Outcome | 'asks' | 'veto'>>;

/** How long people may say no in a scripted run, in milliseconds. */
const VETO_MS = 20;

/** Activities that answer by a script: the workflow sees nothing but their answers, so its history is a true one. */
export function scriptedActivities(pinned: PinnedPlaybook, script: Script): Activities {
  const outcomeOf = (operation: string, round: number): OperationOutcome => {
    const told = round === 1 ? (script[operation] ?? 'succeeded') : 'succeeded';
    const outcome = told === 'asks' || told === 'veto' ? 'succeeded' : told;
    return { operation, round, outcome, reason: outcome === 'succeeded' ? null : 'scripted' };
  };
  const told = new Set<string>();
  const firstOf = (operation: string): EffectFirst | null => {
    if (script[operation] === 'asks') return { kind: 'approval', reason: 'scripted' };
    if (script[operation] !== 'veto' || told.has(operation)) return null;
    told.add(operation);
    return { kind: 'veto', until: new Date(Date.now() + VETO_MS).toISOString() };
  };
  const answers = new Map<string, 'approved' | 'rejected'>();
  let asked = 0;
  const loaded = {
    pinned,
    title: 'scripted',
    severity: 'sev2',
    model: 'm',
    owner: null,
    mode: 'auto',
    targetsResolved: true,
    paused: false,
    results: [],
    rounds: {},
    reopenings: 0,
    stepFacts: [],
  } as const;
  return {
    loadIncident: () => Promise.resolve(loaded),
    look: ({ operations }) => {
      const settled: OperationOutcome[] = [];
      for (const { name, round } of operations) {
        const outcome = outcomeOf(name, round);
        settled.push(outcome);
        if (outcome.outcome !== 'succeeded') break;
      }
      return Promise.resolve({ settled, pending: null });
    },
    act: ({ operation, round, stage }) => {
      const end = { ...outcomeOf(operation, round), blockedBy: null, conflict: false };
      const first = stage === 'run' ? firstOf(operation) : null;
      return Promise.resolve(first === null ? { ...end, holdMs: 20 } : { ...end, holdMs: 0, first });
    },
    runStretch: ({ stages }) => {
      const settled: OperationOutcome[] = [];
      for (const { operations, goesOn } of stages) {
        const free = operations.filter(({ name }) => firstOf(name) === null);
        const ends = free.map(({ name, round }) => outcomeOf(name, round));
        settled.push(...ends);
        // What people must approve or may veto is left open.
        if (free.length < operations.length) break;
        if (!goesOn && ends.some(({ outcome }) => outcome !== 'succeeded')) break;
      }
      return Promise.resolve({ settled, pending: [] });
    },
    requestApproval: ({ operation, round }) => {
      asked += 1;
      const approvalId = `apr_${asked.toString()}`;
      const rejected = round === 1 && script[operation] === 'failed';
      answers.set(approvalId, rejected ? 'rejected' : 'approved');
      return Promise.resolve({
        kind: 'open',
        approvalId,
        expiresAt: '2999-01-01T00:00:00.000Z',
        escalateAfterSeconds: 900,
      });
    },
    approvalStatus: ({ approvalId }) =>
      Promise.resolve({ status: answers.get(approvalId) ?? 'open', reason: null }),
    voidApproval: () => Promise.resolve(),
    confirmAlert: ({ round }) =>
      Promise.resolve({ settled: outcomeOf(CONFIRM, round) }),
    confirmStep: () => Promise.resolve({ outcome: 'succeeded', reason: null }),
    settleByPerson: ({ operation, round, how }) =>
      Promise.resolve({
        operation,
        round: round + 1,
        outcome: how === 'skip' ? 'skipped' : 'succeeded',
        reason: 'scripted',
      }),
    standDown: () => Promise.resolve({ outcome: 'succeeded', reverted: 1, failed: [] }),
    chooseTargets: () => Promise.resolve(loaded),
    record: () => Promise.resolve(),
    writePostmortem: () => Promise.resolve(),
    closeIncident: () => Promise.resolve({ kind: 'closed' }),
    watchContainments: () => Promise.resolve({ looked: 0, lapsed: 0 }),
    reconcile: () => Promise.resolve(),
    sync: () => Promise.resolve({ artifacts: 0, told: 0, problems: [] }),
  };
}

const APART = { startWithinMs: 10_000 };

/** What a process answers that has no credential but `read`: told with what it loads, or found out by the first effect. */
export function apartActivities(
  pinned: PinnedPlaybook,
  all: Activities,
  how: 'loaded' | 'found',
): Activities {
  const changes = (name: string): boolean => {
    const found = findOperation(pinned.playbook, name);
    return found !== undefined && isEffect(found.operation);
  };
  const elsewhere = (): Promise<never> =>
    Promise.reject(
      ApplicationFailure.create({ type: ELSEWHERE, nonRetryable: true, details: [APART] }),
    );
  return {
    ...all,
    loadIncident: async (input) => {
      const loaded = await all.loadIncident(input);
      return how === 'loaded' ? { ...loaded, apart: APART } : loaded;
    },
    act: elsewhere,
    runStretch: (input) => {
      const names = input.stages.flatMap(({ operations }) => operations.map(({ name }) => name));
      return names.some(changes) ? elsewhere() : all.runStretch(input);
    },
  };
}
