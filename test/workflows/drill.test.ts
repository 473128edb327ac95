// Goal: no effect and no look crosses the wall between drills and what is real, in either direction, also when a row says
// so or an instance has changed sides since. Method: rows planted in the real tables, two worlds that count writes, and the
// guard, the effect and the probe as activities call them.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { effectContext } from '../../activities/effect.ts';
import { contextOf } from '../../activities/evaluation.ts';
import { guard, type EffectClaim } from '../../activities/guard.ts';
import { runEffect } from '../../activities/plan-apply-verify.ts';
import { readProbe } from '../../activities/read-probe.ts';
import { loadInstances } from '../../app/connector-instances.ts';
import type { ConnectorModule } from '../../connectors/connector.ts';
import { DEFAULT_CAPS } from '../../domain/cap.ts';
import { AppError } from '../../domain/error.ts';
import { digestOf } from '../../evidence/digest.ts';
import { CREDENTIALS } from '../../domain/credential.ts';
import type { Incident } from '../../domain/incident.ts';
import type { OperationRow } from '../../domain/operation.ts';
import { createStore } from '../../store/database.ts';
import type { TestDatabase } from '../../store/test-database.ts';
import type { Store } from '../../store/tables.ts';
import { freshDatabase, unique } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import { createIncidents } from './engine-incidents.ts';
import { playbookOf } from './engine-operations.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let api: Store;
let worker: Store;

beforeAll(async () => {
  database = await freshDatabase();
  api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 2 });
  worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 8 });
});
afterAll(async () => {
  await api.close();
  await worker.close();
  await database.drop();
});

const ATTEMPT = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  scheduledAt: new Date(),
};
const INPUT = { name: 'canary', value: 0 };

/** A sandbox and a production whose numbers are the same. */
let worlds: { readonly sandbox: World; readonly prod: World };
let deps: ActivityDependencies;

function moduleOf(): ConnectorModule {
  const place = z.object({ world: z.enum(['sandbox', 'prod']) });
  return {
    manifest: {
      ...{ name: 'world', title: 'A world', lastResort: [], actions: {}, probes: {} },
      config: place,
    },
    load: () =>
      Promise.resolve({ create: (config) => worlds[place.parse(config).world].connector }),
  };
}

/** What activities are given when these instances are of drills. */
async function depsWith(drills: readonly string[]): Promise<ActivityDependencies> {
  const unused = (): never => {
    throw new Error('not used here');
  };
  const connectors = await loadInstances(
    [moduleOf()],
    ['sandbox', 'prod'].map((name) => ({
      ...{ name, connector: 'world', holdSeconds: 0, config: { world: name } },
      drill: drills.includes(name),
    })),
  );
  return {
    ...{ store: worker, connectors, evidenceFiles: { put: unused, get: unused } },
    ...{ inventory: () => [], caps: () => DEFAULT_CAPS, rules: steadyRules(), playbooks: () => [] },
    ...{ verifySignature: () => false, haltFile: () => Promise.resolve(null) },
    ...{ serves: new Set(CREDENTIALS), startWithinMs: 1, now: () => new Date(), newId: unique },
    ...{ channels: { slack: false, mail: false }, baseUrl: '', reconcile: unused, sync: unused },
  };
}

beforeEach(async () => {
  worlds = { sandbox: createWorld({ canary: 1 }), prod: createWorld({ canary: 1 }) };
  deps = await depsWith(['sandbox']);
});

function written(): readonly string[] {
  return [...worlds.sandbox.writes, ...worlds.prod.writes];
}

/** An incident with a row on an instance, planned and claimed as if nothing had stood in the way. */
async function planted(
  drill: boolean,
  instance: string,
): Promise<{ readonly incident: Incident; readonly row: OperationRow }> {
  const incident = await createIncidents({ api, worker }).open({ drill });
  const target = `${instance}/Value/-/${unique('canary')}`;
  await worker.claims.take({ incidentId: incident.id, targets: [target], mode: 'shared' });
  const row = await worker.operations.insertPlanned({
    ...{ incidentId: incident.id, operation: 'drain', target, round: 1, step: 'isolate' },
    ...{ use: 'world.contain', instance, input: INPUT, approvalClass: 'R1', approvalId: null },
    ...{ drill, containment: true, generation: 1, planDigest: 'd'.repeat(64), leaseUntil: null },
    plan: {
      ...{ summary: 'Set.', targets: [], token: null, undo: 'Set back.' },
      ...{ before: { value: 1 }, after: { value: 0 } },
    },
  });
  return { incident, row };
}

function claimOf(row: OperationRow): EffectClaim {
  return {
    ...{ key: row, generation: 1, fence: row.fence, approvalId: null, digest: row.planDigest },
    ...{ listedAs: row.operation, needsApproval: false, ensures: false },
  };
}

const refused = expect.objectContaining({ code: 'refused' });

describe.each([
  {
    who: 'a drill on production',
    drill: true,
    instance: 'prod',
    reason: 'a drill does not reach prod, which is real',
  },
  {
    who: 'a real incident on a sandbox',
    drill: false,
    instance: 'sandbox',
    reason: 'only drills reach sandbox',
  },
] as const)('$who', ({ drill, instance, reason }) => {
  test('is refused by the guard, before a write that got past everything else', async () => {
    const { row } = await planted(drill, instance);
    await expect(guard(deps, claimOf(row))).rejects.toMatchObject({
      ...{ code: 'refused', details: { reason } },
    });
    const context = effectContext(deps, ATTEMPT, claimOf(row));
    const action = worlds[instance].connector.actions['contain'];
    await expect(action?.apply(row.input, row.plan, context)).rejects.toEqual(refused);
    expect(written()).toEqual([]);
  });

  test('ends refused as an effect, and says why', async () => {
    const { incident, row } = await planted(drill, instance);
    const end = await runEffect(deps, ATTEMPT, { row, generation: 1, round: 1 });
    expect(end).toMatchObject({ outcome: 'failed', row: { state: 'refused', drill } });
    const facts = await createIncidents({ api, worker }).facts(incident);
    expect(facts.at(-1)).toMatchObject({ kind: 'operation.refused' });
    expect(facts.at(-1)?.summary).toContain(reason);
    expect(written()).toEqual([]);
  });

  test('gets no answer from a probe: nobody is asked', async () => {
    const { incident } = await planted(drill, instance);
    worlds[instance].failures.push({
      ...{ verb: 'probe', error: new AppError('internal', 'It was asked.'), afterEffect: false },
    });
    const call = { use: 'world.value', instance, with: { name: 'canary' } };
    const playbook = playbookOf({});
    const pinned = { playbook, digest: digestOf(playbook) };
    const context = contextOf({ incident, pinned, results: [], now: new Date() });
    await expect(readProbe({ deps, attempt: ATTEMPT, incident }, call, context)).rejects.toEqual(
      refused,
    );
    expect(worlds[instance].failures).toHaveLength(1);
  });
});

test.each([
  ['a drill', true, 'sandbox'],
  ['a real incident', false, 'prod'],
] as const)('%s acts on its own side', async (_, drill, instance) => {
  const { row } = await planted(drill, instance);
  await guard(deps, claimOf(row));
  const end = await runEffect(deps, ATTEMPT, { row, generation: 1, round: 1 });
  expect(end.outcome).toBe('succeeded');
  expect(worlds[instance].writes).toEqual(['canary=0']);
  expect(written()).toHaveLength(1);
});

test('a sandbox that became real is out of reach at the very next write', async () => {
  const { row } = await planted(true, 'sandbox');
  await guard(deps, claimOf(row));
  const later = await depsWith([]);
  await expect(guard(later, claimOf(row))).rejects.toEqual(refused);
});
