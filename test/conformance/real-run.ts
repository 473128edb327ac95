import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../app/embedded/port.ts';
import { AppError } from '../../domain/error.ts';
import { startAlertmanager } from './alertmanager/server.ts';
import { removeFolder, serverFolder } from './folder.ts';
import { startCluster } from './kubernetes/cluster.ts';
import { startMlflow } from './mlflow/server.ts';
import { realRunPage } from './real-run-page.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = join(ROOT, 'docs', 'real-run.md');
const TOKEN_BYTES = 24;

interface Closeable {
  stop(): Promise<void>;
}

/** Runs the demo unattended as anybody would; answers what it told. Raises `unavailable` when it does not succeed. */
async function runDemo(flags: readonly string[]): Promise<string> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/run.mjs'), 'cli/main.ts', 'demo', '--exit', ...flags],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe'] },
  );
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
    process.stderr.write(String(chunk));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 0) return told;
  throw new AppError('unavailable', `The demo on real servers ended with ${String(code)}.`);
}

/** Starts the three real servers, runs the demo on them and writes `docs/real-run.md`. Raises what failed. */
export async function runOnRealServers(): Promise<void> {
  const folders: string[] = [];
  const servers: Closeable[] = [];
  const folderOf = async (name: string): Promise<string> => {
    const folder = await serverFolder(name);
    folders.push(folder);
    return folder;
  };
  try {
    const cluster = await startCluster(await folderOf('kubernetes'));
    servers.push(cluster);
    const mlflow = await startMlflow(await folderOf('mlflow'));
    servers.push(mlflow);
    const port = (await freePort()).toString();
    const folder = await folderOf('alertmanager');
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    const url = `http://127.0.0.1:${port}/api/v1/alerts/alertmanager`;
    const alertmanager = await startAlertmanager({
      folder,
      receiver: { url, token },
      groupBy: ['alertname', 'model'],
      groupWaitMs: 1_000,
      groupIntervalMs: 5_000,
      repeatIntervalMs: 3_600_000,
      resolveTimeoutMs: 300_000,
      alertsMax: 0,
    });
    servers.push(alertmanager);
    const told = await runDemo([
      ...['--kubeconfig', cluster.kubeconfig, '--audit-log', cluster.auditLog],
      ...['--mlflow', mlflow.url, '--alertmanager', alertmanager.url],
      ...['--alert-token-file', tokenFile, '--port', port],
    ]);
    await writeFile(PAGE, realRunPage(told, new Date()));
  } finally {
    for (const server of servers.reverse()) await server.stop();
    for (const folder of folders) await removeFolder(folder);
  }
}
