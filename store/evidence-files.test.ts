import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256Hex } from '../evidence/digest.ts';
import { createEvidenceFiles } from './evidence-files.ts';

// Goal: evidence is whole or not there, and a changed file is never handed out. Method: a temporary folder that
// the tests damage by hand.

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'firebreak-evidence-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const BYTES = Buffer.from([0, 1, 2, 255]);
const SHA256 = sha256Hex(BYTES);
const file = (): string => path.join(folder, 'evidence', SHA256.slice(0, 2), SHA256);

describe('evidence files', () => {
  test('come back as they were put, readable by the owner alone', async () => {
    const files = createEvidenceFiles(path.join(folder, 'evidence'));
    expect(await files.put(BYTES)).toEqual({ sha256: SHA256, bytes: 4 });
    expect(Buffer.from(await files.get(SHA256))).toEqual(BYTES);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test('put many times at once are one file, with nothing left beside it', async () => {
    const files = createEvidenceFiles(path.join(folder, 'evidence'));
    await Promise.all(Array.from({ length: 10 }, () => files.put(BYTES)));
    expect(await readdir(path.dirname(file()))).toEqual([SHA256]);
  });

  test('changed on disk are refused by name, and healed by the next put', async () => {
    const files = createEvidenceFiles(path.join(folder, 'evidence'));
    await files.put(BYTES);
    await writeFile(file(), 'forged');
    await expect(files.get(SHA256)).rejects.toMatchObject({
      code: 'internal',
      details: { sha256: SHA256 },
    });
    await files.put(BYTES);
    expect(Buffer.from(await files.get(SHA256))).toEqual(BYTES);
  });

  test('that never were are not found, and a digest that is none is invalid', async () => {
    const files = createEvidenceFiles(folder);
    await expect(files.get('a'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
    await expect(files.get('../../etc/passwd')).rejects.toMatchObject({ code: 'invalid' });
  });

  test('cannot be put where no folder can be made', async () => {
    const blocked = path.join(folder, 'a-file');
    await writeFile(blocked, '');
    const files = createEvidenceFiles(path.join(blocked, 'evidence'));
    await expect(files.put(BYTES)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('cannot be read where a folder stands in their place', async () => {
    await mkdir(file(), { recursive: true });
    await chmod(path.dirname(file()), 0o700);
    const files = createEvidenceFiles(path.join(folder, 'evidence'));
    await expect(files.get(SHA256)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
