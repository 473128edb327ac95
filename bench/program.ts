import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/**
 * Builds the program as it is shipped, with the playbooks of the benchmark among its own; answers where it is. Run from
 * its sources it would hold what translates them as well.
 */
export async function buildProgram(folder: string): Promise<string> {
  const program = join(folder, 'program');
  const build = join(ROOT, 'scripts', 'build.ts');
  const args = ['--import', import.meta.resolve('tsx'), build, program, '--unchecked'];
  const building = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  await once(building, 'exit');
  if (building.exitCode !== 0) throw new Error('The program cannot be built.');
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const name of ['five-steps.yaml', 'asked.yaml']) {
    await copyFile(join(import.meta.dirname, name), join(program, 'playbooks', name));
  }
  return program;
}
