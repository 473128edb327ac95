import { readFile } from 'node:fs/promises';
import { connectorModules } from '../connectors/registry.ts';
import { AppError } from '../domain/error.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { loadPlaybookText } from '../playbooks/loader.ts';

/**
 * Loads and checks one playbook file against the manifests of every connector; no connector is loaded. Raises
 * `not_found` when it cannot be read, `invalid` with file, line and column for each problem.
 */
export async function checkPlaybookFile(path: string): Promise<PinnedPlaybook> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('not_found', `The playbook file ${path} cannot be read.`, {
      field: path,
      cause,
    });
  });
  return loadPlaybookText(
    text,
    path,
    connectorModules.map(({ manifest }) => manifest),
  );
}
