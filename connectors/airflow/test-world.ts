import type { Json } from '../../domain/json.ts';
import {
  createAirflowTwin,
  type AirflowTwin,
  type AirflowTwinOptions,
} from '../../lab/airflow/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { AnyAction, Connector, ProbeReply } from '../connector.ts';
import { actionOf, probeOf, readingContext } from '../test-connector.ts';
import { create } from './index.ts';

/** The login of every twin. */
export const USER = { username: 'firebreak', password: 'canary-password' };
/** The one DAG, of three tasks in a row. */
export const DAG = 'retrain';
/** The tasks of `DAG`. */
export const TASKS = [
  { id: 'extract', downstream: ['train'] },
  { id: 'train', downstream: ['register'] },
  { id: 'register', downstream: [] },
];

/** A twin, a connector on it, and what tests ask of both. */
export interface World {
  readonly twin: AirflowTwin;
  readonly airflow: Connector;
  action(name: string): AnyAction;
  probe(name: string, input: Json): Promise<ProbeReply>;
  /** Requests so far that changed something. */
  changes(): number;
}

/** What is closed behind each test. */
export const closers = closersAfterEach();

/** A twin with `DAG` and a connector on it, both closed behind the test. */
export async function world(options: Partial<AirflowTwinOptions> = {}): Promise<World> {
  const twin = await createAirflowTwin({ dags: [{ id: DAG, tasks: TASKS }], ...USER, ...options });
  closers.push(() => twin.close());
  const airflow = create({ url: twin.url, ...USER });
  closers.push(() => airflow.close());
  return {
    twin,
    airflow,
    action: (name) => actionOf(airflow, name),
    probe: (name, input) => probeOf(airflow, name).read(input, readingContext()),
    changes: () => twin.ledger.filter((entry) => entry.changed).length,
  };
}
