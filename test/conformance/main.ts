// `npm run conformance kubernetes mlflow alertmanager issuer`: the suites against real servers, which are installed first.
// `npm run conformance demo`: the demo on the first three; writes docs/real-run.md.
// `npm run conformance brownfield`: docs/adopt.md on them; writes docs/adopt-run.md.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { isAppError } from '../../domain/error.ts';
import { installAlertmanager } from './alertmanager/server.ts';
import { runAdoption } from './brownfield/run.ts';
import { tell } from './cached.ts';
import { installIssuer } from './issuer/install.ts';
import { buildKubernetes } from './kubernetes/build.ts';
import { installMlflow } from './mlflow/server.ts';
import { runOnRealServers } from './real-run.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const USAGE = 2;

const INSTALL = new Map<string, () => Promise<unknown>>([
  ['kubernetes', buildKubernetes],
  ['mlflow', installMlflow],
  ['alertmanager', installAlertmanager],
  ['issuer', installIssuer],
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

/** Where the main job and the adoption run. */
const WORLD = ['kubernetes', 'mlflow', 'alertmanager'];

/** What runs on that world. */
const RUNS = new Map<string, () => Promise<void>>([
  ['demo', runOnRealServers],
  ['brownfield', runAdoption],
]);

async function run(names: readonly string[]): Promise<number> {
  const known = [...INSTALL.keys(), ...RUNS.keys()];
  const strange = names.find((name) => !known.includes(name));
  if (names.length === 0 || strange !== undefined) {
    tell(`${strange ?? 'nothing'} cannot be run; known are ${known.join(', ')}.`);
    return USAGE;
  }
  const suites = names.filter((name) => INSTALL.has(name));
  const runs = names.flatMap((name) => RUNS.get(name) ?? []);
  const wanted = new Set([...suites, ...(runs.length > 0 ? WORLD : [])]);
  for (const name of wanted) await INSTALL.get(name)?.();
  const code = suites.length === 0 ? 0 : await runSuites(suites);
  for (const runOnAll of runs) await runOnAll();
  return code;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  tell(isAppError(error) ? error.message : String(error));
  process.exitCode = 1;
}
