// Goal: a credential plugin is asked when its credential is due, one at a time, and its failures are told without what
// it printed. Method: small plugins run by Node that note each run in a file.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import { createCredentialPlugin, type PluginCredential } from './credential-plugin.ts';

const SECRET = 'canary-plugin-31';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firebreak-plugin-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A plugin that notes its run and then does what `body` says. */
async function pluginOf(body: string): Promise<() => Promise<PluginCredential>> {
  const script = join(folder, 'plugin.cjs');
  const runs = join(folder, 'runs');
  await writeFile(
    script,
    `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'run\\n');\n${body}\n`,
  );
  const env = [{ name: 'REGION', value: 'north' }];
  return createCredentialPlugin({ command: process.execPath, args: [script], env }, folder);
}

function answering(status: Readonly<Record<string, string>>): string {
  const answer = JSON.stringify({ kind: 'ExecCredential', status });
  return `process.stdout.write(${JSON.stringify(answer)});`;
}

async function runs(): Promise<number> {
  return (await readFile(join(folder, 'runs'), 'utf8')).split('\n').length - 1;
}

function after(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

test.each([
  ['that is valid for an hour is kept', { expirationTimestamp: after(3_600_000) }, 1],
  ['that has expired is asked again', { expirationTimestamp: after(-1_000) }, 3],
  ['in its last moments is asked again', { expirationTimestamp: after(2_000) }, 3],
  ['of unknown expiry is asked each time', {}, 3],
])('a credential %s', async (_name, more, expected) => {
  const ask = await pluginOf(answering({ token: SECRET, ...more }));
  for (let time = 0; time < 3; time += 1) expect((await ask()).token).toBe(SECRET);
  expect(await runs()).toBe(expected);
});

test('requests at the same time share one run', async () => {
  const ask = await pluginOf(answering({ token: SECRET }));
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ token }) => token)).toEqual([SECRET, SECRET, SECRET]);
  expect(await runs()).toBe(1);
});

test('the plugin gets its own variables and what it is asked for', async () => {
  const ask = await pluginOf(`
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    const token = [process.env.REGION, info.kind, info.apiVersion, info.spec.interactive].join(' ');
    process.stdout.write(JSON.stringify({ kind: 'ExecCredential', status: { token } }));`);
  const expected = 'north ExecCredential client.authentication.k8s.io/v1 false';
  expect((await ask()).token).toBe(expected);
});

test('a failure is told without what was printed, and the next request asks again', async () => {
  const ask = await pluginOf(`
    const first = require('node:fs').readFileSync(${JSON.stringify(join(folder, 'runs'))}, 'utf8') === 'run\\n';
    if (first) { console.error('${SECRET}'); process.exit(7); }
    ${answering({ token: SECRET })}`);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  if (!isAppError(error)) throw new Error('it was taken');
  expect(error.code).toBe('unauthorized');
  expect(error.message).toContain('cannot be run or failed (7)');
  expect(`${String(error)} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(SECRET);
  expect((await ask()).token).toBe(SECRET);
});

test.each([
  ['no JSON', `console.log('${SECRET}');`],
  ['another kind', `console.log('{"kind":"Status","status":{"token":"${SECRET}"}}');`],
  ['more than its limit', `process.stdout.write('${SECRET}'.repeat(100_000));`],
])('a plugin that answers with %s is unauthorized', async (_name, body) => {
  const ask = await pluginOf(body);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  expect(isAppError(error) && error.code).toBe('unauthorized');
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(SECRET);
});

test('a plugin that is not there is unauthorized and named', async () => {
  const ask = createCredentialPlugin({ command: './none' }, folder);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  expect(isAppError(error) && error.message).toContain('./none cannot be run or failed (ENOENT)');
  expect(basename(folder)).toContain('firebreak-plugin-');
});
