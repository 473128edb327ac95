// Makes dist/: the compiled program (what cli/main.ts and the workflows reach, so no tests), the files that it
// reads at run time in the same relative places, and the workflow bundle.
//   node --import tsx scripts/build.ts [FOLDER] [--unchecked]
// FOLDER instead of dist/; --unchecked leaves the types to `npm run check`, for the test of the package.
import { spawnSync } from 'node:child_process';
import { chmod, cp, readdir, rm, writeFile } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { buildWorkflowBundle } from '../worker/bundle.ts';

const ROOT = join(import.meta.dirname, '..');
const [FOLDER] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const UNCHECKED = process.argv.includes('--unchecked');
const DIST = resolve(FOLDER ?? join(ROOT, 'dist'));
/** Folders whose files are read at run time, and by what ending. */
const READ_AT_RUN_TIME = ['store', 'playbooks', 'regimes', 'lab', 'connectors', 'app'];
const ENDINGS = new Set(['.sql', '.yaml', '.json']);
const TEST_FOLDERS = new Set(['fixtures']);

function compile(): void {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = ['-p', 'tsconfig.build.json', '--outDir', DIST, ...(UNCHECKED ? ['--noCheck'] : [])];
  const { status } = spawnSync(process.execPath, [tsc, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('The program does not compile.');
}

async function copyData(folder: string): Promise<number> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && ENDINGS.has(extname(entry.name)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => TEST_FOLDERS.has(part)));
  for (const file of files) await cp(join(ROOT, file), join(DIST, file));
  return files.length;
}

await rm(DIST, { recursive: true, force: true });
compile();
let copied = 0;
for (const folder of READ_AT_RUN_TIME) copied += await copyData(folder);
const { code, buildId } = await buildWorkflowBundle();
await writeFile(join(DIST, 'workflow-bundle.js'), code);
await chmod(join(DIST, 'cli', 'main.js'), 0o755);
process.stdout.write(`built ${DIST}: ${copied.toString()} data files, workflow build ${buildId}\n`);
