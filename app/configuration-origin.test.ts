// Goal: people see what is in force and where it came from, and never a secret. Method: a file with every kind of origin,
// in which each secret is a canary.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectorModules } from '../connectors/registry.ts';
import { readPlacedConfiguration } from './config-file.ts';
import { showConfiguration, type ShownValue } from './configuration-origin.ts';

const manifests = connectorModules.map(({ manifest }) => manifest);
const environment = {
  REGISTRY_URL: 'https://canary-host.example.com',
  HOOK: 'canary-hook-secret-1',
};

let folder: string;
let shown: readonly ShownValue[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firebreak-origin-'));
  const secret = join(folder, 'secret');
  await writeFile(secret, 'canary-of-file\n');
  const text = `instances:
  - name: mlflow
    connector: mlflow
    config:
      url: { env: REGISTRY_URL }
      oauth2: { tokenUrl: https://id.example.com/token, clientId: us, clientSecret: { file: ${secret} } }
      proxy: http://ada:canary-proxy@127.0.0.1:3128
  - name: cluster
    connector: kubernetes
    config: { server: https://k8s.example.com, token: canary-token, namespaces: [ml, ops] }
sources:
  - name: tool
    kind: cloudevents
    authentication: { kind: hmac, secrets: [{ env: HOOK }, canary-hook-secret-2] }
`;
  const path = join(folder, 'firebreak.yaml');
  await writeFile(path, text);
  const references = { manifests, playbooks: [], environment };
  shown = showConfiguration(await readPlacedConfiguration(path, references), manifests);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function of(field: string): string {
  const found = shown.find((one) => one.field === field);
  return `${found?.value ?? 'missing'} ${found?.from.replaceAll(`${folder}/`, '') ?? ''}`;
}

test.each([
  ['instances[0].name', '"mlflow" firebreak.yaml:2:11'],
  ['instances[0].holdSeconds', '30 default'],
  ['instances[0].config.url', '(secret) env REGISTRY_URL (firebreak.yaml:5:12)'],
  ['instances[0].config.oauth2.clientId', '"us" firebreak.yaml:6:67'],
  ['instances[0].config.oauth2.clientSecret', '(secret) file secret (firebreak.yaml:6:85)'],
  ['instances[0].config.proxy', '(secret) firebreak.yaml:7:14'],
  ['instances[1].config.token', '(secret) firebreak.yaml:10:55'],
  ['instances[1].config.namespaces', '["ml","ops"] firebreak.yaml:10:81'],
  ['sources[0].authentication.secrets', '(secret) firebreak.yaml:14:44'],
  ['routes', '[] default'],
  ['slackChannel', 'null default'],
])('%s is %s', (field, expected) => {
  expect(of(field)).toBe(expected);
});

test('no secret is shown, whichever way it came', () => {
  expect(JSON.stringify(shown)).not.toContain('canary');
});
