import type { Actor } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { rolesOnModel } from '../domain/grant.ts';
import { UPDATING_ROLES, type StakeholderUpdate } from '../domain/stakeholder-update.ts';
import type { Tables } from '../store/tables.ts';
import type { Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';

/** What a person wants done with a draft: send the text with this digest, or leave it out for this reason. */
export type UpdateAnswer =
  | { readonly kind: 'send'; readonly textSha256: string }
  | { readonly kind: 'skip'; readonly reason: string };

const STATES = { send: 'released', skip: 'skipped' } as const;

/** Raises `unauthorized` for who may not, by what they hold on the incident now, and `not_found` where that is nothing. */
async function requireUpdater(
  { holding, tables }: Pick<ApiDependencies, 'holding'> & { readonly tables: Tables },
  { incidentId }: StakeholderUpdate,
  { actor, caller }: By,
): Promise<void> {
  const [person, incident] = await Promise.all([
    tables.people.get(actor.person),
    tables.incidents.get(incidentId),
  ]);
  const isActive = person?.active === true;
  const roles = isActive ? rolesOnModel(person, incident?.model ?? null, holding.written()) : [];
  if (isActive && roles.length === 0) {
    throw new AppError('not_found', 'There is no such update.');
  }
  const may = roles.some((role) => UPDATING_ROLES.some((one) => one === role));
  if (may && caller.canApprove) return;
  throw new AppError('unauthorized', 'You may not send or leave out updates.', {
    permission: `one of ${UPDATING_ROLES.join(', ')}, with a token that may approve`,
  });
}

/** Raises `conflict` for an update that is not what the person read, or not the newest one any more. */
async function requireCurrent(
  tables: Tables,
  update: StakeholderUpdate,
  answer: UpdateAnswer,
): Promise<void> {
  if (update.state !== 'drafted') {
    const by = update.settledBy ?? 'nobody';
    throw new AppError('conflict', `This update was ${update.state} by ${by} already.`);
  }
  if (answer.kind === 'skip') return;
  if (answer.textSha256 !== update.textSha256) {
    throw new AppError('conflict', 'This is not the text of the update: read it again.', {
      field: 'body.textSha256',
    });
  }
  const all = await tables.updates.ofIncident(update.incidentId);
  const newer = all.find((one) => {
    return one.audience === update.audience && one.ordinal > update.ordinal;
  });
  if (newer === undefined) return;
  throw new AppError('conflict', `This update is out of date: ${newer.id} replaced it.`);
}

/** True for the second try of a request that was carried out. */
function isDone(update: StakeholderUpdate, answer: UpdateAnswer, { actor }: By): boolean {
  const isSame =
    answer.kind === 'send'
      ? answer.textSha256 === update.textSha256
      : answer.reason === update.reason;
  return isSame && update.state === STATES[answer.kind] && update.settledBy === actor.person;
}

/** Who answers, through which door. */
interface By {
  readonly actor: Actor;
  readonly caller: Caller;
}

/**
 * Settles a draft, once, under its lock. Raises `not_found`, also for whose incident it is not, `unauthorized` for who lost the role meanwhile and for tokens that
 * approve nothing, `conflict` for one that is settled, replaced, or not what was read.
 */
export function settleUpdate(
  { store, clock, holding }: Pick<ApiDependencies, 'store' | 'clock' | 'holding'>,
  { id, answer }: { readonly id: string; readonly answer: UpdateAnswer },
  by: By,
): Promise<StakeholderUpdate> {
  return store.transaction(async (tables) => {
    const update = await tables.updates.lock(id);
    await requireUpdater({ tables, holding }, update, by);
    if (isDone(update, answer, by)) return update;
    await requireCurrent(tables, update, answer);
    return tables.updates.settle(id, {
      state: STATES[answer.kind],
      at: clock().toISOString(),
      by: by.actor.person,
      through: by.actor.channel,
      reason: answer.kind === 'skip' ? answer.reason : null,
    });
  });
}
