import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { digestOf } from '../evidence/digest.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * The playbook that this incident is pinned to; by name while nothing is pinned yet. Raises `invalid` when nobody
 * has it any more, or the rules never had it (a row or a file that somebody changed is not it), and `unavailable` as long
 * as no rules are in force.
 */
export async function pinnedOf(
  deps: ActivityDependencies,
  incident: Incident,
): Promise<PinnedPlaybook> {
  if (deps.rules.number() === null) {
    throw new AppError('unavailable', 'No rules that prove themselves are in force yet.');
  }
  const { playbookDigest, playbookName } = incident;
  const found =
    playbookDigest === null
      ? deps.playbooks().find(({ playbook }) => playbook.name === playbookName)
      : await ofDigest(deps, playbookDigest);
  if (found) return found;
  throw new AppError('invalid', `There is no playbook ${playbookName} that the rules know.`, {
    field: 'playbook',
  });
}

async function ofDigest(
  deps: ActivityDependencies,
  wanted: string,
): Promise<PinnedPlaybook | undefined> {
  const inForce = deps.playbooks().find(({ digest }) => digest === wanted);
  if (inForce) return inForce;
  const [stored, known] = await Promise.all([
    deps.store.playbooks.get(wanted),
    deps.rules.knowsPlaybook(wanted),
  ]);
  return stored !== null && known && digestOf(stored.playbook) === wanted ? stored : undefined;
}
