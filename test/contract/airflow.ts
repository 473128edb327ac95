import { z } from 'zod';
import { type Json, parseJson } from '../../domain/json.ts';
import { createAirflowTwin, type AirflowTwin } from '../../lab/airflow/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-airflow-9c40d2';
const USERNAME = 'firebreak';
/** Its schedule is paused by the action. */
const RETRAIN = 'retrain';
/** Has a run that ended; paused, so that cleared tasks stay cleared. */
const NIGHTLY = 'nightly';
const RUN = 'nightly-1';
const TASKS = [
  { id: 'train', downstream: ['register'] },
  { id: 'register', downstream: [] },
];

type Send = (method: string, path: string, body?: Json) => Promise<Json>;

const tokenReply = z.object({ access_token: z.string() });

async function sender(url: string): Promise<Send> {
  const login = await fetch(`${url}/auth/token`, {
    method: 'POST',
    body: JSON.stringify({ username: USERNAME, password: CANARY }),
  });
  const { access_token: token } = tokenReply.parse(await login.json());
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/v2/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status.toString()}`);
    return parseJson(await response.text());
  };
}

async function seed(twin: AirflowTwin, send: Send): Promise<void> {
  await send('POST', `dags/${NIGHTLY}/dagRuns`, {
    dag_run_id: RUN,
    logical_date: null,
    conf: { dataset: 'payments' },
  });
  await twin.idle();
  await send('PATCH', `dags/${NIGHTLY}?update_mask=is_paused`, { is_paused: true });
}

const dagsReply = z.object({
  dags: z.array(z.looseObject({ dag_id: z.string(), is_paused: z.boolean() })),
});
const runsReply = z.object({
  dag_runs: z.array(z.looseObject({ dag_run_id: z.string(), conf: z.json() })),
});
const tasksReply = z.object({
  task_instances: z.array(
    z.looseObject({ task_id: z.string(), state: z.string().nullable(), try_number: z.int() }),
  ),
});

async function snapshot(twin: AirflowTwin, send: Send): Promise<Json> {
  const { dags } = dagsReply.parse(await send('GET', 'dags'));
  const { dag_runs: runs } = runsReply.parse(await send('GET', 'dags/~/dagRuns'));
  const path = `dags/${NIGHTLY}/dagRuns/${RUN}/taskInstances`;
  const { task_instances: tasks } = tasksReply.parse(await send('GET', path));
  return {
    dags: dags.map((dag) => [dag.dag_id, dag.is_paused]),
    runs: runs.map((run) => [run.dag_run_id, run.conf]),
    tasks: tasks.map((task) => [task.task_id, task.state, task.try_number]),
    // A task that is cleared twice looks like one that is cleared once: the ledger tells them apart.
    clears: twin.ledger.filter(
      (entry) => entry.changed && entry.path.endsWith('/clearTaskInstances'),
    ).length,
  };
}

/** Airflow: a DAG to pause and trigger, and one with a run to clear. */
export const fixture: ContractFixture = {
  connector: 'airflow',
  start: async () => {
    const twin = await createAirflowTwin({
      dags: [
        { id: RETRAIN, tasks: TASKS },
        { id: NIGHTLY, tasks: TASKS },
      ],
      username: USERNAME,
      password: CANARY,
    });
    const send = await sender(twin.url);
    await seed(twin, send);
    const look = (): Promise<Json> => snapshot(twin, send);
    return {
      config: { url: twin.url, username: USERNAME, password: CANARY },
      canary: CANARY,
      twin,
      actions: [
        // Paused or not: there is no third state to meddle with.
        { action: 'pause', input: { dag: RETRAIN, paused: true }, meddle: null, snapshot: look },
        {
          action: 'trigger',
          input: { dag: NIGHTLY, conf: { dataset: 'payments@v41' } },
          meddle: null,
          snapshot: look,
        },
        {
          action: 'clear',
          input: { dag: NIGHTLY, runId: RUN, tasks: ['train', 'register'] },
          // A second clear by somebody else leaves the tasks cleared: what holds cannot be undone.
          meddle: null,
          snapshot: look,
        },
      ],
      probes: [
        { probe: 'dag', input: { dag: RETRAIN } },
        { probe: 'run', input: { dag: NIGHTLY, runId: RUN } },
        {
          probe: 'task-instances',
          input: { dag: NIGHTLY, from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
        },
        { probe: 'declared-tasks', input: { dag: NIGHTLY } },
      ],
      stop: () => twin.close(),
    };
  },
};
