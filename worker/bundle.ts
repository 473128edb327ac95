import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** A workflow bundle and the id of its build: the same code gives the same id. */
export interface WorkflowBundle {
  readonly code: string;
  /** First 16 hex digits of the code's SHA-256. */
  readonly buildId: string;
}

const BUILD_ID_LENGTH = 16;
const BUNDLE_FILE = 'workflow-bundle.js';

/** The id of a bundle's code. */
export function buildIdOf(code: string): string {
  // Source maps hold absolute paths: the same code in two folders is the same build.
  const [body = code] = code.split('\n//# sourceMappingURL=');
  return createHash('sha256').update(body).digest('hex').slice(0, BUILD_ID_LENGTH);
}

/** Bundles `workflows/index.ts` (or the emitted `.js` beside it). Takes one to three seconds. */
export async function buildWorkflowBundle(): Promise<WorkflowBundle> {
  const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
  const moduleOf = (name: string): string =>
    join(import.meta.dirname, '..', 'workflows', `${name}.${extension}`);
  const { code } = await bundleWorkflowCode({
    workflowsPath: moduleOf('index'),
    preloadModules: [moduleOf('short-stacks')],
    logger: {
      log: () => undefined,
      trace: () => undefined,
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    },
  });
  return { code, buildId: buildIdOf(code) };
}

/** The bundle that the build wrote beside the program, or a fresh one when running from source. */
export async function loadWorkflowBundle(): Promise<WorkflowBundle> {
  return (await readBuilt()) ?? buildWorkflowBundle();
}

async function readBuilt(): Promise<WorkflowBundle | null> {
  try {
    const code = await readFile(join(import.meta.dirname, '..', BUNDLE_FILE), 'utf8');
    return { code, buildId: buildIdOf(code) };
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return null;
    throw error;
  }
}
