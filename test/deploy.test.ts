// Goal: on a Temporal server that is not ours, a release becomes current when an operator says so, and open
// incidents of the build before move to it. Method: build A in this process, build B as the real program.
import { createPublicKey } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { buildIdOf } from '../worker/bundle.ts';
import { closersAfterEach } from './closers.ts';
import {
  freshDatabase,
  programPath,
  quietTemporalRuntime,
  tempDir,
  temporalAddress,
  unique,
  workflowBundlePath,
} from './harness.ts';
import { op, playbookOf } from './workflows/engine-operations.ts';
import { createTestKey } from '../app/test-key.ts';
import { startEngine, type Engine } from './workflows/engine.ts';
import { createWorld } from './workflows/world.ts';

const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

type Places = Pick<Engine, 'databaseUrl' | 'keyPem'> & {
  readonly client: { readonly taskQueue: string };
};

/** The compiled program on the engine's database and queue, in a data folder of its own. */
async function program(engine: Places, args: readonly string[]): Promise<ChildProcess> {
  const dataDir = await tempDir();
  const publicPem = createPublicKey(engine.keyPem).export({ type: 'spki', format: 'pem' });
  await writeFile(join(dataDir, 'approval-key.pub.pem'), publicPem);
  const main = join(await programPath(), 'cli', 'main.js');
  const child = spawn(process.execPath, [main, ...args], {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATABASE_URL: engine.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_TASK_QUEUE: engine.client.taskQueue,
      FIREBREAK_DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
    },
  });
  return child;
}

async function deploy(engine: Places, ...flags: string[]): Promise<unknown> {
  const child = await program(engine, ['deploy', '--json', ...flags]);
  const [out] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    once(child, 'exit'),
  ]);
  return z.json().parse(JSON.parse(out));
}

describe('firebreak deploy', () => {
  test('makes the build of the running workers current and takes over open incidents', async () => {
    const engine = await startEngine(
      playbookOf({ isolate: [op.probe('no-share', 'share', 0)] }),
      createWorld({ share: 5 }),
    );
    closers.push(() => engine.stop());
    const code = await readFile(await workflowBundlePath(), 'utf8');
    const later = buildIdOf(code);
    const earlier = { code: `// an earlier release\n${code}`, buildId: 'earlier-release' };
    await engine.stopWorker();
    await engine.startWorker(earlier);
    const incident = await engine.open();
    await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
    expect(await engine.client.describe(incident.id, 1)).toMatchObject({
      buildId: earlier.buildId,
    });

    const worker = await program(engine, ['start', '--role', 'worker', '--json']);
    closers.push(async () => {
      const gone = once(worker, 'exit');
      worker.kill('SIGTERM');
      await gone;
    });
    if (worker.stdout !== null) await once(worker.stdout, 'data');
    expect(await deploy(engine)).toEqual({ buildId: later, adopted: 1 });
    await engine.stopWorker();
    expect(
      await engine.decide(incident, 'ada', { kind: 'severity', severity: 'sev1', reason: 'bad' }),
    ).toMatchObject({ outcome: 'accepted' });
    expect(await engine.client.describe(incident.id, 1)).toMatchObject({ buildId: later });
    const adopted = (await engine.facts(incident)).filter(({ key }) => key.includes('/adopted/'));
    expect(adopted.map(({ data }) => data)).toEqual([{ buildId: later }]);
  });

  test('says that workers are missing, and changes nothing', async () => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const { pem: keyPem } = createTestKey();
    const nobody = { databaseUrl: database.url, keyPem, client: { taskQueue: unique('nobody') } };
    expect(await deploy(nobody, '--wait', '0')).toMatchObject({
      error: { code: 'unavailable', message: expect.stringContaining('start its workers first') },
    });
  });
});
