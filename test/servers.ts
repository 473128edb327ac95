// The one Postgres and the one Temporal server of a test run, in a process of their own: when jest
// ends, however it ends, the pipe on our standard input closes and everything is stopped and removed.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../app/cache-folder.ts';
import { startEmbeddedServers } from '../app/embedded/servers.ts';
import { findTemporalCli, findTemporalTestServer } from '../app/embedded/temporal-cli.ts';

async function untilInputCloses(): Promise<void> {
  process.stdin.resume();
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('error', resolve);
    process.stdin.once('close', resolve);
  });
}

/** Builds workflow bundle and program beside the running tests; the answer ends that. */
function build(bundlePath: string, programPath: string): () => Promise<void> {
  const builder = join(import.meta.dirname, 'build.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', builder, bundlePath, programPath], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  return () => {
    child.kill('SIGKILL');
    return gone;
  };
}

async function main(): Promise<void> {
  const cacheDir = cacheFolder(process.env);
  const closed = untilInputCloses();
  const dataDir = mkdtempSync(join(tmpdir(), 'firebreak-test-'));
  chmodSync(dataDir, 0o711);
  try {
    const cli = await findTemporalCli({
      cliPath: process.env['TEMPORAL_CLI_PATH'] ?? null,
      searchPath: process.env['PATH'] ?? '',
      cacheDir,
    });
    const testServer = await findTemporalTestServer({
      serverPath: process.env['TEMPORAL_TEST_SERVER_PATH'] ?? null,
      searchPath: process.env['PATH'] ?? '',
      cacheDir,
    });
    const servers = await startEmbeddedServers({
      dataDir,
      cacheDir,
      log: (line) => {
        process.stderr.write(`${line}\n`);
      },
      temporal: { cli, ui: false },
      durable: false,
      orphanGraceSeconds: 0,
    });
    try {
      const bundlePath = join(dataDir, 'workflow-bundle.js');
      const programPath = join(dataDir, 'program');
      const ready = {
        databaseUrl: servers.postgres?.url,
        temporalAddress: servers.temporal?.address,
        temporalCliPath: cli.path,
        testServerPath: testServer,
        bundlePath,
        programPath,
      };
      process.stdout.write(`${JSON.stringify(ready)}\n`);
      const endBuild = build(bundlePath, programPath);
      await closed;
      await endBuild();
    } finally {
      await servers.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

// Whoever ends the test run closes our input; a signal to the whole group must not overtake that.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  process.stdin.destroy();
});
process.stdout.on('error', () => undefined);
try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
process.exit(0);
