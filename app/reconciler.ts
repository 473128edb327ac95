import type { Logger } from 'pino';
import { newFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import { toAppError } from '../domain/error.ts';
import type { Store } from '../store/tables.ts';
import type { Adopter } from './adoption.ts';
import type { EngineClient } from './engine-client.ts';
import { startedKey } from './relay.ts';

/** Open incidents compared in one round. */
const INCIDENTS_MAX = 1_000;
const NAMESPACE_SETTING = 'temporal-namespace-id';

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
  readonly log: Logger;
}

/** A reconciler: by `describe`, never by list, since lists lag. */
export function createReconciler(deps: ReconcilerDependencies): Reconciler {
  return {
    reconcile: async () => {
      if (!(await isOurNamespace(deps))) return 0;
      let touched = 0;
      for (const incident of await deps.store.incidents.unfinished(INCIDENTS_MAX)) {
        try {
          if (await compare(deps, incident)) touched += 1;
        } catch (error) {
          deps.log.warn({ incident: incident.id }, `not reconciled: ${toAppError(error).message}`);
        }
      }
      return touched;
    },
  };
}

/** A foreign namespace knows nothing of our runs: NotFound there means nothing, so everything holds. */
async function isOurNamespace(deps: ReconcilerDependencies): Promise<boolean> {
  const id = await deps.engine.namespaceId();
  const known = await deps.store.settings.putIfAbsent(NAMESPACE_SETTING, id);
  if (known === id) return true;
  deps.log.error(
    { namespace: deps.engine.namespace },
    'this Temporal namespace is not the one that runs our incidents: nothing is restarted',
  );
  return false;
}

/** True when the incident had to be touched. */
async function compare(deps: ReconcilerDependencies, incident: Incident): Promise<boolean> {
  const { store, engine } = deps;
  const { id, generation } = incident;
  const started = await store.settings.get(startedKey(id, generation));
  if (started !== true || incident.state === 'stuck') return false;
  const run = await engine.describe(id, generation);
  switch (run.state) {
    case 'running':
      return deps.adopter.adopt(incident, run.buildId);
    case 'missing':
      deps.log.warn({ incident: id }, 'Temporal lost this run: starting the next generation');
      return (await store.incidents.nextGeneration(id, generation)) !== null;
    case 'ended':
    case 'completed':
      await markStuck(deps, incident);
      return true;
  }
}

async function markStuck(deps: ReconcilerDependencies, incident: Incident): Promise<void> {
  const reason = 'its run was ended outside of Firebreak: a person must resume it';
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

/** Records which namespace runs our incidents, once the database is new. */
export async function recordNamespace(store: Store, engine: EngineClient): Promise<void> {
  await store.settings.putIfAbsent(NAMESPACE_SETTING, await engine.namespaceId());
}
