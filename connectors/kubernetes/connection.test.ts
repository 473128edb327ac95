// Goal: every kind of configuration reaches the server with its credential, rights that are missing are named, and
// files that cannot be read are told without their content. Method: the twin behind the addresses that files name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector } from '../connector.ts';
import { create } from './index.ts';

const TOKEN = 'canary-token-4711';

let twin: KubernetesTwin;
let folder: string;
const open: Connector[] = [];

beforeEach(async () => {
  twin = await createKubernetesTwin({
    tokens: { [TOKEN]: 'alice' },
    isAllowed: (request) => !(request.resource === 'pods' && request.verb === 'patch'),
  });
  folder = await mkdtemp(join(tmpdir(), 'firebreak-kubeconfig-'));
});

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close();
  await twin.close();
  await rm(folder, { recursive: true, force: true });
});

function connect(config: unknown): Connector {
  const connector = create(config);
  open.push(connector);
  return connector;
}

async function kubeconfig(user: string): Promise<string> {
  const file = join(folder, 'config');
  const text = `apiVersion: v1
kind: Config
current-context: lab
clusters:
  - { name: lab, cluster: { server: "${twin.url}" } }
  - { name: away, cluster: { server: "http://127.0.0.1:1" } }
contexts:
  - { name: lab, context: { cluster: lab, user: me } }
  - { name: away, context: { cluster: away, user: me } }
users:
  - name: me
    user: ${user}
`;
  await writeFile(file, text);
  return file;
}

const signal = (): AbortSignal => AbortSignal.timeout(20_000);

test('server and token; the missing right is named once, with its namespace', async () => {
  const connector = connect({ server: twin.url, token: TOKEN, namespaces: ['ml', 'default'] });
  const health = await connector.health(signal());
  expect(health).toMatchObject({
    reachable: true,
    version: 'v1.36.3-lab',
    missing: ['pods: patch in ml', 'pods: patch in default'],
  });
});

test('a kubeconfig with a token, by its current context or another', async () => {
  const file = await kubeconfig(`{ token: "${TOKEN}" }`);
  const health = await connect({ kubeconfig: file }).health(signal());
  expect(health).toMatchObject({ reachable: true, missing: ['pods: patch'] });
  const away = await connect({ kubeconfig: file, context: 'away' }).health(signal());
  expect(away.reachable).toBe(false);
});

test('a wrong token is unauthorized and is not shown', async () => {
  const file = await kubeconfig('{ token: "canary-wrong-99" }');
  const health = await connect({ kubeconfig: file }).health(signal());
  expect(health.reachable).toBe(true);
  expect(health.missing).not.toEqual([]);
  expect(JSON.stringify(health)).not.toContain('canary-wrong-99');
});

test('a token file that changes is read again', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, TOKEN);
  const file = await kubeconfig(`{ tokenFile: "${tokenFile}" }`);
  const health = await connect({ kubeconfig: file }).health(signal());
  expect(health.missing).toEqual(['pods: patch']);
});

test.each([
  ['a missing kubeconfig', (): unknown => ({ kubeconfig: join(folder, 'none') })],
  [
    'a missing authority',
    (): unknown => ({ server: 'https://127.0.0.1:1', caFile: join(folder, 'none') }),
  ],
])('%s is told by its path, and a later call may find it', async (_name, configOf) => {
  const health = await connect(configOf()).health(signal());
  expect(health.reachable).toBe(false);
  expect(health.problem).toContain(join(folder, 'none'));
});

test('a configuration that is neither is invalid, and a secret in it is not shown', () => {
  const wrong = { server: 'ftp://nowhere', token: TOKEN };
  let error: unknown;
  try {
    create(wrong);
  } catch (caught) {
    error = caught;
  }
  expect(isAppError(error) && error.code).toBe('invalid');
  expect(String(error)).not.toContain(TOKEN);
});
