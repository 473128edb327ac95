// The compiled program: what its project reaches, and the files that it reads at run time in the same relative places.
import { spawnSync } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** Folders whose files are read at run time, and by what ending. */
const READ_AT_RUN_TIME = ['store', 'playbooks', 'regimes', 'lab', 'connectors', 'app'];
const ENDINGS = new Set(['.sql', '.yaml', '.json']);
const TEST_FOLDERS = new Set(['fixtures']);

/** Compiles a project of this checkout into a folder. Raises when it does not compile. */
export function compile(project: string, folder: string, checked: boolean): void {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = ['-p', project, '--outDir', folder, ...(checked ? [] : ['--noCheck'])];
  const { status } = spawnSync(process.execPath, [tsc, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('The program does not compile.');
}

async function copyFrom(source: string, folder: string): Promise<number> {
  const entries = await readdir(join(ROOT, source), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && ENDINGS.has(extname(entry.name)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => TEST_FOLDERS.has(part)));
  for (const file of files) await cp(join(ROOT, file), join(folder, file));
  return files.length;
}

/** Copies what the program reads at run time beside it; answers how many files that are. */
export async function copyData(folder: string): Promise<number> {
  let copied = 0;
  for (const source of READ_AT_RUN_TIME) copied += await copyFrom(source, folder);
  return copied;
}
