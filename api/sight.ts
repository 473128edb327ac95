import type { Approval, Role } from '../domain/approval.ts';
import { AppError } from '../domain/error.ts';
import { modelsSeen, rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import type { Store } from '../store/tables.ts';
import type { Holding } from './admission.ts';
import { READERS, type Caller } from './auth.ts';

/** What tells whose incidents these are. */
export interface SightDependencies {
  readonly store: Pick<Store, 'incidents' | 'approvals'>;
  readonly holding: Pick<Holding, 'written'>;
}

/** One thing that somebody asks for, by its id. */
export interface Asked {
  readonly id: string;
  readonly caller: Pick<Caller, 'person'>;
}

/**
 * The one answer to whether somebody may look at an incident, or act on it by one of these roles. Raises `not_found`, as for one that
 * is not there, when they hold no role on it at all, and `unauthorized` when they hold others.
 */
export function requireSight<T extends Pick<Incident, 'model'>>(
  { holding }: Pick<SightDependencies, 'holding'>,
  incident: T | null,
  by: { readonly caller: Pick<Caller, 'person'>; readonly access?: readonly Role[] },
): T {
  const { caller, access = READERS } = by;
  const roles =
    incident === null ? [] : rolesOnModel(caller.person, incident.model, holding.written());
  if (incident === null || roles.length === 0) {
    throw new AppError('not_found', 'There is no such incident.');
  }
  if (roles.some((role) => access.includes(role))) return incident;
  throw new AppError('unauthorized', 'Your roles on this incident do not allow this.', {
    permission: `one of ${access.join(', ')}`,
  });
}

/** The incident, for somebody who may. Raises what `requireSight` raises. */
export async function requireIncident(
  dependencies: SightDependencies,
  { id, caller }: Asked,
  access: readonly Role[] = READERS,
): Promise<Incident> {
  const incident = await dependencies.store.incidents.get(id);
  return requireSight(dependencies, incident, { caller, access });
}

/** The approval, for somebody who may look at its incident. Raises `not_found`. */
export async function requireApproval(
  dependencies: SightDependencies,
  { id, caller }: Asked,
): Promise<Approval> {
  const approval = await dependencies.store.approvals.get(id);
  const incident =
    approval === null ? null : await dependencies.store.incidents.get(approval.incidentId);
  if (approval !== null && incident !== null && sees(dependencies, caller, incident)) {
    return approval;
  }
  throw new AppError('not_found', 'There is no such approval.');
}

/** The update, for somebody who may look at its incident, or act on it by one of these roles. Raises `not_found` and `unauthorized`. */
export async function requireUpdate(
  dependencies: SightDependencies & { readonly store: Pick<Store, 'updates'> },
  { id, caller }: Asked,
  access: readonly Role[] = READERS,
): Promise<StakeholderUpdate> {
  const update = await dependencies.store.updates.get(id);
  const incident =
    update === null ? null : await dependencies.store.incidents.get(update.incidentId);
  if (update === null || incident === null || !sees(dependencies, caller, incident)) {
    throw new AppError('not_found', 'There is no such update.');
  }
  requireSight(dependencies, incident, { caller, access });
  return update;
}

/** True when somebody holds any role on an incident. */
export function sees(
  { holding }: Pick<SightDependencies, 'holding'>,
  { person }: Pick<Caller, 'person'>,
  { model }: Pick<Incident, 'model'>,
): boolean {
  return rolesOnModel(person, model, holding.written()).length > 0;
}

/** The models whose incidents somebody's lists are about; null: all. */
export function seenModels(
  { holding }: Pick<SightDependencies, 'holding'>,
  { person }: Pick<Caller, 'person'>,
): readonly string[] | null {
  return modelsSeen(person, holding.written());
}
