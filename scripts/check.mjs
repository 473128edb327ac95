// Everything about the code that needs no run: format, types, lint, dead code. Each is run even when an
// earlier one failed, so that one look shows all there is to do; the last line says which failed.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

/** The file that a package's command starts. */
const command = (name, bin = name) => {
  const manifest = require(`${root}/node_modules/${name}/package.json`);
  const file = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[bin];
  return join(root, 'node_modules', name, file);
};

const checks = [
  { name: 'format', file: command('prettier'), args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'types', file: command('typescript', 'tsc'), args: ['--noEmit'] },
  {
    name: 'lint',
    file: command('eslint'),
    args: ['.', '--max-warnings', '0', '--concurrency', '2'],
  },
  { name: 'knip', file: command('knip'), args: ['--no-progress'] },
];

const failed = [];
for (const { name, file, args } of checks) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) failed.push(name);
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
}
console.log(failed.length === 0 ? 'check: ok' : `check: FAILED (${failed.join(', ')})`);
process.exitCode = failed.length === 0 ? 0 : 1;
