import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { tempDir } from '../test/harness.ts';
import { approvalKey, approvalVerifier } from './approval-key.ts';

// Goal: only who holds the API's data folder signs. Method: folders with both halves, one of them, and none.
const PAYLOAD = { id: 'dec_1', command: { kind: 'retry' } };
const PRIVATE_FILE = 'approval-key.pem';
const PUBLIC_FILE = 'approval-key.pub.pem';

describe('the key of approvals', () => {
  test('is made once; its private half is its owner’s, and a worker verifies with the other', async () => {
    const folder = await tempDir();
    const signature = (await approvalKey(folder)).sign(PAYLOAD);
    expect((await approvalKey(folder)).sign(PAYLOAD)).toBe(signature);
    expect((await stat(join(folder, PRIVATE_FILE))).mode & 0o777).toBe(0o600);
    await rm(join(folder, PRIVATE_FILE));
    const { verify } = await approvalVerifier(folder);
    expect(verify(PAYLOAD, signature)).toBe(true);
    expect(verify({ ...PAYLOAD, id: 'dec_2' }, signature)).toBe(false);
    expect(verify(PAYLOAD, 'nonsense')).toBe(false);
  });

  test('is not replaced where its public half is left', async () => {
    const folder = await tempDir();
    await approvalKey(folder);
    await rm(join(folder, PRIVATE_FILE));
    await expect(approvalKey(folder)).rejects.toMatchObject({ code: 'invalid' });
    await expect(approvalVerifier(folder)).resolves.toBeDefined();
  });

  test('is no worker’s to make, nor to read from the private half', async () => {
    const folder = await tempDir();
    await expect(approvalVerifier(folder)).rejects.toMatchObject({ code: 'invalid' });
    await approvalKey(folder);
    await rm(join(folder, PUBLIC_FILE));
    await expect(approvalVerifier(folder)).rejects.toMatchObject({ code: 'invalid' });
    await approvalKey(folder);
    await expect(approvalVerifier(folder)).resolves.toBeDefined();
  });

  test('that cannot be read stops the start', async () => {
    const folder = await tempDir();
    await writeFile(join(folder, PUBLIC_FILE), 'no key');
    await expect(approvalVerifier(folder)).rejects.toMatchObject({ code: 'invalid' });
    await writeFile(join(folder, PRIVATE_FILE), 'no key');
    await expect(approvalKey(folder)).rejects.toMatchObject({ code: 'invalid' });
  });
});
