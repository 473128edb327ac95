// Goal: one process at a time owns a data folder, whatever became of the one before. Method: take the
// lock in this process, in others side by side, and over the remains of a dead one.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import { startHolder, tempDir } from '../../test/harness.ts';
import { lockDataFolder } from './lock.ts';
import { processIdentity } from './process-identity.ts';

function refusal(dataDir: string): string {
  try {
    lockDataFolder(dataDir).release();
    return 'taken';
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

describe('the lock of a data folder', () => {
  test('is refused while held and free after its release', async () => {
    const dataDir = await tempDir();
    const lock = lockDataFolder(dataDir);
    expect(refusal(dataDir)).toBe('refused');
    lock.release();
    expect(refusal(dataDir)).toBe('taken');
  });

  test('names its present owner to the watchdogs', async () => {
    const dataDir = await tempDir();
    const first = lockDataFolder(dataDir);
    expect(readFileSync(first.ownerFile, 'utf8')).toBe(first.owner);
    first.release();
    const second = lockDataFolder(dataDir);
    expect(readFileSync(first.ownerFile, 'utf8')).toBe(second.owner);
    second.release();
    expect(second.owner).not.toBe(first.owner);
  });

  test.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, startedAt: 'x/1' }],
    ['a later process with the same number', { pid: process.pid, startedAt: 'x/1' }],
  ])('is taken over from %s', async (_, holder) => {
    const dataDir = await tempDir();
    lockDataFolder(dataDir).release();
    const folder = join(dataDir, 'lock');
    writeFileSync(join(folder, 'lock.7'), JSON.stringify({ state: 'held', ...holder }));
    const lock = lockDataFolder(dataDir);
    expect(readdirSync(folder).filter((name) => name.startsWith('lock.'))).toEqual(['lock.8']);
    lock.release();
  });

  test('goes to exactly one of several processes that take it over together', async () => {
    const dataDir = await tempDir();
    lockDataFolder(dataDir).release();
    const dead = { state: 'held', pid: 2 ** 22 + 1, startedAt: 'x/1' };
    writeFileSync(join(dataDir, 'lock', 'lock.3'), JSON.stringify(dead));
    const holders = await Promise.all(
      Array.from({ length: 4 }, () => startHolder({ dataDir, what: 'lock' })),
    );
    try {
      expect(holders.filter(({ said }) => said.locked === true)).toHaveLength(1);
      expect(holders.filter(({ said }) => said.error?.includes('in use by process'))).toHaveLength(
        3,
      );
    } finally {
      await Promise.all(holders.map((holder) => holder.kill()));
    }
    expect(refusal(dataDir)).toBe('taken');
  });
});

test('a process is known by its start, so a reused number is somebody else', () => {
  const self = processIdentity(process.pid);
  expect(self?.pid).toBe(process.pid);
  expect(processIdentity(process.pid)).toEqual(self);
  expect(processIdentity(2 ** 22 + 1)).toBeNull();
  expect(processIdentity(-1)).toBeNull();
});
