import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from '@jest/globals';
import { z } from 'zod';
import { connectEngine } from '../../app/engine-client.ts';
import { makeCurrent } from '../../app/engine-setup.ts';
import type { ProcessRole } from '../../app/firebreak-settings.ts';
import type { Closers } from '../closers.ts';
import { programPath } from '../harness.ts';
import { bundleOf, type Places } from './settings.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const saidSchema = z.object({
  url: z.string(),
  adminToken: z.string().nullable(),
  sources: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['alertmanager', 'cloudevents', 'generic']),
      token: z.string(),
    }),
  ),
});

/** A process of Firebreak, and what its first start gave away. */
export interface FirebreakProcess {
  readonly child: ChildProcess;
  readonly said: z.infer<typeof saidSchema>;
}

/** A process of Firebreak that is ready; `closers` ends it and waits until it is gone. */
export async function startProcess(
  places: Places,
  role: ProcessRole,
  closers: Closers,
): Promise<FirebreakProcess> {
  const program = join(await programPath(), 'test', 'crash', 'worker-process.js');
  const child = spawn(process.execPath, [program, JSON.stringify(places), role], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit').then(() => 'gone');
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.stdin.end();
    await gone;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> =>
    Promise.race([lines.next().then(({ value }) => z.string().parse(value)), gone]);
  expect(await next()).toBe('ready');
  return { child, said: saidSchema.parse(JSON.parse(await next())) };
}

/** A worker process that is ready; `closers` ends it and waits until it is gone. */
export async function startWorkerProcess(places: Places, closers: Closers): Promise<ChildProcess> {
  return (await startProcess(places, 'worker', closers)).child;
}

/** Does for an external Temporal what its operator does once after a release. */
export async function makeOurBuildCurrent({
  temporalAddress: address,
  taskQueue,
  bundlePath,
}: Places): Promise<void> {
  const engine = await connectEngine({
    connection: { address },
    namespace: 'default',
    taskQueue,
  });
  try {
    await makeCurrent(engine, (await bundleOf({ bundlePath })).buildId);
  } finally {
    await engine.close();
  }
}
