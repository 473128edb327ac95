import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type ConnectionOptions,
} from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { Decision } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { workflowIdOf, type Incident } from '../domain/incident.ts';
import {
  decideUpdate,
  INCIDENT_WORKFLOW,
  wakeSignal,
  type DecisionAnswer,
  type IncidentInput,
} from '../workflows/messages.ts';

/** How long a decision may wait for a worker before the relay tries again, in milliseconds. */
const UPDATE_WITHIN_MS = 10_000;
const CALL_WITHIN_MS = 10_000;
/** History events after which a run continues as new. */
export const CONTINUE_AS_NEW_AFTER_EVENTS = 4_000;

/** How a run stands in Temporal. */
export type RunState = 'running' | 'ended' | 'completed' | 'missing';

/** What a described run says. */
export interface DescribedRun {
  readonly state: RunState;
  /** Build that the run is pinned to; null when it is not versioned. */
  readonly buildId: string | null;
  readonly runId: string | null;
}

/** Temporal as the relay and the reconciler need it: every call bounded, errors in our codes. */
export interface EngineClient {
  readonly client: Client;
  readonly namespace: string;
  /** Queue of our workflows and activities; also the name of our worker deployment. */
  readonly taskQueue: string;
  /** UUID of the namespace: another one is another server. */
  namespaceId(): Promise<string>;
  /** Starts a generation; one that is there already is success. */
  start(incident: Incident): Promise<void>;
  /** Wakes a run; false when there is none. */
  wake(incident: Incident): Promise<boolean>;
  /** Delivers a decision; null when there is no run. Raises `unavailable` when no worker took it in time. */
  decide(incident: Incident, decision: Decision): Promise<DecisionAnswer | null>;
  describe(incidentId: string, generation: number): Promise<DescribedRun>;
  /** True when this run was made by a reset: it began with the history of another. */
  wasReset(incidentId: string, generation: number, runId: string): Promise<boolean>;
  terminate(incidentId: string, generation: number, reason: string): Promise<void>;
  /** True when some process asked this queue for activities lately. */
  isPolled(taskQueue: string): Promise<boolean>;
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

function unavailable(error: unknown): AppError {
  return new AppError('unavailable', 'Temporal does not answer.', { cause: error });
}

const MODEL = defineSearchAttributeKey('Model', 'KEYWORD');
const PLAYBOOK = defineSearchAttributeKey('Playbook', 'KEYWORD');
const SEVERITY = defineSearchAttributeKey('Severity', 'KEYWORD');
const STATE = defineSearchAttributeKey('IncidentState', 'KEYWORD');

function attributesOf(incident: Incident): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: PLAYBOOK, value: incident.playbookName },
    { key: SEVERITY, value: incident.severity },
    { key: STATE, value: 'open' },
    ...(incident.model === null ? [] : [{ key: MODEL, value: incident.model }]),
  ]);
}

/** What every call to Temporal goes through. */
interface Door {
  readonly client: Client;
  readonly taskQueue: string;
  readonly searchAttributes: boolean;
  /** Ends the work with an error when it takes longer. */
  within<T>(work: () => Promise<T>, ms?: number): Promise<T>;
}

type Handle = ReturnType<Client['workflow']['getHandle']>;

function handleOf({ client }: Door, incidentId: string, generation: number): Handle {
  return client.workflow.getHandle(workflowIdOf(incidentId, generation));
}

async function start(door: Door, incident: Incident): Promise<void> {
  const { client, taskQueue, searchAttributes } = door;
  const { id, generation } = incident;
  const input: IncidentInput = {
    incidentId: id,
    generation,
    continueAsNewAfterEvents: CONTINUE_AS_NEW_AFTER_EVENTS,
    searchAttributes,
    carried: null,
    lean: true,
  };
  try {
    await door.within(() =>
      client.workflow.start(INCIDENT_WORKFLOW, {
        taskQueue,
        workflowId: workflowIdOf(id, generation),
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [input],
        staticSummary: `#${incident.number.toString()} ${incident.title}`.slice(0, 200),
        ...(searchAttributes ? { typedSearchAttributes: attributesOf(incident) } : {}),
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    throw unavailable(error);
  }
}

async function wake(door: Door, { id, generation }: Incident): Promise<boolean> {
  try {
    await door.within(() => handleOf(door, id, generation).signal(wakeSignal));
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw unavailable(error);
  }
}

async function decide(
  door: Door,
  { id, generation }: Incident,
  decision: Decision,
): Promise<DecisionAnswer | null> {
  const update: { updateId: string; args: [Decision] } = {
    updateId: decision.id,
    args: [decision],
  };
  try {
    return await door.within(
      () => handleOf(door, id, generation).executeUpdate(decideUpdate, update),
      UPDATE_WITHIN_MS,
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      return { outcome: 'refused', reason: error.cause?.message ?? error.message };
    }
    if (error instanceof WorkflowNotFoundError) return null;
    throw unavailable(error);
  }
}

async function describeRun(door: Door, handle: Handle): Promise<DescribedRun> {
  try {
    const description = await door.within(() => handle.describe());
    const version = description.raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion;
    const names = { RUNNING: 'running', COMPLETED: 'completed' } as const;
    const { name } = description.status;
    return {
      state: name === 'RUNNING' || name === 'COMPLETED' ? names[name] : 'ended',
      buildId: version?.buildId ?? null,
      runId: description.runId,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { state: 'missing', buildId: null, runId: null };
    throw unavailable(error);
  }
}

/** A poll lasts a minute, and what polled stays listed for five. */
const POLLED_WITHIN_MS = 75_000;
/** Activity task queue: a number of the API's enum. */
const ACTIVITY_QUEUE = 2;

async function isPolled(door: Door, name: string): Promise<boolean> {
  const { client } = door;
  const { namespace } = client.options;
  try {
    const { pollers } = await door.within(() =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name },
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum lives in the proto package, which is not ours to import.
        taskQueueType: ACTIVITY_QUEUE,
      }),
    );
    const since = Date.now() - POLLED_WITHIN_MS;
    return pollers.some(
      ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > since,
    );
  } catch (error) {
    throw unavailable(error);
  }
}

/** True when the namespace knows our search attributes, and we may ask: without them incidents run all the same. */
async function knowsAttributes(connection: Connection, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + CALL_WITHIN_MS, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    return [MODEL, PLAYBOOK, SEVERITY, STATE].every(({ name }) => name in customAttributes);
  } catch {
    // A server that does not tell (Temporal Cloud) is asked for none.
    return false;
  }
}

/** Connects to Temporal. Raises `unavailable` when it does not answer. */
export async function connectEngine(options: {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
}): Promise<EngineClient> {
  const { namespace, taskQueue } = options;
  const connection = await Connection.connect(options.connection).catch((error: unknown) => {
    throw unavailable(error);
  });
  const { workflowService } = connection;
  const client = new Client({ connection, namespace });
  const within: Door['within'] = (work, ms = CALL_WITHIN_MS) =>
    connection.withDeadline(Date.now() + ms, work);
  const searchAttributes = await knowsAttributes(connection, namespace);
  const door: Door = { client, taskQueue, searchAttributes, within };
  return {
    client,
    namespace,
    taskQueue,
    start: (incident) => start(door, incident),
    wake: (incident) => wake(door, incident),
    decide: (incident, decision) => decide(door, incident, decision),
    describe: (incidentId, generation) => describeRun(door, handleOf(door, incidentId, generation)),
    namespaceId: async () => {
      const { namespaceInfo } = await within(() =>
        workflowService.describeNamespace({ namespace }),
      );
      return namespaceInfo?.id ?? '';
    },
    wasReset: async (incidentId, generation, runId) => {
      const { history } = await within(() =>
        workflowService.getWorkflowExecutionHistory({
          namespace,
          execution: { workflowId: workflowIdOf(incidentId, generation), runId },
          maximumPageSize: 1,
        }),
      );
      const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      return (started?.originalExecutionRunId ?? runId) !== runId;
    },
    terminate: async (incidentId, generation, reason) => {
      await within(() => handleOf(door, incidentId, generation).terminate(reason));
    },
    isPolled: (queue) => isPolled(door, queue),
    ready: async () => {
      try {
        await within(() => workflowService.getSystemInfo({}), 2_000);
        return true;
      } catch {
        return false;
      }
    },
    close: () => connection.close(),
  };
}
