import type { HaltSubject } from '../domain/halt.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { LoadedInstances } from './connector-instances.ts';

/** What an installation knows by name. */
export interface KnownNames {
  readonly playbooks: readonly PinnedPlaybook[];
  readonly inventory: readonly InventoryEntry[];
  readonly instances: Pick<LoadedInstances, 'all'>;
}

/** Whether anything of this name is configured: a halt of another name stops nothing yet, and people are told so. */
export function knowsSubject(
  { playbooks, inventory, instances }: KnownNames,
  { scope, subject }: HaltSubject,
): boolean {
  switch (scope) {
    case 'all':
      return true;
    case 'playbook':
      return playbooks.some(({ playbook }) => playbook.name === subject);
    case 'model':
      return inventory.some(
        ({ model, registryName }) => model === subject || registryName === subject,
      );
    case 'namespace':
      return inventory.some(({ serving }) =>
        serving.some(({ namespace }) => namespace === subject),
      );
    case 'connector':
      return instances.all.some(
        ({ name, connector }) => name === subject || connector.name === subject,
      );
  }
}
