// Builds what a test run needs: the workflow bundle into the file named by the first argument, and then the program with
// the process of the crash tests into the folder named by the second. Each appears whole, or `<name>.error` says why not.
// A process of its own: building blocks for seconds, and a run that ends early just kills it.
import { copyFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, copyData } from '../scripts/program.ts';
import { buildWorkflowBundle } from '../worker/bundle.ts';

const ROOT = join(import.meta.dirname, '..');
const [, , bundle = '', program = ''] = process.argv;

async function build(path: string, into: (draft: string) => Promise<void>): Promise<void> {
  try {
    await into(`${path}.draft`);
    await rename(`${path}.draft`, path);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await writeFile(`${path}.error`, reason);
  }
}

await build(bundle, async (draft) => {
  const { code } = await buildWorkflowBundle();
  await writeFile(draft, code);
});
await build(program, async (draft) => {
  compile(join('test', 'tsconfig.json'), draft, false);
  await copyData(draft);
  await copyFile(bundle, join(draft, 'workflow-bundle.js'));
  await copyFile(join(ROOT, 'package.json'), join(draft, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(draft, 'node_modules'), 'junction');
});
