// Goal: a version is proven only by what we recorded before the compromise, nothing unproven is chosen by the engine, and
// two people may choose it with exactly the gaps that they saw. Method: the real choice on real rows, with a registry of
// one model whose bytes a test replaces; people answer through the API's admission.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { chooseKnownGoodVersion } from '../../activities/choose-known-good.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { contextOf } from '../../activities/evaluation.ts';
import type { Looking, Sight } from '../../activities/sight.ts';
import { admitDecision } from '../../api/admission.ts';
import { defineProbe, type AnyProbe, type Connector } from '../../connectors/connector.ts';
import type { Approval } from '../../domain/approval.ts';
import { DEFAULT_CAPS } from '../../domain/cap.ts';
import { CREDENTIALS } from '../../domain/credential.ts';
import type { Incident } from '../../domain/incident.ts';
import type { JsonObject } from '../../domain/json.ts';
import { nodeId } from '../../domain/lineage.ts';
import { subjectOf } from '../../domain/observation.ts';
import type { KnownGoodOperation } from '../../domain/playbook.ts';
import { digestOf } from '../../evidence/digest.ts';
import { createStore } from '../../store/database.ts';
import type { TestDatabase } from '../../store/test-database.ts';
import { withClient } from '../../store/test-database.ts';
import type { Store } from '../../store/tables.ts';
import { freshDatabase } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import { createIncidents } from './engine-incidents.ts';
import { playbookOf } from './engine-operations.ts';
import { createTestKey } from '../../app/test-key.ts';
import { admissionOver, createPeople } from './engine-people.ts';
import { SCOPES } from '../../domain/scope.ts';

const MODEL = 'm';
const SUSPECT = nodeId.model(MODEL, '7');
const key = createTestKey();

let database: TestDatabase;
let api: Store;
let worker: Store;
/** SHA-256 of the bytes of each version as the registry serves them now. */
let bytes: Map<string, string>;
let instance: string;
let benches = 0;

beforeAll(async () => {
  database = await freshDatabase();
  api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 8 });
  await createPeople({ api, worker }, key);
});
afterAll(async () => {
  await api.close();
  await worker.close();
  await database.drop();
});

beforeEach(async () => {
  benches += 1;
  instance = `registry-${benches.toString()}`;
  bytes = new Map([
    ['5', 'five'],
    ['6', 'six'],
    ['7', 'seven'],
  ]);
  await withClient(database.url, (client) => client.query('delete from firebreak.lineage_node'));
  await worker.lineage.merge(
    [...bytes.keys()].map((version) => ({
      id: nodeId.model(MODEL, version),
      kind: 'model' as const,
      name: MODEL,
      version,
      digest: null,
      createdAt: null,
      complete: true,
    })),
    [],
  );
});

/** The look of the night before at the bytes of some versions. */
async function recorded(...versions: readonly string[]): Promise<void> {
  await worker.observations.record(
    { instance, kind: 'artifact' },
    versions.map((version) => ({
      subject: subjectOf.version(MODEL, version),
      value: { sha256: bytes.get(version) ?? null },
      validFrom: null,
      backFill: true,
    })),
  );
}

function registry(): Connector {
  const probe = (value: (version: string) => JsonObject): AnyProbe =>
    defineProbe({
      manifest: { title: 'a read', input: z.object({ version: z.string() }) },
      read: ({ version }) => Promise.resolve({ value: value(version), truncated: false }),
    });
  const listed = [...bytes.keys()].map((version) => ({ version, createdAt: null, digest: null }));
  return {
    name: 'registry',
    actions: {},
    probes: {
      versions: probe(() => ({ versions: listed })),
      digest: probe((version) => ({ sha256: bytes.get(version) ?? null })),
    },
    health: () => Promise.resolve({ reachable: true, version: null, missing: [], problem: null }),
    close: () => Promise.resolve(),
  };
}

function depsOf(): ActivityDependencies {
  const found = { name: instance, drill: false, holdMs: 0, connector: registry() };
  const unused = (): never => {
    throw new Error('not used by this choice');
  };
  return {
    store: worker,
    connectors: { of: () => ({ find: () => found, named: () => found }) },
    evidenceFiles: { put: unused, get: unused },
    inventory: () => [],
    caps: () => DEFAULT_CAPS,
    rules: steadyRules(),
    playbooks: () => [],
    verifySignature: key.verify,
    haltFile: unused,
    serves: new Set(CREDENTIALS),
    startWithinMs: 15_000,
    now: () => new Date(),
    newId: (prefix) => `${prefix}_${randomUUID()}`,
    channels: { slack: false, mail: true },
    baseUrl: 'http://127.0.0.1',
    reconcile: unused,
    sync: unused,
  };
}

const OPERATION: KnownGoodOperation = {
  kind: 'known-good',
  name: 'known-good',
  title: 'Newest version that the evidence clears',
  when: null,
  onFailure: 'hold',
  lineage: 'blast-radius',
  versions: { use: 'registry.versions', instance: null, with: { version: '' } },
  digest: { use: 'registry.digest', instance: null, with: { version: '${{ each.version }}' } },
};

async function choose(incident: Incident, round = 1): Promise<Sight & { value: JsonObject }> {
  const playbook = playbookOf({});
  const pinned = { playbook, digest: digestOf(playbook) };
  const now = new Date();
  const context = contextOf({ incident, pinned, results: [], now });
  const results = { 'blast-radius': { suspect: SUSPECT } };
  const attempt = {
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    scheduledAt: now,
  };
  const looking: Looking<KnownGoodOperation> = {
    deps: depsOf(),
    ...{ attempt, incident, round },
    step: 'revert',
    operation: OPERATION,
    since: now.toISOString(),
    context: { ...context, results },
  };
  const sight = await chooseKnownGoodVersion(looking);
  return { ...sight, value: z.record(z.string(), z.json()).parse(sight.value) };
}

function open(mode: Incident['mode'] = 'auto'): Promise<Incident> {
  return createIncidents({ api, worker }).open({ mode, by: 'linus' });
}

async function asked(incident: Incident): Promise<readonly Approval[]> {
  const { items } = await worker.approvals.list(
    { status: null, incidentId: incident.id },
    { cursor: null, limit: 10 },
  );
  return items;
}

async function answer(approval: Approval, person: string, kind: 'approve' | 'reject') {
  const who = await api.people.get(person);
  if (!who) throw new Error(`no person ${person}`);
  const { id: approvalId, planDigest } = approval;
  const command =
    kind === 'approve'
      ? { kind, approvalId, planDigest }
      : { kind, approvalId, planDigest, reason: 'too old' };
  await admitDecision(admissionOver(api, key), {
    decisionId: `dec_${randomUUID()}`,
    command,
    incidentId: approval.incidentId,
    actor: { person, name: person, roles: who.roles, channel: 'api' },
    caller: { person: who, canApprove: true, scopes: SCOPES },
  });
}

describe('what was recorded', () => {
  test('before the incident proves the newest version outside the blast radius', async () => {
    await recorded('5', '6', '7');
    const { outcome, value } = await choose(await open());
    expect(outcome).toBe('succeeded');
    expect(value).toMatchObject({ status: 'proven', version: '6', missing: [], chosenBy: [] });
  });

  test('afterwards proves nothing, and nothing is chosen', async () => {
    const incident = await open();
    await recorded('5', '6', '7');
    const { outcome, value } = await choose(incident);
    expect(outcome).toBe('inconclusive');
    expect(value).toMatchObject({
      status: 'unproven',
      version: null,
      unproven: [
        { candidate: '6', missing: [expect.stringContaining('before')] },
        { candidate: '5' },
      ],
    });
  });

  test('before the incident convicts bytes that were replaced since, whatever was recorded later', async () => {
    await recorded('5', '6', '7');
    const incident = await open();
    bytes.set('6', 'replaced');
    await recorded('6');
    const { value } = await choose(incident);
    expect(value).toMatchObject({ status: 'proven', version: '5' });
    expect(value['rejected']).toMatchObject([
      { candidate: '7', code: 'in_blast_radius' },
      { candidate: '6', code: 'digest_mismatch' },
    ]);
  });

  test('counts from the suspect on, when that is older than the alert', async () => {
    const [created] = [new Date().toISOString()];
    await recorded('5', '6', '7');
    const node = {
      kind: 'model',
      name: MODEL,
      version: '7',
      digest: null,
      complete: true,
    } as const;
    await worker.lineage.merge([{ id: SUSPECT, ...node, createdAt: created }], []);
    const { value } = await choose(await open());
    expect(value).toMatchObject({ status: 'unproven', windowStart: created });
  });
});

describe('two people', () => {
  test('are asked once about the newest candidate, and their choice is taken with its gaps', async () => {
    const incident = await open();
    const first = await choose(incident);
    await choose(incident, 2);
    const [approval, ...others] = await asked(incident);
    if (!approval) throw new Error('nobody was asked');
    expect(others).toEqual([]);
    expect(first.reason).toContain(approval.id);
    expect(approval).toMatchObject({ approvalClass: 'R3', quorum: { people: 2 } });
    expect(approval.plans[0]?.summary).toContain('No digest of it is on record.');
    await answer(approval, 'ada', 'approve');
    expect((await choose(incident, 3)).outcome).toBe('inconclusive');
    await answer(approval, 'grace', 'approve');
    const { outcome, value, facts } = await choose(incident, 4);
    expect(outcome).toBe('succeeded');
    expect(value).toMatchObject({
      status: 'unproven',
      version: '6',
      chosenBy: ['ada', 'grace'],
      missing: ['No digest of it is on record.'],
    });
    expect(facts[0]?.summary).toContain('ada and grace');
  });

  test('chose bytes: others need another answer', async () => {
    const incident = await open();
    await choose(incident);
    const [approval] = await asked(incident);
    if (!approval) throw new Error('nobody was asked');
    await answer(approval, 'ada', 'approve');
    await answer(approval, 'grace', 'approve');
    bytes.set('6', 'replaced');
    expect((await choose(incident, 2)).value).toMatchObject({ version: null });
    expect(await asked(incident)).toHaveLength(2);
  });

  test('who forge their signatures choose nothing', async () => {
    const incident = await open();
    await choose(incident);
    const [approval] = await asked(incident);
    if (!approval) throw new Error('nobody was asked');
    await answer(approval, 'ada', 'approve');
    await answer(approval, 'grace', 'approve');
    await withClient(database.url, async (client) => {
      await client.query('alter table firebreak.decision disable trigger user');
      await client.query('update firebreak.decision set signature = $1', ['Zm9yZ2Vk']);
      await client.query('alter table firebreak.decision enable trigger user');
    });
    expect((await choose(incident, 2)).value).toMatchObject({ version: null, chosenBy: [] });
  });

  test('who reject one candidate are asked about the next', async () => {
    const incident = await open();
    await choose(incident);
    const [approval] = await asked(incident);
    if (!approval) throw new Error('nobody was asked');
    await answer(approval, 'ada', 'reject');
    await choose(incident, 2);
    const [next] = await asked(incident);
    expect(next?.plans[0]?.target).toBe(nodeId.model(MODEL, '5'));
  });

  test('are not asked while an incident only observes', async () => {
    const incident = await open('observe');
    expect((await choose(incident)).value).toMatchObject({ status: 'unproven', version: null });
    expect(await asked(incident)).toEqual([]);
  });
});
