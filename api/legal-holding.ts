import type { Actor } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import {
  isReleasedBy,
  RELEASE_QUORUM,
  type HoldRelease,
  type HoldSubject,
  type LegalHold,
} from '../domain/legal-hold.ts';
import type { Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'newId' | 'clock'>;

/** Places a hold, at once and durably. Raises `not_found` for an incident that is not there. */
export async function placeHold(
  { store, newId, clock }: Dependencies,
  { scope, subject, reason }: HoldSubject & { readonly reason: string },
  { person, channel }: Actor,
): Promise<LegalHold> {
  if (scope === 'incident' && (await store.incidents.get(subject)) === null) {
    throw new AppError('not_found', 'There is no such incident.', { field: 'body.subject' });
  }
  const placedAt = clock().toISOString();
  const hold = { scope, subject, reason, placedBy: person, channel, placedAt };
  return store.legalHolds.place({ id: newId(), ...hold });
}

/** A hold with every word that it shall end. */
export interface HoldWithWords {
  readonly hold: LegalHold;
  readonly words: readonly HoldRelease[];
}

/**
 * Takes one person's word that a hold shall end, under its lock; with a second one of the other role it ends. Raises
 * `unauthorized` for who lost the role meanwhile and for tokens that approve nothing, `conflict` when it ended before,
 * `not_found`.
 */
export function releaseHold(
  { store, clock }: Dependencies,
  release: { readonly holdId: string; readonly reason: string },
  by: { readonly actor: Actor; readonly caller: Caller },
): Promise<HoldWithWords> {
  const { holdId, reason } = release;
  return store.transaction(async (tables) => {
    const [hold, person] = await Promise.all([
      tables.legalHolds.lock(holdId),
      tables.people.get(by.actor.person),
    ]);
    const mayEnd = person?.roles.some((role) => RELEASE_QUORUM.roles.includes(role)) === true;
    if (person?.active !== true || !mayEnd || !by.caller.canApprove) {
      throw new AppError('unauthorized', 'You may not say that a legal hold shall end.', {
        permission: `${RELEASE_QUORUM.roles.join(' or ')}, with a token that may approve`,
      });
    }
    if (hold.releasedAt !== null) {
      throw new AppError('conflict', `This legal hold ended at ${hold.releasedAt}.`);
    }
    const now = clock();
    const at = now.toISOString();
    const { roles } = person;
    const { channel } = by.actor;
    await tables.legalHolds.say({ holdId, person: person.id, roles, reason, channel, at });
    const words = await tables.legalHolds.words(holdId);
    const ends = isReleasedBy(words, now.getTime());
    return { hold: ends ? await tables.legalHolds.end(holdId, at) : hold, words };
  });
}
