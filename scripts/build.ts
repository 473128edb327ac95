// Makes dist/: the compiled program (what cli/main.ts and the workflows reach, so no tests), the files that it
// reads at run time in the same relative places, and the workflow bundle.
//   node --import tsx scripts/build.ts [FOLDER] [--unchecked]
// FOLDER instead of dist/; --unchecked leaves the types to `npm run check`, for the test of the package.
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildWorkflowBundle } from '../worker/bundle.ts';
import { compile, copyData } from './program.ts';

const ROOT = join(import.meta.dirname, '..');
const [FOLDER] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const CHECKED = !process.argv.includes('--unchecked');
const DIST = resolve(FOLDER ?? join(ROOT, 'dist'));

await rm(DIST, { recursive: true, force: true });
compile('tsconfig.build.json', DIST, CHECKED);
const copied = await copyData(DIST);
const { code, buildId } = await buildWorkflowBundle();
await writeFile(join(DIST, 'workflow-bundle.js'), code);
await chmod(join(DIST, 'cli', 'main.js'), 0o755);
process.stdout.write(`built ${DIST}: ${copied.toString()} data files, workflow build ${buildId}\n`);
