import { connectorModules } from '../connectors/registry.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { loadPlaybookText } from '../playbooks/loader.ts';
import { readTextFile } from '../playbooks/text-file.ts';

/**
 * Loads and checks one playbook file against the manifests of every connector; no connector is loaded. Raises
 * `invalid` when it cannot be read, and with file, line and column for each problem.
 */
export async function checkPlaybookFile(path: string): Promise<PinnedPlaybook> {
  return loadPlaybookText(
    await readTextFile(path),
    path,
    connectorModules.map(({ manifest }) => manifest),
  );
}
