import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../app/embedded/port.ts';
import { makeOnce, realFolder, tell } from '../cached.ts';
import { runCommand } from '../command.ts';
import { answers, startServer } from '../server.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const INSTALL_WITHIN_MS = 900_000;

/** A real server that a suite or the demo talks to. */
export interface RealAddress {
  readonly url: string;
  stop(): Promise<void>;
}

/** Installs MLflow's server into a Python environment of its own, from the pinned list. Raises `unavailable`. */
export async function installMlflow(): Promise<void> {
  const folder = realFolder('mlflow');
  const requirements = await readFile(REQUIREMENTS, 'utf8');
  await makeOnce(folder, requirements, async () => {
    tell('installing MLflow; the first time takes about two minutes');
    const venv = join(folder, 'venv');
    const shared = { cwd: folder, timeoutMs: INSTALL_WITHIN_MS };
    await runCommand({ ...shared, program: 'python3', args: ['-m', 'venv', venv] });
    await runCommand({
      ...shared,
      program: join(venv, 'bin', 'python'),
      args: ['-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', REQUIREMENTS],
    });
  });
}

/** Starts a tracking server with registry and artefact proxy on SQLite, in a folder. Raises `unavailable`. */
export async function startMlflow(folder: string): Promise<RealAddress> {
  await installMlflow();
  const port = (await freePort()).toString();
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'mlflow',
    program: join(realFolder('mlflow'), 'venv', 'bin', 'mlflow'),
    args: [
      'server',
      '--backend-store-uri',
      `sqlite:///${join(folder, 'mlflow.db')}`,
      '--artifacts-destination',
      join(folder, 'artifacts'),
      '--host',
      '127.0.0.1',
      '--port',
      port,
      '--workers',
      '1',
    ],
    environment: {
      PATH: `${join(realFolder('mlflow'), 'venv', 'bin')}:/usr/bin:/bin`,
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: 'true',
    },
    folder,
    ready: () => answers(`${url}/health`),
  });
  return { url, stop: () => server.stop() };
}
