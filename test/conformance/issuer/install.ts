import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOnce, realFolder, tell } from '../cached.ts';
import { runCommand } from '../command.ts';

const FILES = join(import.meta.dirname, 'program');
const LOCK = 'package-lock.json';
const PROGRAM = 'main.mjs';
const INSTALL_WITHIN_MS = 300_000;

/** Installs npm's `oidc-provider` by the lock file of its own; answers the program that starts it. Raises `unavailable`. */
export async function installIssuer(): Promise<string> {
  const folder = realFolder('issuer');
  const lock = await readFile(join(FILES, LOCK), 'utf8');
  await makeOnce(folder, lock, async () => {
    tell('installing an OpenID provider');
    for (const name of ['package.json', LOCK]) {
      await copyFile(join(FILES, name), join(folder, name));
    }
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    await runCommand({ program: 'npm', args, cwd: folder, timeoutMs: INSTALL_WITHIN_MS });
  });
  // A module finds what it imports beside itself.
  const program = join(folder, PROGRAM);
  await copyFile(join(FILES, PROGRAM), program);
  return program;
}
