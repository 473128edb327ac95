import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { addressOf, receiverOf } from './demo-lab.ts';
import { cleanUp, folder, run } from './test-run.ts';

// Goal: the demo starts nothing when a flag for a real server is wrong, and says which. Method: the whole program in
// this process, with wrong flags; the addresses by table.

afterEach(cleanUp);

async function shortToken(): Promise<string> {
  const file = join(await folder(), 'token');
  await writeFile(file, 'short\n');
  return file;
}

test.each<[string, () => Promise<readonly string[]>, string]>([
  ['no address', () => Promise.resolve(['--mlflow', 'nonsense']), 'mlflow'],
  ['another protocol', () => Promise.resolve(['--alertmanager', 'ftp://a']), 'alertmanager'],
  ['a credential in it', () => Promise.resolve(['--mlflow', 'http://u:p@127.0.0.1']), 'mlflow'],
  ['no kubeconfig', () => Promise.resolve(['--kubeconfig', '/nowhere/config']), 'kubeconfig'],
  ['no token file', () => Promise.resolve(['--alert-token-file', '/nowhere']), 'alert-token-file'],
  ['a short token', async () => ['--alert-token-file', await shortToken()], 'alert-token-file'],
  [
    'a story that real servers do not know',
    () => Promise.resolve(['--scenario', 'model-drift', '--mlflow', 'http://127.0.0.1:9']),
    'scenario',
  ],
])('%s ends with 2 and names the flag', async (_title, args, flag) => {
  const { code, err } = await run(['demo', ...(await args())]);
  expect(code).toBe(2);
  expect(err).toContain(flag);
  expect(err).not.toContain('u:p');
});

test('a server that does not answer ends with 4', async () => {
  const { code, err } = await run(['demo', '--mlflow', 'http://127.0.0.1:9']);
  expect(code).toBe(4);
  expect(err).toContain('--mlflow names no MLflow that answers');
});

describe('what people read', () => {
  test('an address loses the slash at its end', () => {
    expect(addressOf('mlflow', 'http://127.0.0.1:5000/prefix/')).toBe(
      'http://127.0.0.1:5000/prefix',
    );
  });

  test('the receiver of Alertmanager holds address, token and the matcher of the story', () => {
    const text = receiverOf({ url: 'http://h/alerts', token: 't0ken', model: 'demo-model' });
    for (const part of ['url: http://h/alerts', 'credentials: t0ken', 'model = "demo-model"']) {
      expect(text).toContain(part);
    }
  });
});
