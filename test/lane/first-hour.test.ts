// Goal: from a cluster and a registry that nobody prepared to an observed plan, as a newcomer goes: draft, check, start, explain,
// send an alert, change the file. Method: the program itself against the lab's twins and a running Firebreak; whatever says that it
// only reads is held to that by the twins' ledgers and by a digest of every table.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { readConfigurationFile } from '../../app/config-file.ts';
import { configurationReferences, PLAYBOOKS_DIR } from '../../app/configuration-references.ts';
import { startFirebreak, type Firebreak } from '../../app/firebreak.ts';
import { createDemoPerson } from '../../cli/demo-person.ts';
import { cleanUp, run } from '../../cli/test-run.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { kubeconfigText } from '../../lab/kubernetes/kubeconfig-sample.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import type { SeededWorld } from '../../lab/scenario/scenario.ts';
import { withClient } from '../../store/test-database.ts';
import type { Closers } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { bundleOf, settingsOf, type Places } from '../crash/settings.ts';
import {
  freshDatabase,
  quietTemporalRuntime,
  temporalAddress,
  tempDir,
  unique,
  workflowBundlePath,
} from '../harness.ts';
import { changesOf } from './changes.ts';
import { factsOf, watch, type Attended } from './lane.ts';

const SET_UP_MAX_MS = 180_000;
const TEST_MAX_MS = 120_000;
const ALERT = {
  labels: { alertname: 'ModelDrift', model: 'fraud-scorer', version: '7', severity: 'critical' },
  annotations: { summary: 'The canary answers strangely.' },
};

const closers: Closers = [];
let folder: string;
let lab: Lab;
let databaseUrl: string;
let firebreak: Firebreak;
let people: Attended;
let world: SeededWorld;

const file = (name: string): string => join(folder, name);
const draft = (...more: readonly string[]): readonly string[] => [
  'init',
  ...['--kubeconfig', file('kubeconfig'), '--registry', lab.mlflow.url, '--output', folder],
  ...['--namespace', lab.story.namespace, ...more],
];

/** A command of an administrator. */
function command(args: readonly string[], token = firebreak.adminToken ?? '') {
  return run([...args, '--token', token], { url: firebreak.url });
}

/** A digest of every row of every table: equal when nothing was written in between. */
async function everyRow(): Promise<string> {
  const digest = `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest from`;
  const name = z.object({ name: z.string() });
  const row = z.object({ digest: z.string() });
  return withClient(databaseUrl, async (client) => {
    const tables = await client.query(
      "select tablename as name from pg_tables where schemaname = 'firebreak' order by 1",
    );
    const digests: string[] = [];
    for (const { name: table } of z.array(name).parse(tables.rows)) {
      const { rows } = await client.query(`${digest} firebreak.${table} t`);
      digests.push(`${table} ${z.tuple([row]).parse(rows)[0].digest}`);
    }
    return digests.join('\n');
  });
}

const read = async (): Promise<Configuration> =>
  readConfigurationFile(file('firebreak.yaml'), await configurationReferences({}));

beforeAll(async () => {
  await quietTemporalRuntime();
  lab = await startLab('poisoned-data');
  closers.push(() => lab.close());
  folder = await tempDir();
  await writeFile(file('kubeconfig'), kubeconfigText({ server: lab.kubernetes.url, user: {} }));
  await writeFile(file('alert.json'), JSON.stringify(ALERT));
  // The world before Firebreak: whatever lineage it tells is told to nobody.
  world = await lab.begin({
    alerts: { url: 'http://127.0.0.1:1', token: 'none' },
    emit: () => Promise.resolve(),
    look: () => Promise.resolve(),
  });
}, SET_UP_MAX_MS);

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await cleanUp();
});

describe('a draft', () => {
  test('is made by reading only, names what was found, and is a configuration', async () => {
    const { code, out } = await run(draft());
    expect({ code, changes: changesOf(lab) }).toEqual({ code: 0, changes: [] });
    expect(out).toContain('fraud-scorer (');
    const { instances, inventory, routes, sources } = await read();
    expect(instances.map(({ name }) => name)).toEqual(['kubernetes', 'mlflow']);
    expect(routes.map(({ mode }) => mode)).toEqual(['observe']);
    expect(inventory.map(({ model, confidence }) => [model, confidence])).toContainEqual([
      'fraud-scorer',
      expect.stringMatching(/^(medium|low)$/),
    ]);
    expect(sources.map(({ name }) => name)).toEqual(['alertmanager']);
    expect((await run(['config', 'validate', file('firebreak.yaml')])).code).toBe(0);
  });

  test('never takes the place of a file, unless it is forced', async () => {
    await writeFile(file('rbac-act.yaml'), 'mine');
    const before = await readFile(file('firebreak.yaml'), 'utf8');
    const refused = await run(draft());
    expect(refused.code).toBe(3);
    expect(refused.err).toContain('--force');
    expect(await readFile(file('rbac-act.yaml'), 'utf8')).toBe('mine');
    expect(await readFile(file('firebreak.yaml'), 'utf8')).toBe(before);
    expect((await run(draft('--force'))).code).toBe(0);
    expect(await readFile(file('rbac-act.yaml'), 'utf8')).toContain('kind: Role');
  });

  test.each([
    ['no kubeconfig', ['--kubeconfig', '/nowhere'], 2, 'cannot be read'],
    ['no registry', ['--registry', 'http://127.0.0.1:1'], 4, 'cannot be reached'],
    ['no address', ['--registry', 'mlflow'], 2, 'begins with http'],
  ])('of %s is refused with the reason', async (_name, args, ...expected) => {
    const { code, err } = await run(draft('--force', ...args));
    expect([code, err]).toEqual([expected[0], expect.stringContaining(expected[1])]);
  });
});

describe('a start on the draft', () => {
  beforeAll(async () => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    databaseUrl = database.url;
    const text = await readFile(file('firebreak.yaml'), 'utf8');
    await writeFile(
      file('firebreak.yaml'),
      text.replace(/confidence: (medium|low)/, 'confidence: high'),
    );
    const places: Places = {
      dataDir: await tempDir(),
      databaseUrl,
      temporalAddress: temporalAddress(),
      taskQueue: unique('first-hour'),
      playbooksDir: PLAYBOOKS_DIR,
      configuration: await read(),
      bundlePath: await workflowBundlePath(),
    };
    const bundle = await bundleOf(places);
    firebreak = await startFirebreak({
      ...settingsOf(places, 'all'),
      bundle,
      readConfiguration: read,
    });
    closers.push(() => firebreak.stop());
    await makeOurBuildCurrent(places);
    const owner = createDemoPerson(firebreak.url, firebreak.adminToken ?? '');
    people = { owner, approvers: [], world };
  }, SET_UP_MAX_MS);

  test(
    'explains an alert from its source to its plan, and writes nothing anywhere',
    async () => {
      const before = await everyRow();
      const args = ['route', 'explain', file('alert.json'), '--source', 'alertmanager', '--plan'];
      const { code, out } = await command(args);
      expect(code).toBe(0);
      for (const words of [
        'source alertmanager, is new',
        'would open a new incident',
        'route model-alerts: playbook model-drift, observe, sev3',
        'model-label on fraud-scorer',
        'plan (nothing was written)',
        'isolate',
      ]) {
        expect(out).toContain(words);
      }
      expect((await command(['targets', 'explain', file('alert.json')])).out).toContain('✓');
      expect(await everyRow()).toBe(before);
      expect(changesOf(lab)).toEqual([]);
      // The digest sees a single row.
      await command(['user', 'add', 'witness', '--name', 'Witness', '--role', 'viewer']);
      expect(await everyRow()).not.toBe(before);
    },
    TEST_MAX_MS,
  );

  test('an unknown source, and a viewer who wants a plan, are refused', async () => {
    const unknown = await command(['route', 'explain', file('alert.json'), '--source', 'nobody']);
    expect(unknown.err).toContain('There is no source nobody: alertmanager');
  });

  test(
    'observes what is sent: plans that it would have made, and no change at any system',
    async () => {
      const token = await readFile(file('alertmanager-token'), 'utf8');
      const sent = await command([
        ...['alert', 'send', '--sample', '--model', 'fraud-scorer'],
        ...['--source', 'alertmanager', '--source-token', token],
      ]);
      expect([sent.code, sent.err]).toEqual([0, '']);
      const { incident } = await watch(people, (_, facts) =>
        facts.some(({ kind }) => kind === 'operation.would-have'),
      );
      expect((await factsOf(people, incident.id)).length).toBeGreaterThan(3);
      expect(changesOf(lab)).toEqual([]);
      const again = await command(['route', 'explain', file('alert.json')]);
      expect(again.out).toContain(`would join the open incident ${incident.id}`);
    },
    TEST_MAX_MS,
  );

  test('takes a changed file without a restart, and refuses a wrong one whole', async () => {
    const text = await readFile(file('firebreak.yaml'), 'utf8');
    await writeFile(file('firebreak.yaml'), text.replace('name: model-alerts', 'name: all-models'));
    expect((await command(['config', 'reload'])).out).toBe('In force now: routes.\n');
    const wrong = text.replace('playbook: model-drift', 'playbook: model-drif');
    await writeFile(file('firebreak.yaml'), wrong);
    const refused = await command(['config', 'reload']);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("Did you mean 'model-drift'?");
    await writeFile(file('firebreak.yaml'), text.replace('connector: mlflow', 'connector: loki'));
    const restart = await command(['config', 'reload']);
    expect([restart.code, restart.out]).toEqual([
      3,
      'Nothing was changed: instances changed and need a restart.\n',
    ]);
    expect((await command(['route', 'explain', file('alert.json')])).out).toContain('all-models');
    const viewer = await command(['config', 'reload'], 'fb_nobody');
    expect(viewer.code).toBe(3);
  });

  test('once a route asks, raising it further takes two people, by the CLI as by the API', async () => {
    const tokens = new Map<string, string>();
    const create = (person: string): string[] => [
      ...['token', 'create', person, '--label', 'laptop'],
      ...['--scopes', 'read,decide', '--expires', '1d'],
    ];
    for (const [id, role] of [
      ['mona', 'approver-model-owner'],
      ['sam', 'approver-security'],
      ['rex', 'responder'],
    ] as const) {
      expect((await command(['user', 'add', id, '--name', id, '--role', role])).code).toBe(0);
      const { out } = await command(create(id));
      tokens.set(id, out.trim());
    }
    const text = await readFile(file('firebreak.yaml'), 'utf8');
    const asks = text
      .replace('connector: loki', 'connector: mlflow')
      .replace('mode: observe', 'mode: ask');
    await writeFile(file('firebreak.yaml'), asks);
    expect((await command(['config', 'reload'])).out).toBe('In force now: routes.\n');
    await writeFile(file('firebreak.yaml'), asks.replace('mode: ask', 'mode: auto'));
    const { out } = await command(['config', 'reload']);
    const [id = ''] = /chg_\w+/.exec(out) ?? [];
    expect(out).toBe(`Two people must approve the rest (${id}): see firebreak config changes.\n`);
    const shown = (await command(['config', 'changes'])).out;
    expect(shown).toContain('mode: "ask" → "auto"');
    const [, digest = ''] = /digest: (\w+)/.exec(shown) ?? [];
    const approve = ['config', 'approve', id, '--digest', digest];
    for (const token of [firebreak.adminToken ?? '', tokens.get('rex')]) {
      expect((await command(approve, token)).code).toBe(3);
    }
    expect((await command(approve, tokens.get('mona'))).code).toBe(0);
    expect((await command(approve, tokens.get('sam'))).out).toContain('approved by: mona, sam');
    // Its time has not come; until then anyone who responds can stop it.
    const explained = await command(['route', 'explain', file('alert.json')]);
    expect(explained.out).toContain(', ask, ');
    const reject = ['config', 'reject', id, '--digest', digest, '--reason', 'a freeze'];
    expect((await command(reject, tokens.get('rex'))).out).toContain('rejected: rex rejected it');
    const more = await command(['user', 'add', 'eve', '--name', 'Eve', '--role', 'admin']);
    expect(more.out).toMatch(/^Two people must approve this \(chg_/);
    const again = await command(create('sam'));
    expect(again.err).toContain('It approves nothing');
    const doctor = await command(['doctor', '--config', file('firebreak.yaml')]);
    expect(doctor.out).toContain('BAD rules: revision');
  });

  test('the doctor names each system, its version and its rights', async () => {
    await run(draft('--force'));
    const args = ['doctor', '--config', file('firebreak.yaml'), '--data-dir', folder, '--json'];
    const { out } = await run(args, { url: firebreak.url });
    const finding = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });
    const { checks } = z.object({ checks: z.array(finding) }).parse(JSON.parse(out));
    const of = (name: string) => checks.find((one) => one.name === name);
    expect(of('system kubernetes')).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/version v1\./),
    });
    expect(of('system mlflow')?.ok).toBe(true);
    expect(of('clock')).toMatchObject({ ok: true, detail: expect.stringContaining('agrees') });
    expect(of('server')).toMatchObject({ ok: true });
    expect(of('onIsolation')?.detail).toContain('not said for');
  });
});
