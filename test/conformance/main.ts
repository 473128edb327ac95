// `npm run conformance kubernetes mlflow alertmanager`: the suites against real servers, which are installed first.
// `npm run conformance demo`: the demo on all three of them; writes docs/real-run.md.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { isAppError } from '../../domain/error.ts';
import { installAlertmanager } from './alertmanager/server.ts';
import { tell } from './cached.ts';
import { buildKubernetes } from './kubernetes/build.ts';
import { installMlflow } from './mlflow/server.ts';
import { runOnRealServers } from './real-run.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const USAGE = 2;

const INSTALL = new Map<string, () => Promise<void>>([
  ['kubernetes', buildKubernetes],
  ['mlflow', installMlflow],
  ['alertmanager', installAlertmanager],
]);

function runSuites(names: readonly string[]): Promise<number> {
  const config = join(import.meta.dirname, 'jest.config.js');
  const suites = names.map((name) => `test/conformance/${name}\\.test\\.ts$`);
  const child = spawn(
    process.execPath,
    [join(ROOT, 'scripts/run.mjs'), '--jest', '--config', config, ...suites],
    { cwd: ROOT, stdio: 'inherit' },
  );
  return new Promise((resolve) => {
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

async function run(names: readonly string[]): Promise<number> {
  const known = [...INSTALL.keys(), 'demo'];
  const strange = names.find((name) => !known.includes(name));
  if (names.length === 0 || strange !== undefined) {
    tell(`${strange ?? 'nothing'} cannot be run; known are ${known.join(', ')}.`);
    return USAGE;
  }
  const suites = names.filter((name) => INSTALL.has(name));
  const wanted = names.includes('demo') ? [...INSTALL.keys()] : suites;
  for (const name of wanted) await INSTALL.get(name)?.();
  const code = suites.length === 0 ? 0 : await runSuites(suites);
  if (names.includes('demo')) await runOnRealServers();
  return code;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  tell(isAppError(error) ? error.message : String(error));
  process.exitCode = 1;
}
