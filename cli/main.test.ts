import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';

// Goal: asking for help is cheap: neither Temporal nor an SDK of a connector is loaded. Method: the real executable
// in its own process, with a loader hook that prints every module it resolves.

const ROOT = join(import.meta.dirname, '..');
const HOOK = `
import { registerHooks, register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    process.stderr.write('loaded ' + found.url + '\\\\n');
    return found;
  }
\`), 'file:///');
`.replace('registerHooks, ', '');

async function execute(args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--import',
      `data:text/javascript,${encodeURIComponent(HOOK)}`,
      join(ROOT, 'cli/main.ts'),
      ...args,
    ],
    { cwd: ROOT, env: { PATH: process.env['PATH'], HOME: process.env['HOME'] } },
  );
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  const loaded = err.split('\n').filter((line) => line.startsWith('loaded '));
  return { out, code, loaded };
}

const HEAVY =
  /node_modules\/(@temporalio|@kubernetes|@slack|nodemailer|pg|fastify|undici|@marcbachmann)\//;

describe('the executable', () => {
  test('--help loads no Temporal, no SDK, no server, no zod', async () => {
    const { code, out, loaded } = await execute(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: firebreak');
    expect(loaded.length).toBeGreaterThan(10);
    expect(loaded.filter((line) => HEAVY.test(line))).toEqual([]);
    expect(loaded.filter((line) => line.includes('/node_modules/zod/'))).toEqual([]);
  });

  test('completion completes commands', async () => {
    const script = await execute(['completion', 'bash']);
    expect(script.out).toContain('complete -F');
    const words = await execute(['complete', '--', 'incident', '']);
    expect(words.out).toContain('stand-down');
  });

  test('playbook validate loads no Temporal and no SDK of a connector', async () => {
    const { code, loaded } = await execute([
      'playbook',
      'validate',
      'playbooks/p2-poisoned-data.yaml',
    ]);
    expect(code).toBe(0);
    const sdk = /node_modules\/(@temporalio|@kubernetes|@slack|nodemailer|pg|fastify|undici)\//;
    expect(loaded.filter((line) => sdk.test(line))).toEqual([]);
  });
});
