import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * The playbook that this incident is pinned to; by name while nothing is pinned yet. Raises `invalid` when nobody
 * has it any more.
 */
export async function pinnedOf(
  deps: ActivityDependencies,
  incident: Incident,
): Promise<PinnedPlaybook> {
  if (incident.playbookDigest !== null) {
    const loaded = deps.playbooks.find(({ digest }) => digest === incident.playbookDigest);
    const pinned = loaded ?? (await deps.store.playbooks.get(incident.playbookDigest));
    if (pinned) return pinned;
  }
  const named = deps.playbooks.find(({ playbook }) => playbook.name === incident.playbookName);
  if (named && incident.playbookDigest === null) return named;
  throw new AppError('invalid', `There is no playbook ${incident.playbookName}.`, {
    field: 'playbook',
  });
}
