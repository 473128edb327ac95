import { spawn } from 'node:child_process';
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from './harness.ts';

const SCRIPTS = join(import.meta.dirname, '..', 'scripts');
const TIMEOUT_MS = 60_000;

/** What a program said and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node with exactly this environment and waits for its end. */
export async function runNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** A checkout with our scripts, a lock file, and an npm that only writes down how it was called. */
export async function makeCheckout(
  npm = "mkdirSync('node_modules', { recursive: true });",
): Promise<{
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly setup: (
    flags?: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ) => Promise<Ended>;
}> {
  const root = await tempDir();
  await mkdir(join(root, 'scripts'));
  await cp(join(SCRIPTS, 'setup'), join(root, 'scripts', 'setup'), { recursive: true });
  for (const name of ['setup.mjs', 'run.mjs']) {
    await copyFile(join(SCRIPTS, name), join(root, 'scripts', name));
  }
  await writeFile(join(root, 'package-lock.json'), '{}');
  const npmPath = join(root, 'npm-cli.mjs');
  await writeFile(
    npmPath,
    `import { appendFileSync, mkdirSync } from 'node:fs';
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
console.log('npm says hello');
${npm}
`,
  );
  const environment = { npm_execpath: npmPath, HOME: join(root, 'home'), PATH: '' };
  return {
    root,
    environment,
    setup: (flags = [], extra = {}) =>
      runNode([join(root, 'scripts', 'setup.mjs'), ...flags], { ...environment, ...extra }),
  };
}
