import { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { newFact } from '../domain/fact.ts';
import { workflowIdOf, type Incident } from '../domain/incident.ts';
import type { Store } from '../store/tables.ts';
import type { WorkflowBundle } from '../worker/bundle.ts';
import type { EngineClient } from './engine-client.ts';

/** Takes over incidents whose build has no worker any more: a pinned run without pollers hangs without an error. */
export interface Adopter {
  /** True when the run was moved to this build, or replaced by the next generation. */
  adopt(incident: Incident, buildId: string | null): Promise<boolean>;
}

/** What an adopter works on. */
export interface AdopterDependencies {
  readonly store: Store;
  readonly engine: EngineClient;
  readonly bundle: WorkflowBundle;
  /** True when every other build is an old one, whether it still polls or not. */
  readonly replacesOthers: boolean;
  readonly log: Logger;
}

/** Workflow task queue, and the override that pins: numbers of the API's enums. */
const WORKFLOW_QUEUE = 1;
const PINNED_OVERRIDE = 1;

/** An adopter for this build. */
export function createAdopter(deps: AdopterDependencies): Adopter {
  return {
    adopt: async (incident, buildId) => {
      const { bundle } = deps;
      if (buildId === null || buildId === bundle.buildId) return false;
      if (!deps.replacesOthers && (await hasPollers(deps, buildId))) return false;
      if (await replays(deps, incident)) await moveHere(deps, incident);
      else await replace(deps, incident);
      return true;
    },
  };
}

async function hasPollers(deps: AdopterDependencies, buildId: string): Promise<boolean> {
  const { client, namespace, taskQueue } = deps.engine;
  const described = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum lives in the proto package, which is not ours to import.
    taskQueueType: WORKFLOW_QUEUE,
  });
  return described.pollers.some(({ deploymentOptions }) => deploymentOptions?.buildId === buildId);
}

/** True when the run's history replays on this bundle. */
async function replays(deps: AdopterDependencies, incident: Incident): Promise<boolean> {
  const workflowId = workflowIdOf(incident.id, incident.generation);
  const history = await deps.engine.client.workflow.getHandle(workflowId).fetchHistory();
  try {
    const workflowBundle = { code: deps.bundle.code };
    await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    return true;
  } catch (error) {
    deps.log.warn({ incident: incident.id, error: String(error) }, 'history does not replay here');
    return false;
  }
}

async function moveHere(deps: AdopterDependencies, incident: Incident): Promise<void> {
  const { client, namespace, taskQueue } = deps.engine;
  await client.workflowService.updateWorkflowExecutionOptions({
    namespace,
    workflowExecution: { workflowId: workflowIdOf(incident.id, incident.generation) },
    workflowExecutionOptions: {
      versioningOverride: {
        pinned: {
          // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- as above.
          behavior: PINNED_OVERRIDE,
          version: { deploymentName: taskQueue, buildId: deps.bundle.buildId },
        },
      },
    },
    updateMask: { paths: ['versioning_override'] },
  });
  await state(deps, incident, `Adopted by build ${deps.bundle.buildId}: its history replays here.`);
}

async function replace(deps: AdopterDependencies, incident: Incident): Promise<void> {
  const reason = `build ${deps.bundle.buildId} cannot replay it: resumed from Postgres`;
  await deps.engine.terminate(incident.id, incident.generation, reason);
  await deps.store.incidents.nextGeneration(incident.id, incident.generation);
  await state(
    deps,
    incident,
    `Resumed from Postgres: build ${deps.bundle.buildId} cannot replay it.`,
  );
}

async function state(
  deps: AdopterDependencies,
  incident: Incident,
  summary: string,
): Promise<void> {
  const generation = incident.generation.toString();
  await deps.store.facts.append(incident.id, [
    newFact({
      key: `incident/adopted/g${generation}/${deps.bundle.buildId}`,
      kind: 'incident.resumed',
      summary,
      data: { buildId: deps.bundle.buildId },
    }),
  ]);
}
