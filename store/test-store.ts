import { afterAll, beforeAll } from '@jest/globals';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { NewFact } from '../domain/fact.ts';
import { newFact } from '../domain/fact.ts';
import type { OperationKey } from '../domain/operation.ts';
import { createStore } from './database.ts';
import { createTestDatabase, withClient } from './test-database.ts';
import { delivery } from './test-delivery.ts';
import type { Store } from './tables.ts';
import type { OperationTable } from './operation-table.ts';

/** The stores of one test file: each role over one fresh database. */
export interface TestStores {
  readonly url: () => string;
  readonly owner: () => Store;
  readonly api: () => Store;
  readonly worker: () => Store;
  /** Runs SQL as the login, past every role. */
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<readonly unknown[]>;
  /** Length of an incident's chain when every link and its head hold, else -1. */
  readonly chainLength: (incidentId: string) => Promise<number>;
}

const CHAIN_LENGTH = `select case when bool_and(
    f.hash = firebreak.fact_hash(f.incident_id, f.sequence, f.recorded_at, f.key, f.previous_hash, f.body)
    and f.sequence = f.n and f.previous_hash = coalesce(f.last, decode(repeat('00', 32), 'hex'))
    and f.recorded_at >= coalesce(f.earlier, 'epoch')
  ) and max(f.sequence) = max(h.sequence) then count(*) else -1 end::int as length
  from (select *, row_number() over w as n, lag(hash) over w as last, lag(recorded_at) over w as earlier
    from firebreak.fact where incident_id = $1 window w as (order by sequence)) f
  join firebreak.fact_head h on h.incident_id = f.incident_id`;

const POOL_SIZE = 12;

/** Opens the stores before the tests of the calling file and drops the database after them. */
export function useStores(): TestStores {
  let url = '';
  const stores = new Map<'owner' | 'api' | 'worker', Store>();
  let drop: () => Promise<void> = () => Promise.resolve();
  beforeAll(async () => {
    const database = await createTestDatabase();
    ({ url } = database);
    drop = () => database.drop();
    for (const role of ['owner', 'api', 'worker'] as const) {
      stores.set(role, await createStore({ databaseUrl: url, role, poolSize: POOL_SIZE }));
    }
  });
  afterAll(async () => {
    await Promise.all([...stores.values()].map((store) => store.close()));
    await drop();
  });
  const storeOf = (role: 'owner' | 'api' | 'worker'): Store => {
    const store = stores.get(role);
    if (store === undefined) throw new AppError('internal', 'The store is not open yet.');
    return store;
  };
  const sql: TestStores['sql'] = (text, values = []) =>
    withClient(url, async (client) => {
      const result = await client.query<Record<string, unknown>>(text, [...values]);
      return result.rows;
    });
  return {
    url: () => url,
    owner: () => storeOf('owner'),
    api: () => storeOf('api'),
    worker: () => storeOf('worker'),
    sql,
    chainLength: async (incidentId) => {
      const rows = await sql(CHAIN_LENGTH, [incidentId]);
      return z.tuple([z.object({ length: z.number() })]).parse(rows)[0].length;
    },
  };
}

/** Opens an incident by an alert of its own and answers its id. */
export async function openIncident(api: Store, name: string): Promise<string> {
  const [receipts] = await api.alerts.accept([delivery({ name, incidentKey: `key-${name}` })]);
  const id = receipts?.[0]?.incidentId ?? null;
  if (id === null) throw new AppError('internal', 'The alert opened no incident.');
  return id;
}

/** A small fact. */
export function note(key: string, text = `About ${key}`): NewFact {
  return newFact({ key, kind: 'incident.note', summary: text });
}

/** A planned operation on a target, as activities write it. */
export function plannedOperation(
  key: OperationKey,
  containment = true,
  drill = false,
): Parameters<OperationTable['insertPlanned']>[0] {
  return {
    ...key,
    step: 'isolate',
    use: 'kubernetes.scale',
    instance: 'kubernetes',
    input: { replicas: 0 },
    approvalClass: 'R1',
    approvalId: null,
    containment,
    drill,
    generation: 1,
    plan: {
      summary: 'Scale to 0.',
      targets: ['Deployment/fraud/scorer', 'HorizontalPodAutoscaler/fraud/scorer'],
      before: { replicas: 3 },
      after: { replicas: 0 },
      token: null,
      undo: 'Scale to 3.',
    },
    planDigest: 'd'.repeat(64),
    leaseUntil: null,
  };
}
