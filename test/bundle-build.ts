// Builds the workflow bundle of a test run into the file named by the argument; it appears whole, or
// `<file>.error` says why not. A process of its own: bundling blocks for seconds, and a run that ends
// early just kills it.
import { rename, writeFile } from 'node:fs/promises';
import { buildWorkflowBundle } from '../worker/bundle.ts';

const [, , path = ''] = process.argv;
try {
  const { code } = await buildWorkflowBundle();
  await writeFile(`${path}.draft`, code);
  await rename(`${path}.draft`, path);
} catch (error) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await writeFile(`${path}.error`, reason);
}
