// Goal: every kind of configuration reaches the server with its credential as it is now, rights that are missing are
// named, and what is wrong with a file is told without its content. Method: the twin behind the addresses that files
// name; its audit events say who came in.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { kubeconfigText } from '../../lab/kubernetes/kubeconfig-sample.ts';
import { textAt } from '../../lab/kubernetes/object.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector, Health } from '../connector.ts';
import { create } from './index.ts';
import { openConnection } from './connection.ts';
import { kubernetesConfig } from './manifest.ts';

const TOKEN = 'canary-token-4711';
const RENEWED = 'canary-token-4712';
const PASSWORD = 'canary-password-17';
const MISSING = ['pods: patch'];

let twin: KubernetesTwin;
let folder: string;
let users: string[];
const open: Connector[] = [];

beforeEach(async () => {
  users = [];
  twin = await createKubernetesTwin({
    tokens: { [TOKEN]: 'alice', [RENEWED]: 'bob' },
    passwords: { carol: PASSWORD },
    isAllowed: (request) => !(request.resource === 'pods' && request.verb === 'patch'),
    onAudit: (event) => users.push(textAt(event, 'user', 'username')),
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

function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  return writeFile(file, text).then(() => file);
}

function kubeconfig(user: JsonObject, cluster: JsonObject = {}): Promise<string> {
  return write('config', kubeconfigText({ server: twin.url, user, cluster }));
}

function health(connector: Connector): Promise<Health> {
  return connector.health(AbortSignal.timeout(20_000));
}

/** The users who came in since the last call. */
function seen(): readonly string[] {
  return [...new Set(users.splice(0))];
}

test('server and token; the missing right is named once, with its namespace', async () => {
  const connector = connect({ server: twin.url, token: TOKEN, namespaces: ['ml', 'default'] });
  expect(await health(connector)).toMatchObject({
    reachable: true,
    version: 'v1.36.3-lab',
    missing: ['pods: patch in ml', 'pods: patch in default'],
  });
});

test('a kubeconfig with a token, by its current context or another', async () => {
  const file = await kubeconfig({ token: TOKEN });
  expect(await health(connect({ kubeconfig: file }))).toMatchObject({ missing: MISSING });
  expect(seen()).toEqual(['alice']);
  const away = await health(connect({ kubeconfig: file, context: 'away' }));
  expect(away.reachable).toBe(false);
});

test('a kubeconfig with user name and password', async () => {
  const file = await kubeconfig({ username: 'carol', password: PASSWORD });
  expect((await health(connect({ kubeconfig: file }))).missing).toEqual(MISSING);
  expect(seen()).toEqual(['carol']);
});

test('who is impersonated is told to the server', async () => {
  const file = await kubeconfig({ token: TOKEN, as: 'dave' });
  await health(connect({ kubeconfig: file }));
  expect(seen()).toEqual(['dave']);
});

test('a context without a user brings no credential', async () => {
  const file = await kubeconfig({ token: TOKEN });
  const { reachable, missing } = await health(connect({ kubeconfig: file, context: 'anonymous' }));
  expect({ reachable, missing }).toEqual({ reachable: true, missing: ['a valid credential'] });
  expect(seen()).toEqual(['system:anonymous']);
});

test.each([
  ['of a kubeconfig, beside it', () => kubeconfig({ tokenFile: 'token', token: 'canary-stale' })],
  ['of a kubeconfig, by its whole path', () => kubeconfig({ tokenFile: join(folder, 'token') })],
  ['of a server (a service account)', () => Promise.resolve(null)],
])('a token file %s is read again when it changes', async (_name, fileOf) => {
  const token = await write('token', `${TOKEN}\n`);
  const file = await fileOf();
  const server = { server: twin.url, tokenFile: token };
  const connector = connect(file === null ? server : { kubeconfig: file });
  expect((await health(connector)).missing).toEqual(MISSING);
  expect(seen()).toEqual(['alice']);
  await write('token', RENEWED);
  expect((await health(connector)).missing).toEqual(MISSING);
  expect(seen()).toEqual(['bob']);
  await write('token', ' \n');
  const empty = await health(connector);
  expect(empty).toMatchObject({ reachable: true, missing: ['a valid credential'] });
  expect(empty.problem).toBe(`The token file ${token} is empty.`);
  await rm(token);
  expect((await health(connector)).problem).toBe(`The token file ${token} cannot be read.`);
  expect(seen()).toEqual([]);
});

const CREDENTIALS: readonly (readonly [string, JsonObject, string])[] = [
  ['token', { token: TOKEN }, TOKEN],
  ['token file', { tokenFile: 'token' }, RENEWED],
  [
    'password',
    { username: 'carol', password: PASSWORD },
    Buffer.from(`carol:${PASSWORD}`).toString('base64'),
  ],
];

test.each(CREDENTIALS)('a %s that the server repeats is not shown', async (_name, user, secret) => {
  await write('token', RENEWED);
  const status = { kind: 'Status', reason: 'Forbidden', message: `not with ${secret}` };
  twin.faults.add({ kind: 'reply', reply: { status: 403, body: status } }, { times: 9 });
  const { problem } = await health(connect({ kubeconfig: await kubeconfig(user) }));
  expect(problem).toContain('not with');
  expect(problem).not.toContain(secret);
});

test('a wrong token is unauthorized and is not shown', async () => {
  const file = await kubeconfig({ token: 'canary-wrong-99' });
  const answer = await health(connect({ kubeconfig: file }));
  expect(answer).toMatchObject({ reachable: true, missing: ['a valid credential'] });
  expect(JSON.stringify(answer)).not.toContain('canary-wrong-99');
});

test.each([
  ['a missing kubeconfig', (): unknown => ({ kubeconfig: join(folder, 'none') })],
  [
    'a missing authority',
    (): unknown => ({ server: 'https://127.0.0.1:1', caFile: join(folder, 'none') }),
  ],
])('%s is told by its path, and a later call may find it', async (_name, configOf) => {
  const connector = connect(configOf());
  const first = await health(connector);
  expect(first.reachable).toBe(false);
  expect(first.problem).toContain(`${join(folder, 'none')} cannot be read`);
  await write('none', kubeconfigText({ server: twin.url, user: { token: TOKEN } }));
  expect((await health(connector)).problem).not.toContain('cannot be read');
});

interface Flaw {
  readonly name: string;
  readonly user?: JsonObject;
  readonly cluster?: JsonObject;
  readonly text?: string;
  readonly context?: string;
  readonly told: string;
}

const FLAWS: readonly Flaw[] = [
  { name: 'an unknown context', context: 'nowhere', told: 'invalid: has no context nowhere' },
  {
    name: 'a context of a missing cluster',
    context: 'clusterless',
    told: 'invalid: names no cluster for the context clusterless',
  },
  {
    name: 'a context of a missing user',
    context: 'userless',
    told: 'invalid: names no user for the context userless',
  },
  { name: 'no current context', text: '{ users: [] }', told: 'invalid: names no current context' },
  { name: 'no YAML', text: `{ token: ${TOKEN}`, told: 'invalid: cannot be read' },
  { name: 'no object', text: TOKEN, told: 'invalid: cannot be read' },
  { name: 'a user of strange shape', user: { exec: [TOKEN] }, told: 'invalid: cannot be read' },
  {
    name: 'a server that is no address',
    cluster: { server: 'nowhere' },
    told: 'invalid: names a server that is not an address',
  },
  {
    name: 'a proxy that is none of HTTP',
    cluster: { 'proxy-url': 'socks5://canary:secret@127.0.0.1:2' },
    told: 'unsupported: uses this proxy-url, which is not supported',
  },
  {
    name: 'impersonated groups',
    user: { as: 'dave', 'as-groups': ['ops'] },
    told: 'unsupported: uses as-groups, which is not supported',
  },
];

test.each(FLAWS)('a kubeconfig with $name is refused without its content', async (flaw) => {
  const made = await kubeconfig({ token: TOKEN, ...flaw.user }, flaw.cluster);
  const file = flaw.text === undefined ? made : await write('config', flaw.text);
  const config = kubernetesConfig.parse({
    kubeconfig: file,
    ...(flaw.context && { context: flaw.context }),
  });
  const error: unknown = await openConnection(config).catch((reason: unknown) => reason);
  if (!isAppError(error)) throw new Error('it was taken');
  const told = error.message.replace(`The kubeconfig ${file} `, '').replace(/\.$/, '');
  expect(`${error.code}: ${told}`).toBe(flaw.told);
  expect(error.field).toBe('kubeconfig');
  expect(`${error.stack ?? ''} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
    'canary',
  );
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
