import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { newFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import { toAppError } from '../domain/error.ts';
import type { Store } from '../store/tables.ts';
import type { Adopter } from './adoption.ts';
import type { EngineClient } from './engine-client.ts';
import type { OurNamespace } from './namespace.ts';
import { startedKey } from './relay.ts';

/** Open incidents compared in one round. */
const INCIDENTS_MAX = 1_000;
/** Runs remembered as begun by ourselves, so that each is asked about once. */
const RUNS_MAX = 10_000;
/** How soon a round that could not look at every incident is followed by another. */
const AGAIN_MS = 500;

/** What a round did: numbers of incidents. */
export interface Round {
  /** Moved to this build, begun again, or marked stuck. */
  readonly touched: number;
  /** Not compared, since a server did not answer or is not ours: a later round must look at them. */
  readonly left: number;
}

/** Compares what Postgres holds open with what Temporal runs, and heals what can be healed. */
export interface Reconciler {
  /** One round; what it could not look at is left, and said in the log. */
  reconcile(): Promise<Round>;
}

/** What a reconciler works on. */
export interface ReconcilerDependencies {
  readonly store: Pick<Store, 'transaction'> & {
    readonly incidents: Pick<Store['incidents'], 'unfinished' | 'nextGeneration'>;
    readonly settings: Pick<Store['settings'], 'get'>;
  };
  readonly engine: Pick<EngineClient, 'describe' | 'terminate' | 'wasReset'>;
  readonly adopter: Adopter;
  readonly namespace: OurNamespace;
  readonly log: Logger;
}

/** A reconciler: by `describe`, never by list, since lists lag. */
export function createReconciler(deps: ReconcilerDependencies): Reconciler {
  const ownRuns = new Set<string>();
  return {
    reconcile: async () => {
      // NotFound on a foreign namespace means nothing.
      const ours = await deps.namespace.look();
      const open = await deps.store.incidents.unfinished(INCIDENTS_MAX);
      if (!ours) return { touched: 0, left: open.length };
      let touched = 0;
      let left = 0;
      for (const incident of open) {
        try {
          if (await compare(deps, incident, ownRuns)) touched += 1;
        } catch (error) {
          left += 1;
          deps.log.warn({ incident: incident.id }, `not reconciled: ${toAppError(error).message}`);
        }
      }
      return { touched, left };
    },
  };
}

/** Rounds until one has looked at every open incident, or `withinMs` have passed; touched are those of all rounds. */
export async function reconcileAll(reconciler: Reconciler, withinMs: number): Promise<Round> {
  const until = Date.now() + withinMs;
  let touched = 0;
  for (;;) {
    const round = await reconciler.reconcile();
    touched += round.touched;
    if (round.left === 0 || Date.now() >= until) return { touched, left: round.left };
    await setTimeout(AGAIN_MS);
  }
}

/** True when the incident had to be touched. */
async function compare(
  deps: ReconcilerDependencies,
  incident: Incident,
  ownRuns: Set<string>,
): Promise<boolean> {
  const { store, engine } = deps;
  const { id, generation } = incident;
  if (incident.state === 'stuck') return false;
  const run = await engine.describe(id, generation);
  // A run that is there needs no note of its start; without one, no run may mean that it was not started yet.
  const noted = await store.settings.get(startedKey(id, generation));
  if (run.state !== 'running' && noted !== true) return false;
  switch (run.state) {
    case 'running':
      return (
        (await endReset(deps, { incident, runId: run.runId, ownRuns })) ||
        deps.adopter.adopt(incident, run.buildId)
      );
    case 'missing':
      deps.log.warn({ incident: id }, 'Temporal lost this run: starting the next generation');
      return (await store.incidents.nextGeneration(id, generation)) !== null;
    case 'ended':
    case 'completed':
      await markStuck(deps, incident);
      return true;
  }
}

/** Ends a run that somebody reset, so that nothing moves until a person resumes; true when it was one. */
async function endReset(
  deps: ReconcilerDependencies,
  found: {
    readonly incident: Incident;
    readonly runId: string | null;
    readonly ownRuns: Set<string>;
  },
): Promise<boolean> {
  const { incident, runId, ownRuns } = found;
  const { id, generation } = incident;
  if (runId === null || ownRuns.has(runId)) return false;
  if (await deps.engine.wasReset(id, generation, runId)) {
    await deps.engine.terminate(id, generation, 'reset outside of Firebreak');
    await markStuck(deps, incident);
    return true;
  }
  if (ownRuns.size >= RUNS_MAX) ownRuns.clear();
  ownRuns.add(runId);
  return false;
}

async function markStuck(deps: ReconcilerDependencies, incident: Incident): Promise<void> {
  const reason = 'its run was ended or reset outside of Firebreak: a person must resume it';
  await deps.store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incident.id);
    const unchanged = locked.generation === incident.generation;
    if (!unchanged || locked.state === 'closed' || locked.state === 'stuck') return;
    await tables.incidents.change(incident.id, {
      state: 'stuck',
      stateReason: reason,
      owner: locked.owner ?? 'on-call',
    });
    await tables.facts.append(incident.id, [
      newFact({
        key: `incident/stuck/g${incident.generation.toString()}`,
        kind: 'incident.stuck',
        summary: `Stuck: ${reason}`,
      }),
    ]);
  });
}
