// Runs a program of this checkout with an allow-list environment:
//   node scripts/run.mjs cli/main.ts demo …      from source
//   node scripts/run.mjs --jest [arguments]      the tests
import { clearInterval, setInterval } from 'node:timers';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allowedEnvironment } from './setup/environment.mjs';
import { installer, use } from './setup/in-use.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PARENT_POLL_MS = 500;

function fail(message) {
  process.stderr.write(`run: ${message}\n`);
  process.exit(2);
}

function childArguments([first, ...rest]) {
  if (first === undefined) fail('name a program, or --jest.');
  if (first === '--jest') {
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
    return ['--experimental-vm-modules', '--no-warnings', jest, ...rest];
  }
  return ['--import', 'tsx', join(ROOT, first), ...rest];
}

const args = childArguments(process.argv.slice(2));
const release = use(ROOT, process.argv.slice(2).join(' ').slice(0, 80));
const installing = installer(ROOT);
if (installing !== null) {
  release();
  fail(`process ${installing.pid} installs the packages; run this again when it is done.`);
}

const child = spawn(process.execPath, args, {
  cwd: ROOT,
  stdio: 'inherit',
  env: allowedEnvironment(process.env),
});
// A terminal sends Ctrl-C to the whole group, so the child has it already; a second one would mean
// "at once" to it.
const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
process.on('SIGINT', () => {
  if (!hasTerminal) child.kill('SIGINT');
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

// `npm run` puts a shell between us and npm that dies of a signal without passing it on.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill('SIGTERM');
  }, PARENT_POLL_MS);
  timer.unref();
}

child.once('error', (error) => {
  release();
  fail(error.message);
});
child.once('exit', (code, signal) => {
  release();
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
