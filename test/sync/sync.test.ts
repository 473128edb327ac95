// Goal: a look records what changed and nothing twice, tells what is wrong once, reads no bytes twice, and takes
// silence for silence, never for an empty world. Method: the real connectors against twins of registry and cluster; the
// twins count requests; alerts are read where intake put them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { nodeId } from '../../domain/lineage.ts';
import { plannedOperation, openIncident, useStores } from '../../store/test-store.ts';
import { openSyncBench, type SyncBench } from './sync-bench.ts';

const stores = useStores();
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts/';
const MODEL = 'fraud-scorer';
const SERVER = 'registry.lab.test/server:3';

let bench: SyncBench;
let benches = 0;

beforeEach(async () => {
  benches += 1;
  // Findings know no instance that they could be kept apart by: each test begins without any.
  await stores.sql('delete from firebreak.finding');
  bench = await openSyncBench(stores.worker(), benches.toString());
  await bench.createModel(MODEL);
  await bench.register(MODEL, 'six');
  await bench.register(MODEL, 'seven!');
  await bench.moveAlias(MODEL, 'champion', '1');
  for (const version of ['1', '2']) await knowLineage(version);
  await bench.deploy(MODEL, SERVER, { MODEL_URI: `models:/${MODEL}/1`, DB_PASSWORD: 'hunter2' });
});
afterEach(() => bench.close());

async function knowLineage(version: string): Promise<void> {
  const id = nodeId.model(MODEL, version);
  const node = { kind: 'model', name: MODEL, version, digest: null, createdAt: null } as const;
  await stores.worker().lineage.merge([{ id, ...node, complete: true }], []);
}

/** Paths of the stored files that were read since a place in the ledger. */
function bytesRead(since = 0): readonly string[] {
  return bench.mlflow.ledger
    .slice(since)
    .filter(({ method, path }) => method === 'GET' && path.startsWith(ARTIFACTS))
    .map(({ path }) => path);
}

const alertRow = z.object({
  status: z.string(),
  title: z.string(),
  labels: z.record(z.string(), z.string()),
  incident: z.string().nullable(),
});

/** Alerts of the sync, in the order in which intake took them, about things of this bench. */
async function alerts(): Promise<readonly z.infer<typeof alertRow>[]> {
  const rows = await stores.sql(
    `select status, incoming -> 'alert' ->> 'title' as title, incoming -> 'alert' -> 'labels' as labels,
      incident_id as incident
    from firebreak.alert where source = 'firebreak-sync' and received_at >= $1 order by sequence`,
    [begun],
  );
  return z.array(alertRow).parse(rows);
}
let begun = new Date();
beforeEach(() => {
  begun = new Date();
});

async function kinds(): Promise<readonly string[]> {
  return (await alerts()).map(({ status, labels }) => `${labels['alertname'] ?? ''} ${status}`);
}

async function observed(kind: string): Promise<readonly unknown[]> {
  return stores.sql(
    `select subject, value, back_fill from firebreak.observation
    where kind = $1 and instance in ($2, $3) order by id`,
    [kind, bench.registryName, bench.clusterName],
  );
}

describe('a look', () => {
  test('records versions, aliases, bytes, inputs, serving objects and what they run, as back-fill', async () => {
    expect(await bench.look()).toEqual({ artifacts: 2, told: 0, problems: [] });
    expect(await observed('version')).toMatchObject([
      { subject: `${MODEL}/1`, back_fill: true },
      { subject: `${MODEL}/2`, back_fill: true },
    ]);
    expect(await observed('alias')).toMatchObject([
      { subject: `${MODEL}/champion`, value: { version: '1' }, back_fill: true },
    ]);
    const digest = /^[0-9a-f]{64}$/;
    expect(await observed('artifact')).toMatchObject([
      {
        value: { sha256: expect.stringMatching(digest), bytes: 3, problem: null },
        back_fill: true,
      },
      { value: { sha256: expect.stringMatching(digest), bytes: 6 }, back_fill: true },
    ]);
    expect(await observed('inputs')).toHaveLength(2);
    expect(await observed('serving')).toMatchObject([
      { subject: `ml/${MODEL}`, value: { references: [{ name: MODEL, version: '1' }] } },
    ]);
    expect(await observed('running')).toMatchObject([{ value: { versions: [{ version: '1' }] } }]);
    const all = await stores.sql('select value::text as value from firebreak.observation');
    expect(JSON.stringify(all)).not.toContain('hunter2');
  });

  test('again in an unchanged world records nothing, tells nothing and reads no byte', async () => {
    await bench.look();
    const rows = await stores.sql('select count(*)::int as count from firebreak.observation');
    const place = bench.mlflow.ledger.length;
    expect(await bench.look()).toMatchObject({ told: 0, problems: [] });
    expect(bytesRead(place)).toEqual([]);
    expect(await stores.sql('select count(*)::int as count from firebreak.observation')).toEqual(
      rows,
    );
    // One page of models, one of versions, and per version: where its files are, and two folders of names.
    expect(bench.mlflow.ledger.length - place).toBeLessThanOrEqual(8);
    await knowLineage('3');
    await bench.register(MODEL, 'eight');
    await bench.look();
    expect(bytesRead()).toHaveLength(3);
    expect(new Set(bytesRead()).size).toBe(3);
    expect((await observed('artifact')).at(-1)).toMatchObject({
      subject: `${MODEL}/3`,
      back_fill: false,
    });
    expect((await observed('version')).at(-1)).toMatchObject({ back_fill: false });
  });

  test('records of a sandbox what a drill will want to know, and tells nothing of it', async () => {
    await bench.close();
    bench = await openSyncBench(stores.worker(), `drill-${benches.toString()}`, { drill: true });
    await bench.createModel(MODEL);
    await bench.register(MODEL, 'six');
    // Served, and registered nowhere: of a real cluster it would be told.
    await bench.deploy('stray', SERVER, { MODEL_URI: 'models:/nobody/1' });
    expect(await bench.look()).toEqual({ artifacts: 1, told: 0, problems: [] });
    expect(await observed('artifact')).toHaveLength(1);
    expect(await observed('serving')).toHaveLength(1);
    expect(await alerts()).toEqual([]);
  });

  test('changes nothing outside', async () => {
    const place = bench.mlflow.ledger.length;
    const fingerprint = JSON.stringify(bench.kubernetes.fingerprint());
    await bench.look();
    expect(bench.mlflow.ledger.slice(place).filter(({ changed }) => changed)).toEqual([]);
    expect(JSON.stringify(bench.kubernetes.fingerprint())).toBe(fingerprint);
  });

  test('takes a registry that does not answer for silence: nothing is gone, nothing ends', async () => {
    await bench.deploy('shadow', SERVER, { MODEL_URI: 'models:/ghost/1' });
    await bench.look();
    expect(await kinds()).toEqual(['UnregisteredModelServing firing']);
    bench.mlflow.faults.add({ kind: 'reply', reply: { status: 503, body: '' } }, { times: 1_000 });
    const outcome = await bench.look();
    expect(outcome.problems).toEqual([expect.stringContaining(bench.registryName)]);
    expect(await observed('version')).toHaveLength(2);
    expect(await kinds()).toEqual(['UnregisteredModelServing firing']);
  });

  test('believes the registry itself, not its listing, that something is gone', async () => {
    await bench.look();
    const listing = /model-versions\/search/;
    bench.mlflow.faults.add(
      { kind: 'reply', reply: { status: 200, body: {} } },
      { matches: ({ path }) => listing.test(path), times: 1 },
    );
    await bench.look();
    expect(await observed('version')).toHaveLength(2);
    await bench.send('DELETE', 'mlflow/registered-models/alias', {
      name: MODEL,
      alias: 'champion',
    });
    await bench.look();
    expect((await observed('alias')).at(-1)).toMatchObject({ value: null });
  });
});

/** What goes wrong, what is told of it, and what makes it right again. */
interface Wrong {
  readonly name: string;
  readonly wrong: () => Promise<void>;
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly right: () => Promise<void>;
}

async function storedPath(version: string): Promise<string> {
  const reply = await bench.send(
    'GET',
    `mlflow/model-versions/get-download-uri?name=${MODEL}&version=${version}`,
  );
  const uri = z.object({ artifact_uri: z.string() }).parse(reply).artifact_uri;
  return `${uri.replace('mlflow-artifacts:/', '')}/model.bin`;
}

const WRONGS: readonly Wrong[] = [
  {
    name: 'a serving object names a model that no registry knows',
    wrong: () => bench.deploy('shadow', SERVER, { MODEL_URI: 'models:/ghost/1' }),
    alert: 'UnregisteredModelServing',
    labels: { deployment: 'shadow', namespace: 'ml', model: 'ghost' },
    right: () => bench.deploy('shadow', SERVER, { MODEL_URI: `models:/${MODEL}/1` }),
  },
  {
    name: 'a model server runs beside every registry',
    wrong: () => bench.deploy('shadow', 'docker.io/vllm/vllm-openai:v0.9', { HF_HOME: '/models' }),
    alert: 'UnregisteredModelServing',
    labels: { deployment: 'shadow' },
    right: async () => {
      await bench.cluster.send('DELETE', '/apis/apps/v1/namespaces/ml/deployments/shadow');
    },
  },
  {
    name: 'a serving object names a version that was never registered',
    wrong: () => bench.deploy('shadow', SERVER, { MODEL_URI: `models:/${MODEL}/99` }),
    alert: 'UnregisteredModelServing',
    labels: { deployment: 'shadow', model: MODEL },
    right: () => bench.deploy('shadow', SERVER, { MODEL_URI: `models:/${MODEL}/2` }),
  },
  {
    name: 'an alias moved and nobody said why',
    wrong: () => bench.moveAlias(MODEL, 'champion', '2'),
    alert: 'AliasMovedWithoutRecord',
    labels: { model: MODEL, alias: 'champion', version: '2' },
    right: async () => {
      const tag = { key: 'firebreak.dev/change.champion', value: '2 CHG-1234' };
      await bench.send('POST', 'mlflow/registered-models/set-tag', { name: MODEL, ...tag });
    },
  },
  {
    name: 'stored bytes were replaced in place',
    wrong: async () => {
      bench.mlflow.tamper(await storedPath('1'), Buffer.from('something else'));
    },
    alert: 'ModelArtifactChanged',
    labels: { model: MODEL, version: '1' },
    right: async () => {
      bench.mlflow.tamper(await storedPath('1'), Buffer.from('six'));
    },
  },
  {
    name: 'a version in use has no lineage',
    wrong: async () => {
      await stores.sql("delete from firebreak.lineage_node where version = '1'");
    },
    alert: 'LineageGap',
    labels: { model: MODEL, version: '1' },
    right: () => knowLineage('1'),
  },
];

describe('what is wrong', () => {
  test.each(WRONGS)('$name: told once, and once that it is over', async (one) => {
    await bench.look();
    expect(await kinds()).toEqual([]);
    await one.wrong();
    await bench.look();
    const [first, ...others] = await alerts();
    expect(others).toEqual([]);
    expect(first?.labels).toMatchObject({ alertname: one.alert, ...one.labels });
    // Ordinary: it was routed, and has an incident as everybody's alerts do.
    expect(first?.incident).toMatch(/^inc_/);
    await bench.look();
    expect(await kinds()).toEqual([`${one.alert} firing`]);
    await one.right();
    await bench.look();
    await bench.look();
    expect(await kinds()).toEqual([`${one.alert} firing`, `${one.alert} resolved`]);
  });

  test('no gap is told where nobody tells lineage', async () => {
    await stores.sql('delete from firebreak.lineage_node');
    await bench.look();
    expect(await kinds()).toEqual([]);
    await knowLineage('2');
    await bench.look();
    expect(await kinds()).toEqual(['LineageGap firing']);
  });

  test('two findings about one model are two incidents, each to be answered by itself', async () => {
    await bench.look();
    await bench.moveAlias(MODEL, 'champion', '2');
    await bench.deploy('shadow', SERVER, { MODEL_URI: `models:/${MODEL}/9` });
    await bench.look();
    const incidents = (await alerts()).map(({ incident }) => incident);
    expect(new Set(incidents).size).toBe(2);
  });

  test('a move with its change record is nothing to tell, one with the record of another version is', async () => {
    await bench.look();
    const tag = (value: string) => ({ name: MODEL, key: 'firebreak.dev/change.champion', value });
    await bench.send('POST', 'mlflow/registered-models/set-tag', tag('2 CHG-1'));
    await bench.moveAlias(MODEL, 'champion', '2');
    await bench.look();
    expect(await kinds()).toEqual([]);
    await bench.moveAlias(MODEL, 'champion', '1');
    await bench.look();
    expect(await kinds()).toEqual(['AliasMovedWithoutRecord firing']);
  });

  test('a move by an operation of ours is nothing to tell', async () => {
    await bench.look();
    const incidentId = await openIncident(stores.api(), `mover-${benches.toString()}`);
    const target = `${bench.registryName}/Alias/${MODEL}/champion`;
    const planned = plannedOperation({ incidentId, operation: 'restore-alias', target, round: 1 });
    const plan = { ...planned.plan, before: { version: '1' }, after: { version: '2' } };
    const row = await stores.worker().operations.insertPlanned({ ...planned, plan });
    await stores.worker().operations.beginAttempt(row, ['planned'], 'applying');
    await bench.moveAlias(MODEL, 'champion', '2');
    await bench.look();
    expect(await kinds()).toEqual([]);
  });

  test('what was there before the first look is no move', async () => {
    await bench.moveAlias(MODEL, 'champion', '2');
    await bench.look();
    expect(await kinds()).toEqual([]);
  });

  test('an end between telling and noting it tells nothing twice', async () => {
    await bench.look();
    await bench.moveAlias(MODEL, 'champion', '2');
    await bench.look();
    await stores.sql('update firebreak.finding set told = false');
    await bench.look();
    expect(await kinds()).toEqual(['AliasMovedWithoutRecord firing']);
  });
});
