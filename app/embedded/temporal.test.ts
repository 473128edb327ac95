// Goal: the embedded Temporal server survives its own crash and ours, keeps its file whatever happens,
// and leaves nothing behind. Method: real dev servers on temporary folders, killed and misled; what
// they hold is read back by the upstream command line.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { closersAfterEach } from '../../test/closers.ts';
import { startHolder, tempDir, temporalCliPath } from '../../test/harness.ts';
import { lockDataFolder } from './lock.ts';
import { findProcesses, processIdentity, waitUntilGone } from './process-identity.ts';
import { readTemporalRecord, writeTemporalRecord } from './temporal-file.ts';
import { answersFor } from './temporal-health.ts';
import { startEmbeddedTemporal, type EmbeddedTemporal } from './temporal.ts';

const run = promisify(execFile);
const SETTLE_MS = 30_000;
const closers = closersAfterEach();

interface Started extends EmbeddedTemporal {
  readonly lines: readonly string[];
}

async function start(dataDir: string, ui = false): Promise<Started> {
  const lock = lockDataFolder(dataDir);
  const lines: string[] = [];
  closers.push(() => {
    lock.release();
    return Promise.resolve();
  });
  const temporal = await startEmbeddedTemporal({
    dataDir,
    cliPath: temporalCliPath(),
    lock,
    log: (line) => lines.push(line),
    ui,
    durable: false,
    orphanGraceSeconds: 0,
  });
  closers.push(temporal.stop);
  const stop = async (): Promise<void> => {
    await temporal.stop();
    lock.release();
  };
  return { ...temporal, stop, lines };
}

async function ask(temporal: EmbeddedTemporal, ...parts: readonly string[]): Promise<string> {
  const { stdout } = await run(temporalCliPath(), [...parts, '--address', temporal.address], {
    env: { HOME: '/nonexistent' },
    timeout: SETTLE_MS,
  });
  return stdout;
}

async function untilItAnswers(address: string): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  while (!(await answersFor(address, 'default'))) {
    if (Date.now() > deadline) throw new Error('Temporal did not come back.');
  }
}

function runsOn(dataDir: string): number {
  return findProcesses(
    (command) => command.includes(`start-dev `) && command.includes(`${dataDir}/temporal.db`),
  ).length;
}

const attributes = ['AlertCount', 'IncidentState', 'Model', 'Playbook', 'Severity'];

describe('the embedded Temporal server', () => {
  test('has our search attributes, a long retention, and a page when asked', async () => {
    const dataDir = await tempDir();
    const temporal = await start(dataDir, true);
    const listed = await ask(temporal, 'operator', 'search-attribute', 'list');
    for (const name of attributes) expect(listed).toMatch(new RegExp(`${name}\\s+(Keyword|Int)`));
    const namespace = await ask(
      temporal,
      'operator',
      'namespace',
      'describe',
      '-n',
      'default',
      '-o',
      'json',
    );
    expect(namespace).toContain('7776000s');
    expect((await fetch(temporal.uiUrl ?? '')).status).toBe(200);
    await temporal.stop();
    expect(runsOn(dataDir)).toBe(0);
    expect(await answersFor(temporal.address, 'default')).toBe(false);
  });

  test('registers missing search attributes on a file that exists', async () => {
    const dataDir = await tempDir();
    const first = await start(dataDir);
    await ask(first, 'operator', 'search-attribute', 'remove', '--name', 'Model', '--yes');
    await first.stop();
    const second = await start(dataDir);
    expect(second.address).toBe(first.address);
    expect(await ask(second, 'operator', 'search-attribute', 'list')).toMatch(/Model\s+Keyword/);
  });

  test('is started again on the same port with its runs when it is killed', async () => {
    const dataDir = await tempDir();
    const temporal = await start(dataDir);
    await ask(
      temporal,
      'workflow',
      'start',
      '--type',
      'x',
      '--task-queue',
      'x',
      '--workflow-id',
      'kept',
    );
    const before = temporal.identity();
    process.kill(before.pid, 'SIGKILL');
    await waitUntilGone(before, SETTLE_MS);
    await untilItAnswers(temporal.address);
    const described = await ask(
      temporal,
      'workflow',
      'describe',
      '--workflow-id',
      'kept',
      '-o',
      'json',
    );
    const { workflowExecutionInfo } = z
      .object({ workflowExecutionInfo: z.object({ status: z.string() }) })
      .parse(JSON.parse(described));
    expect(workflowExecutionInfo.status).toMatch(/RUNNING/i);
    await temporal.stop();
    expect(runsOn(dataDir)).toBe(0);
  });

  test('is adopted after our own death when the record matches in all', async () => {
    const dataDir = await tempDir();
    const holder = await startHolder({ dataDir, what: 'temporal' });
    await holder.kill();
    const temporal = await start(dataDir);
    expect(temporal.adopted).toBe(true);
    expect(temporal.identity().pid).toBe(holder.said.pid);
  });

  test('is replaced when the record does not match, never joined by a second one', async () => {
    const dataDir = await tempDir();
    const holder = await startHolder({ dataDir, what: 'temporal' });
    await holder.kill();
    const record = readTemporalRecord(dataDir);
    if (record === null) throw new Error('no record');
    writeTemporalRecord(dataDir, { ...record, startedAt: 'another start' });
    const temporal = await start(dataDir);
    expect(temporal.adopted).toBe(false);
    expect(processIdentity(holder.said.pid ?? 0)).toBeNull();
    expect(runsOn(dataDir)).toBe(1);
  });

  test('stops by itself when a killed Firebreak does not come back', async () => {
    const dataDir = await tempDir();
    const holder = await startHolder({ dataDir, what: 'temporal', graceSeconds: 0 });
    const identity = processIdentity(holder.said.pid ?? 0);
    expect(identity).not.toBeNull();
    await holder.kill();
    if (identity !== null) expect(await waitUntilGone(identity, SETTLE_MS)).toBe(true);
  });

  test('copies its file before another version of the server opens it', async () => {
    const dataDir = await tempDir();
    await (await start(dataDir)).stop();
    const record = readTemporalRecord(dataDir);
    if (record === null) throw new Error('no record');
    writeTemporalRecord(dataDir, { ...record, cliVersion: '1.8.2' });
    const temporal = await start(dataDir);
    const copies = readdirSync(dataDir).filter((name) =>
      name.startsWith('temporal.db.copy-1.8.2-'),
    );
    expect(copies).toHaveLength(1);
    expect(existsSync(join(dataDir, copies[0] ?? '', 'temporal.db'))).toBe(true);
    expect(temporal.lines.join()).toContain('copied');
  });

  test('sets a file that does not open aside, whole, and starts on a fresh one', async () => {
    const dataDir = await tempDir();
    writeFileSync(join(dataDir, 'temporal.db'), 'this is no database');
    const temporal = await start(dataDir);
    await untilItAnswers(temporal.address);
    const [aside = ''] = readdirSync(dataDir).filter((name) => name.includes('.set-aside-'));
    expect(readFileSync(join(dataDir, aside, 'temporal.db'), 'utf8')).toBe('this is no database');
  });
});
