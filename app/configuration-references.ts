import { join } from 'node:path';
import { connectorModules } from '../connectors/registry.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import type { ConfigurationReferences } from './config-file.ts';
import type { Environment } from './environment.ts';

/** Playbooks beside the program. */
export const PLAYBOOKS_DIR = join(import.meta.dirname, '..', 'playbooks');

/** What a configuration file may refer to: every connector, the playbooks of a folder, the environment. */
export async function configurationReferences(
  environment: Environment,
  playbooksDir: string = PLAYBOOKS_DIR,
): Promise<ConfigurationReferences> {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const pinned = await loadPlaybooks(playbooksDir, manifests);
  return { manifests, playbooks: pinned.map(({ playbook }) => playbook.name), environment };
}
