// Goal: a configuration is read with its defaults, and each mistake is told with its place. Method: one valid file, changed
// by one text replacement per case, against real manifests.
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectorModules } from '../connectors/registry.ts';
import { manifest as kubernetes } from '../connectors/kubernetes/manifest.ts';
import { manifest as mlflow } from '../connectors/mlflow/manifest.ts';
import { isAppError } from '../domain/error.ts';
import { readConfiguration, readConfigurationFile } from './config-file.ts';

const references = {
  manifests: [kubernetes, mlflow],
  playbooks: ['model-drift', 'poisoned-data'],
  environment: {},
};

const VALID = `instances:
  - name: kubernetes
    connector: kubernetes
    holdSeconds: 1
    config: { server: http://127.0.0.1:1 }
  - name: mlflow
    connector: mlflow
    config: { url: http://127.0.0.1:2 }
sources:
  - name: prod
    kind: alertmanager
    authentication: { kind: bearer, tokenSha256: [${'ab'.repeat(32)}] }
  - name: tool
    kind: generic
    authentication: { kind: hmac, secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw] }
    mapping:
      alerts: body.items
      status: "'firing'"
      startsAt: item.since
      title: "'x'"
      labels: "{'model': item.model}"
inventory:
  - model: fraud-scorer
    registryName: fraud-scorer
    load: baked-image
    replicas: 20
    owner: ml
    serving:
      - { namespace: ml, name: web, container: server, role: stable }
routes:
  - name: poison
    when: alert.labels.alertname == 'ModelAnomaly'
    playbook: poisoned-data
    mode: auto
    suspect: "'dataset:' + alert.labels.dataset"
people:
  - { id: ada, name: Ada, roles: [approver-security] }
`;

function told(text: string): {
  readonly code: string;
  readonly message: string;
  readonly problems: string;
} {
  try {
    readConfiguration(text, 'firebreak.yaml', references);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return {
      code: error.code,
      message: error.message,
      problems: JSON.stringify(error.details?.['problems'] ?? []),
    };
  }
  return { code: 'read', message: '', problems: '[]' };
}

describe('a valid configuration', () => {
  test('gets its defaults', () => {
    const read = readConfiguration(VALID, 'firebreak.yaml', references);
    expect(read.instances.map(({ holdSeconds }) => holdSeconds)).toEqual([1, 30]);
    expect(read.routes[0]).toMatchObject({ severity: 'sev3', reopenWindowSeconds: 3600 });
    expect(read.inventory[0]).toMatchObject({
      alias: 'champion',
      source: 'file',
      confidence: 'high',
      datasetPointer: null,
      service: null,
    });
    expect(read.inventory[0]?.serving[0]).toMatchObject({
      cluster: 'kubernetes',
      kind: 'Deployment',
    });
    expect(read.sources[0]).toMatchObject({ mapping: null, ignoreLabels: [] });
    expect(read).toMatchObject({ selectionRules: [], slackChannel: null, mailTo: [] });
  });

  test.each([[''], ['# nothing\n']])('may be empty: %j', (text) => {
    expect(readConfiguration(text, 'firebreak.yaml', references).routes).toEqual([]);
  });
});

describe('refused', () => {
  test.each<[string, string, string, RegExp]>([
    ['routes:', 'route:', '30:1', /Unknown key 'route'\. Did you mean 'routes'\?/],
    [
      'connector: mlflow',
      'connector: mlflo',
      '7:16',
      /Unknown connector 'mlflo'\. Did you mean 'mlflow'\?/,
    ],
    [
      'config: { url: http',
      'config: { uri: http',
      '8:15',
      /Unknown key 'uri'\. Did you mean 'url'\?/,
    ],
    ['- name: mlflow', '- name: kubernetes', '6:5', /'kubernetes' is given twice/],
    ['kind: alertmanager', 'kind: alertmanger', '11:11', /Did you mean 'alertmanager'\?/],
    ['kind: generic', 'kind: cloudevents', '17:7', /a generic source needs a mapping/],
    ['status: "\'firing\'"', 'status: 1 + 1', '18:15', /this is int, but string is needed/],
    ['startsAt: item.since', 'startsAt: items.since', '19:17', /Unknown variable: items/],
    [
      "when: alert.labels.alertname == 'ModelAnomaly'",
      'when: alert.label.x',
      '32:17',
      /No such key: label/,
    ],
    [
      "when: alert.labels.alertname == 'ModelAnomaly'",
      'when: alert.title',
      '32:11',
      /this is string, but bool is needed/,
    ],
    [
      'playbook: poisoned-data',
      'playbook: poisoned-date',
      '33:15',
      /Did you mean 'poisoned-data'\?/,
    ],
    ['role: stable', 'role: stabel', '29:62', /Did you mean 'stable'\?/],
    ['replicas: 20', 'replicas: many', '26:15', /'inventory\[0\]\.replicas'/],
    [
      '- { namespace: ml, name: web',
      '- { cluster: other, namespace: ml, name: web',
      '29:9',
      /no Kubernetes instance 'other'/,
    ],
    ['[approver-security]', '[approver]', '37:35', /none of viewer/],
    ['mode: auto', 'mode: yolo', '34:11', /none of observe, ask, auto/],
    ['- name: poison', '- name: unrouted', '31:11', /built-in last route/],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_not base64 at all', '15:45', /whsec_/],
  ])('%s → %s', (...values) => {
    const [from, to, place, message] = values;
    expect(VALID).toContain(from);
    const answer = told(VALID.replace(from, to));
    expect(answer.code).toBe('invalid');
    expect(answer.problems).toMatch(message);
    const [line = '', column = ''] = place.split(':');
    expect(answer.problems).toContain(`"line":${line},"column":${column},`);
  });

  test('a secret is never repeated', () => {
    const answer = told(VALID.replace('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'hunter2'));
    expect(answer.code).toBe('invalid');
    expect(answer.message + answer.problems).not.toContain('hunter2');
  });
});

describe('drills', () => {
  const ENTRY = VALID.slice(VALID.indexOf('  - model:'), VALID.indexOf('routes:'));
  const TWIN = ENTRY.replace('- { namespace', '- { cluster: sandbox, namespace');
  const SANDBOX = `instances:
  - { name: sandbox, connector: kubernetes, drill: true, config: { server: http://127.0.0.1:3 } }
`;
  const WITH_SANDBOX = VALID.replace('instances:\n', SANDBOX);

  test('a sandbox, its source, its route and its entry of the same model are read', () => {
    const text = WITH_SANDBOX.replace(
      'kind: alertmanager\n',
      'kind: alertmanager\n    drill: true\n',
    )
      .replace('mode: auto', 'mode: auto\n    drill: true')
      .replace('routes:', `${TWIN}routes:`);
    const read = readConfiguration(text, 'firebreak.yaml', references);
    expect(read.instances.map(({ drill }) => drill)).toEqual([true, false, false]);
    expect(read.sources.map(({ drill }) => drill)).toEqual([true, false]);
    expect(read.routes[0]?.drill).toBe(true);
    expect(read.inventory).toHaveLength(2);
  });

  test('what says nothing of drills has the rules that it had before', () => {
    const { routes, inventory } = readConfiguration(VALID, 'firebreak.yaml', references);
    expect(JSON.stringify([routes, inventory])).not.toContain('drill');
  });

  test.each<[string, string, string, RegExp]>([
    [
      'a sandbox that is production',
      WITH_SANDBOX.replace('http://127.0.0.1:3', 'http://127.0.0.1:1/'),
      '2:66',
      /This is 'kubernetes', which is real/,
    ],
    [
      'a sandbox in the same context of a kubeconfig',
      WITH_SANDBOX.replace('server: http://127.0.0.1:3', 'kubeconfig: /k').replace(
        'server: http://127.0.0.1:1',
        'kubeconfig: /k',
      ),
      '2:66',
      /This is 'kubernetes', which is real/,
    ],
    [
      'a source without a sandbox',
      VALID.replace('kind: alertmanager', 'kind: alertmanager\n    drill: true'),
      '12:12',
      /nothing to drill on/,
    ],
    [
      'a route without a sandbox',
      VALID.replace('mode: auto', 'mode: auto\n    drill: true'),
      '35:12',
      /nothing to drill on/,
    ],
    [
      'a route that is no drill, said so',
      VALID.replace('mode: auto', 'mode: auto\n    drill: false'),
      '35:12',
      /drill/,
    ],
    [
      'an entry that is half in the sandbox',
      WITH_SANDBOX.replace(
        '- { namespace: ml, name: web, container: server, role: stable }',
        `- { namespace: ml, name: web, container: server, role: stable }
      - { cluster: sandbox, namespace: ml, name: web, container: server }`,
      ),
      '30:7',
      /by a drill instance and by a real one/,
    ],
    [
      'the same entry twice',
      WITH_SANDBOX.replace('routes:', `${TWIN}${TWIN}routes:`),
      '38:5',
      /'fraud-scorer' is given twice/,
    ],
  ])('%s is refused', (...values) => {
    const [, text, place, message] = values;
    const answer = told(text);
    expect(answer.problems).toMatch(message);
    const [line = '', column = ''] = place.split(':');
    expect(answer.problems).toContain(`"line":${line},"column":${column},`);
  });
});

describe('files', () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
  });

  test('are read, or the reason is told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-config-'));
    folders.push(folder);
    const path = join(folder, 'firebreak.yaml');
    await expect(readConfigurationFile(path, references)).rejects.toMatchObject({
      code: 'invalid',
      message: `${path} cannot be read: there is no such file.`,
    });
    await expect(readConfigurationFile(folder, references)).rejects.toMatchObject({
      code: 'invalid',
      message: `${folder} cannot be read: it is a folder.`,
    });
    await writeFile(path, VALID);
    expect((await readConfigurationFile(path, references)).people).toHaveLength(1);
    await writeFile(path, Uint8Array.from([0xff, 0xfe]));
    await expect(readConfigurationFile(path, references)).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  test('takes secrets from the environment, or from the file that it names', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-config-'));
    try {
      const file = join(folder, 'secret');
      await writeFile(file, `${secret}\n`);
      const text = VALID.replace(`[${secret}]`, '[{ env: HOOK_NEW }, { env: HOOK_OLD }]');
      const environment = { HOOK_NEW_FILE: file, HOOK_OLD: `${secret}AA` };
      const { sources } = readConfiguration(text, 'f.yaml', { ...references, environment });
      expect(sources[1]?.authentication).toEqual({
        kind: 'hmac',
        secrets: [secret, `${secret}AA`],
      });
      const missing = { ...references, environment: { HOOK_NEW_FILE: file } };
      expect(() => readConfiguration(text, 'f.yaml', missing)).toThrow(
        /^f\.yaml:15:\d+: The variable HOOK_OLD is not set\.$/,
      );
      const unreadable = { ...references, environment: { HOOK_NEW_FILE: folder, HOOK_OLD: 'x' } };
      expect(() => readConfiguration(text, 'f.yaml', unreadable)).toThrow(/HOOK_NEW_FILE/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('the example in the documentation is one', async () => {
    const path = join(import.meta.dirname, '../docs/firebreak.example.yaml');
    const manifests = connectorModules.map(({ manifest }) => manifest);
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const environment = {
      MLFLOW_TOKEN: 't',
      AIRFLOW_TOKEN: 't',
      DRIFT_WEBHOOK_SECRET: secret,
      HEARTBEAT_URL: 'https://beat.example.com/x',
    };
    const read = await readConfigurationFile(path, { ...references, manifests, environment });
    expect(read.routes.map(({ mode }) => mode)).toEqual(['observe', 'observe']);
  });
});
