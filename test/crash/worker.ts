import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from '@jest/globals';
import { connectEngine } from '../../app/engine-client.ts';
import { makeCurrent } from '../../app/engine-setup.ts';
import { buildIdOf } from '../../worker/bundle.ts';
import { workflowBundlePath } from '../harness.ts';
import type { Places } from './settings.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A worker process that is ready; `closers` ends it and waits until it is gone. */
export async function startWorkerProcess(
  places: Places,
  closers: (() => Promise<void>)[],
): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'worker-process.ts'), JSON.stringify(places)],
    { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const gone = once(child, 'exit');
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.stdin.end();
    await gone;
  });
  const line = once(createInterface({ input: child.stdout }), 'line');
  const first = await Promise.race([line.then(([text]) => String(text)), gone.then(() => 'gone')]);
  expect(first).toBe('ready');
  return child;
}

/** Does for an external Temporal what its operator does once after a release. */
export async function makeOurBuildCurrent({
  temporalAddress: address,
  taskQueue,
}: Places): Promise<void> {
  const engine = await connectEngine({
    connection: { address },
    namespace: 'default',
    taskQueue,
  });
  try {
    await makeCurrent(engine, buildIdOf(await readFile(await workflowBundlePath(), 'utf8')));
  } finally {
    await engine.close();
  }
}
