import { z } from 'zod';
import {
  actionManifest,
  type ActionManifest,
  type Manifest,
  type ProbeManifest,
} from '../connector.ts';
import { httpAccessConfig } from '../http-access-config.ts';

/**
 * Configuration of one Airflow 3 API server; `username` and `password` get a token from `POST /auth/token`, renewed when
 * it expires.
 */
export const airflowConfig = httpAccessConfig;
/** That configuration, parsed. */
export type AirflowConfig = z.infer<typeof airflowConfig>;

const dagId = z
  .string()
  .max(250)
  .regex(/^[\p{L}\p{N}_.-]+$/u, 'is not a DAG id');
const runId = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^/\p{Cc}]+$/u, 'is not a run id');
const taskId = z
  .string()
  .max(250)
  .regex(/^[\p{L}\p{N}_.-]+$/u, 'is not a task id');

const dagInput = z.strictObject({ dag: dagId });
const runInput = z.strictObject({ dag: dagId, runId });
const taskInstancesInput = z.strictObject({
  dag: dagId,
  /** Window, inclusive, RFC 3339: runs that were alive in it. */
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
});
const pauseInput = z.strictObject({ dag: dagId, paused: z.boolean() });
const triggerInput = z.strictObject({
  dag: dagId,
  conf: z.record(z.string().min(1).max(250), z.json()).default({}),
});
const clearInput = z.strictObject({
  dag: dagId,
  runId,
  /** Named one by one: clearing a whole run is never a default. */
  tasks: z.array(taskId).min(1).max(100),
});

/** Input of `Dag`. */
export type DagInput = z.infer<typeof dagInput>;
/** Input of `Run`. */
export type RunInput = z.infer<typeof runInput>;
/** Input of `TaskInstances`. */
export type TaskInstancesInput = z.infer<typeof taskInstancesInput>;
/** Input of `Pause`. */
export type PauseInput = z.infer<typeof pauseInput>;
/** Input of `Trigger`. */
export type TriggerInput = z.infer<typeof triggerInput>;
/** Input of `Clear`. */
export type ClearInput = z.infer<typeof clearInput>;

/** Probe `dag`: whether a DAG exists, is paused, and which code it is. */
export const dagManifest: ProbeManifest<DagInput> = {
  title: 'A DAG: paused or not, and its code',
  input: dagInput,
};

/** Probe `run`: one DAG run. */
export const runManifest: ProbeManifest<RunInput> = { title: 'One DAG run', input: runInput };

/** Probe `task-instances`: what a DAG executed in a window. */
export const taskInstancesManifest: ProbeManifest<TaskInstancesInput> = {
  title: 'Runs and task instances of a DAG in a window',
  input: taskInstancesInput,
};

/** Probe `declared-tasks`: the tasks that the DAG's code declares. */
export const declaredTasksManifest: ProbeManifest<DagInput> = {
  title: 'Tasks that a DAG declares',
  input: dagInput,
};

/** Action `pause`: stop or resume a DAG's schedule. */
export const pauseManifest: ActionManifest<PauseInput> = {
  title: 'Pause or unpause a DAG',
  input: pauseInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: 'nothing',
  target: (input) => `Dag/-/${input.dag}`,
};

/** Action `trigger`: start one run, at most once per key. */
export const triggerManifest: ActionManifest<TriggerInput> = {
  title: 'Trigger a DAG run',
  input: triggerInput,
  approvalClass: 'R3',
  claim: 'exclusive',
  reversible: { because: 'What a run has done cannot be taken back by ending the run.' },
  destroys: { what: 'what the run writes over' },
  target: (input) => `DagRun/-/${input.dag}`,
};

/** Action `clear`: run named tasks of a run again. */
export const clearManifest: ActionManifest<ClearInput> = {
  title: 'Clear task instances so that they run again',
  input: clearInput,
  approvalClass: 'R2',
  claim: 'exclusive',
  reversible: { because: 'A task that ran again cannot be made not to have run.' },
  destroys: { what: 'what the tasks wrote before, where they write again' },
  target: (input) => `DagRun/-/${input.dag}`,
};

/** What the Airflow connector offers. */
export const manifest: Manifest = {
  name: 'airflow',
  title: 'Apache Airflow 3',
  lastResort: ['airflow users delete --username {username}'],
  config: airflowConfig,
  actions: {
    pause: actionManifest(pauseManifest),
    trigger: actionManifest(triggerManifest),
    clear: actionManifest(clearManifest),
  },
  probes: {
    dag: dagManifest,
    run: runManifest,
    'task-instances': taskInstancesManifest,
    'declared-tasks': declaredTasksManifest,
  },
};
