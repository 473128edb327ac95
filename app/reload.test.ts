// Goal: a configuration is put in force whole or not at all while the process runs. Method: a real database, the shipped
// playbooks, and a reader that gives one changed configuration after another.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import type { WebhookRequest } from '../api/dependencies.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { IncomingAlert } from '../domain/alert.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import { createStore } from '../store/database.ts';
import type { Store } from '../store/tables.ts';
import { freshDatabase, unique } from '../test/harness.ts';
import { readConfiguration } from './config-file.ts';
import { configurationReferences, PLAYBOOKS_DIR } from './configuration-references.ts';
import type { Live } from './live.ts';
import { createReload } from './reload.ts';
import { installRules, type InstalledRules } from './rules/install.ts';
import { createTestKey } from './test-key.ts';
import { SCOPES } from '../domain/scope.ts';

const FILE = `sources:
  - name: prod
    kind: alertmanager
    authentication: { kind: bearer, tokenSha256: [${sha256Hex('token-of-prod')}] }
inventory:
  - { model: fraud, registryName: fraud, load: baked-image, replicas: 3, owner: ml }
routes:
  - { name: drift, when: alert.labels.alertname == 'Drift', playbook: model-drift }
people:
  - { id: ada, name: Ada, roles: [approver-security] }
  - { id: bob, name: Bob, roles: [responder] }
`;

const ALERT: IncomingAlert = {
  alert: {
    source: 'prod',
    status: 'firing',
    fingerprint: 'f'.repeat(64),
    startsAt: '2026-11-22T10:00:00.000Z',
    endsAt: null,
    title: 'It drifts',
    labels: { alertname: 'Drift', model: 'scores' },
    annotations: {},
    details: {},
  },
  dedupeKey: 'd'.repeat(64),
};

let database: Awaited<ReturnType<typeof freshDatabase>>;
let store: Store;
let parse: (text: string) => Configuration;
let worker: Store;
let rules: InstalledRules;
let live: Live;
let next: () => Configuration;
let reload: ReturnType<typeof createReload>;

beforeAll(async () => {
  const references = await configurationReferences({});
  parse = (text) => readConfiguration(text, 'firebreak.yaml', references);
});
afterEach(async () => {
  await store.close();
  await worker.close();
  await database.drop();
});

beforeEach(async () => {
  const configuration = parse(FILE);
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(PLAYBOOKS_DIR, manifests);
  database = await freshDatabase();
  const { url: databaseUrl } = database;
  store = await createStore({ databaseUrl, role: 'api', poolSize: 2 });
  worker = await createStore({ databaseUrl, role: 'worker', poolSize: 2 });
  const { sign, verify } = createTestKey();
  rules = await installRules({
    ...{ api: { store, sign }, worker, configuration, playbooks, discovered: [], verify },
    channels: { slack: false, mail: false },
    now: () => new Date(),
    newId: (prefix) => unique(prefix),
    log: pino({ level: 'silent' }),
  });
  live = rules.live;
  const log = pino({ level: 'silent' });
  reload = createReload({ rules, read: () => Promise.resolve().then(() => next()), log });
});

function changed(...replacements: readonly (readonly [string, string])[]): void {
  const text = replacements.reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replace(from, to);
  }, FILE);
  next = () => parse(text);
}

function seen(): readonly unknown[] {
  const { routing } = live.router.route(ALERT);
  return [routing.incident.route, routing.incident.model];
}

/** The source that a token proves. */
function sourceOf(token: string): string | null {
  const request: WebhookRequest = {
    kind: 'alertmanager',
    source: null,
    headers: { authorization: `Bearer ${token}` },
    contentType: 'application/json',
    raw: new Uint8Array(),
    receivedAt: new Date(),
  };
  return live.intake.authenticate(request)?.name ?? null;
}

describe('a good file', () => {
  test('changes routes, inventory, sources and people, and nothing else is told', async () => {
    expect([seen(), sourceOf('token-of-prod')]).toEqual([['drift', null], 'prod']);
    changed(
      ['name: drift', 'name: drifting'],
      ['model: fraud', 'model: scores'],
      [sha256Hex('token-of-prod'), sha256Hex('another')],
    );
    expect(await reload()).toEqual({
      changed: ['sources', 'inventory', 'routes'],
      needsRestart: [],
      proposed: null,
    });
    expect([seen(), sourceOf('token-of-prod'), sourceOf('another')]).toEqual([
      ['drifting', 'scores'],
      null,
      'prod',
    ]);
    expect(await reload()).toEqual({ changed: [], needsRestart: [], proposed: null });
  });

  test('takes all power from who is gone, and leaves who was added by hand', async () => {
    const sha256 = sha256Hex('fb_ada');
    const may = { canApprove: true, scopes: SCOPES };
    const token = { personId: 'ada', sha256, label: 'laptop', expiresAt: null, ...may };
    await store.people.addToken(token);
    const added = { name: 'Cy', roles: ['viewer' as const], slackUser: null, mail: null };
    await rules.desk?.putPerson({ id: 'cy', ...added, active: true }, 'ada');
    expect(await store.people.byToken(sha256)).not.toBeNull();
    changed(['  - { id: ada, name: Ada, roles: [approver-security] }\n', '']);
    expect((await reload()).changed).toEqual(['people']);
    expect((await store.people.byToken(sha256))?.person.active).toBe(false);
    const active = (await store.people.list()).filter((one) => one.active).map(({ id }) => id);
    expect(active).toEqual(['bob', 'cy']);
    next = () => parse(FILE);
    await reload();
    expect(await store.people.byToken(sha256)).not.toBeNull();
  });

  test('two reloads at once come one after the other', async () => {
    changed(['name: drift', 'name: drifting']);
    const reports = await Promise.all([reload(), reload()]);
    expect(reports.map((report) => report.changed)).toEqual([['routes'], []]);
  });
});

describe('nothing is changed', () => {
  const before = (): readonly unknown[] => [seen(), sourceOf('token-of-prod')];

  test('by a file with a mistake, and the next one is taken', async () => {
    const was = before();
    changed(['name: drift', 'name: drifting'], ['playbook: model-drift', 'playbook: model-drif']);
    await expect(reload()).rejects.toThrow(
      "firebreak.yaml:8:74: There is no playbook 'model-drif'. Did you mean 'model-drift'?",
    );
    expect(before()).toEqual(was);
    changed(['name: drift', 'name: drifting']);
    expect((await reload()).changed).toEqual(['routes']);
  });

  test('when something in it needs a restart', async () => {
    const was = before();
    const instances = 'instances:\n  - { name: m, connector: mlflow, config: { url: http://a } }\n';
    changed(['name: drift', 'name: drifting'], ['sources:', `${instances}sources:`]);
    expect(await reload()).toEqual({
      changed: [],
      needsRestart: ['instances'],
      proposed: null,
    });
    expect(before()).toEqual(was);
  });

  test('when a source is watched in another way', async () => {
    const was = before();
    changed(['kind: alertmanager', 'kind: alertmanager\n    watchdog: { withinSeconds: 120 }']);
    const { changed: done, needsRestart } = await reload();
    expect([done, needsRestart]).toEqual([[], ['sources (watchdog, alertmanager)']]);
    expect(before()).toEqual(was);
  });

  test('when the rules cannot be written', async () => {
    const was = before();
    if (rules.desk === null) throw new Error('no desk');
    const failing = {
      ...rules.desk,
      proposeFile: () => Promise.reject(new AppError('unavailable', 'No database.')),
    };
    changed(['name: drift', 'name: drifting']);
    const log = pino({ level: 'silent' });
    const read = (): Promise<Configuration> => Promise.resolve(next());
    await expect(
      createReload({ rules: { ...rules, desk: failing }, read, log })(),
    ).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(before()).toEqual(was);
  });

  test('without a file', async () => {
    const log = pino({ level: 'silent' });
    await expect(createReload({ rules, read: null, log })()).rejects.toMatchObject({
      code: 'invalid',
      field: 'config',
    });
  });
});
