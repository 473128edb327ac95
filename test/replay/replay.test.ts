import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { quietTemporalRuntime, workflowBundlePath } from '../harness.ts';

// Goal: histories of released versions replay on this code, so that open incidents survive an upgrade; method: the
// real replayer over recorded histories, which are kept per version and never made again.
const HISTORIES = join(import.meta.dirname, 'histories');
/** A file in a stack trace by its whole path. */
const ABSOLUTE = /\(\/|file:\/\//u;

beforeAll(quietTemporalRuntime);

async function histories(): Promise<readonly { name: string; json: unknown }[]> {
  const found: { name: string; json: unknown }[] = [];
  for (const version of (await readdir(HISTORIES)).sort()) {
    for (const file of (await readdir(join(HISTORIES, version))).sort()) {
      const json: unknown = JSON.parse(await readFile(join(HISTORIES, version, file), 'utf8'));
      found.push({ name: `${version}/${file}`, json });
    }
  }
  return found;
}

describe('recorded histories', () => {
  test('replay on this build, one per playbook and gate outcome', async () => {
    const code = await readFile(await workflowBundlePath(), 'utf8');
    const recorded = await histories();
    expect(recorded.length).toBeGreaterThanOrEqual(24);
    for (const { name, json } of recorded) {
      await expect(
        Worker.runReplayHistory({ workflowBundle: { code } }, json, name),
      ).resolves.toBeUndefined();
    }
  });

  test('replay whichever queue an effect was called on: an installation may be split and put together', async () => {
    const code = await readFile(await workflowBundlePath(), 'utf8');
    const apart = (await histories()).find(({ name }) => name.endsWith('p2-apart-loaded.json'));
    const text = JSON.stringify(apart?.json);
    expect(text).toContain('/isolate"');
    const elsewhere: unknown = JSON.parse(text.replaceAll('/isolate"', '"'));
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, elsewhere, 'elsewhere'),
    ).resolves.toBeUndefined();
  });

  test('name no folder of the machine that recorded them', async () => {
    const named = (await histories()).filter(({ json }) => ABSOLUTE.test(JSON.stringify(json)));
    expect(named.map(({ name }) => name)).toEqual([]);
  });

  test('a history of another shape does not replay: the check can fail', async () => {
    const code = await readFile(await workflowBundlePath(), 'utf8');
    const [first] = await histories();
    const broken: unknown = JSON.parse(JSON.stringify(first?.json).replaceAll('"act"', '"other"'));
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, broken, 'broken'),
    ).rejects.toThrow();
  });
});
