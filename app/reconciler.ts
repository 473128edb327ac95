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

/** Compares what Postgres holds open with what Temporal runs, and heals what can be healed. */
export interface Reconciler {
  /** One round; answers how many incidents it had to touch. */
  reconcile(): Promise<number>;
}

/** What a reconciler works on. */
export interface ReconcilerDependencies {
  readonly store: Store;
  readonly engine: EngineClient;
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
      if (!(await deps.namespace.look())) return 0;
      let touched = 0;
      for (const incident of await deps.store.incidents.unfinished(INCIDENTS_MAX)) {
        try {
          if (await compare(deps, incident, ownRuns)) touched += 1;
        } catch (error) {
          deps.log.warn({ incident: incident.id }, `not reconciled: ${toAppError(error).message}`);
        }
      }
      return touched;
    },
  };
}

/** True when the incident had to be touched. */
async function compare(
  deps: ReconcilerDependencies,
  incident: Incident,
  ownRuns: Set<string>,
): Promise<boolean> {
  const { store, engine } = deps;
  const { id, generation } = incident;
  const started = await store.settings.get(startedKey(id, generation));
  if (started !== true || incident.state === 'stuck') return false;
  const run = await engine.describe(id, generation);
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
