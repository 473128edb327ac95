// Goal: a credential command is asked when its credential is due, one at a time, and its failures are told without what
// it printed. Method: small commands run by Node that note each run in a file.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import { createCredentialCommand, type CommandCredential } from './credential-command.ts';

const SECRET = 'canary-command-31';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firebreak-command-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A command that notes its run and then does what `body` says. */
async function commandFor(body: string): Promise<() => Promise<CommandCredential>> {
  const script = join(folder, 'command.cjs');
  const runs = join(folder, 'runs');
  await writeFile(
    script,
    `require('node:fs').appendFileSync(${JSON.stringify(runs)}, 'run\\n');\n${body}\n`,
  );
  const env = [{ name: 'REGION', value: 'north' }];
  return createCredentialCommand({ command: process.execPath, args: [script], env }, folder);
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
  const ask = await commandFor(answering({ token: SECRET, ...more }));
  for (let time = 0; time < 3; time += 1) expect((await ask()).token).toBe(SECRET);
  expect(await runs()).toBe(expected);
});

test('requests at the same time share one run', async () => {
  const ask = await commandFor(answering({ token: SECRET }));
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ token }) => token)).toEqual([SECRET, SECRET, SECRET]);
  expect(await runs()).toBe(1);
});

test('the command gets its own variables and what it is asked for', async () => {
  const ask = await commandFor(`
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    const token = [process.env.REGION, info.kind, info.apiVersion, info.spec.interactive].join(' ');
    process.stdout.write(JSON.stringify({ kind: 'ExecCredential', status: { token } }));`);
  const expected = 'north ExecCredential client.authentication.k8s.io/v1 false';
  expect((await ask()).token).toBe(expected);
});

test('a failure is told without what was printed, and the next request asks again', async () => {
  const ask = await commandFor(`
    const first = require('node:fs').readFileSync(${JSON.stringify(join(folder, 'runs'))}, 'utf8') === 'run\\n';
    if (first) { process.stderr.write('${SECRET}'); process.exit(7); }
    ${answering({ token: SECRET })}`);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  if (!isAppError(error)) throw new Error('it was taken');
  expect(error.code).toBe('unauthorized');
  expect(error.message).toContain('cannot be run or failed (7)');
  expect(`${String(error)} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(SECRET);
  expect((await ask()).token).toBe(SECRET);
});

test.each([
  [
    'no JSON',
    `process.stdout.write('${SECRET}');`,
    'answered something else than an ExecCredential',
  ],
  [
    'another kind',
    `process.stdout.write('{"kind":"Status","status":{"token":"${SECRET}"}}');`,
    'answered something else than an ExecCredential',
  ],
  ['more than its limit', `process.stdout.write('${SECRET}'.repeat(100_000));`, 'printed too much'],
])('a command that answers with %s is unauthorized', async (_name, body, told) => {
  const ask = await commandFor(body);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  if (!isAppError(error)) throw new Error('it was taken');
  expect(error.code).toBe('unauthorized');
  expect(error.message).toContain(told);
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(SECRET);
});

test('a command that is not there is unauthorized and named', async () => {
  const ask = createCredentialCommand({ command: './none' }, folder);
  const error: unknown = await ask().catch((reason: unknown) => reason);
  expect(isAppError(error) && error.message).toContain('./none cannot be run or failed (ENOENT)');
});
