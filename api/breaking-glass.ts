import { randomBytes } from 'node:crypto';
import {
  BREAK_GLASS_MAX,
  keyObstacle,
  REVIEW_OWNER,
  type BreakGlassKey,
  type ReviewedBreak,
} from '../domain/break-glass.ts';
import type { Actor } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Person } from '../store/person-table.ts';
import type { Store, Tables } from '../store/tables.ts';
import { APPROVERS, REVIEWERS, type Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';
import { requireSight, sees } from './sight.ts';

/** What breaking glass needs of the API's dependencies. */
type Dependencies = Pick<ApiDependencies, 'store' | 'clock' | 'holding' | 'breakGlass'>;

/** Who acts, through which door. */
export interface ByHand {
  readonly actor: Actor;
  readonly caller: Caller;
}

const SECRET_BYTES = 32;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What breaks the glass: `fbg_` and 256 random bits. Only its SHA-256 is ever stored. */
function newSecret(): string {
  return `fbg_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

/**
 * The person behind a caller as they are now. Raises `unauthorized` for somebody inactive, and for a token that approves nothing: one that
 * somebody else made would be a hand of theirs.
 */
async function requireHand(
  { people }: Pick<Tables, 'people'>,
  { actor, caller }: ByHand,
): Promise<Person> {
  const person = await people.get(actor.person);
  if (person?.active === true && caller.canApprove) return person;
  throw new AppError('unauthorized', 'This needs a person with a token of their own.', {
    permission: 'a token that may approve',
  });
}

async function requireAdministrator(tables: Pick<Tables, 'people'>, by: ByHand): Promise<Person> {
  const person = await requireHand(tables, by);
  if (person.roles.includes('admin')) return person;
  throw new AppError('unauthorized', 'Your roles do not allow this.', { permission: 'admin' });
}

function required(key: BreakGlassKey | null, words: string): BreakGlassKey {
  if (key !== null) return key;
  throw new AppError('refused', words);
}

/** Raises `not_found`. */
async function requireKey(
  { breakGlass }: Pick<Store, 'breakGlass'>,
  id: string,
): Promise<BreakGlassKey> {
  const key = await breakGlass.key(id);
  if (key !== null) return key;
  throw new AppError('not_found', 'There is no such break-glass key.');
}

/**
 * Asks for a key for somebody, the first of two hands. Raises `unauthorized`, `refused` for one of the own, `not_found` for nobody,
 * `invalid` for an end that is no end.
 */
export async function askForKey(
  { store, clock }: Dependencies,
  { person, expiresAt }: { readonly person: string; readonly expiresAt: string },
  by: ByHand,
): Promise<BreakGlassKey> {
  const asker = await requireAdministrator(store, by);
  const now = clock().getTime();
  const ahead = Date.parse(expiresAt) - now;
  if (!(ahead > 0 && ahead <= BREAK_GLASS_MAX.keyDays * DAY_MS)) {
    const words = `A break-glass key ends in the future, at most ${BREAK_GLASS_MAX.keyDays.toString()} days ahead.`;
    throw new AppError('invalid', words, { field: 'body.expiresAt' });
  }
  if (person === asker.id) {
    throw new AppError('refused', 'Nobody asks for a break-glass key of their own.');
  }
  if ((await store.people.get(person))?.active !== true) {
    throw new AppError('not_found', 'There is no active person of this id.', {
      field: 'body.person',
    });
  }
  const askedAt = new Date(now).toISOString();
  return store.breakGlass.askKey({ person, askedBy: asker.id, askedAt, expiresAt });
}

/** Confirms a key, the second of two hands. Raises `unauthorized`, `not_found`, `refused` for who asked and whose it is, and for one that does not wait. */
export async function confirmKey(
  { store, clock }: Dependencies,
  id: string,
  by: ByHand,
): Promise<BreakGlassKey> {
  const administrator = await requireAdministrator(store, by);
  await requireKey(store, id);
  const hand = { by: administrator.id, at: clock().toISOString() };
  return required(
    await store.breakGlass.confirmKey(id, hand),
    'A break-glass key is confirmed once, in its time, by another administrator than who asked and whose it is.',
  );
}

/**
 * Hands the secret of a confirmed key to the person whose it is: shown once, to nobody else. Raises `unauthorized`, `not_found` for another's,
 * `refused` for one that is not to be taken now.
 */
export async function takeKey(
  { store, clock }: Dependencies,
  id: string,
  by: ByHand,
): Promise<{ readonly key: BreakGlassKey; readonly secret: string }> {
  const person = await requireHand(store, by);
  const key = await store.breakGlass.key(id);
  if (key?.person !== person.id) {
    throw new AppError('not_found', 'There is no such break-glass key.');
  }
  const secret = newSecret();
  const taken = { by: person.id, at: clock().toISOString(), sha256: sha256Hex(secret) };
  const words = 'This key waits for a second administrator, was taken before, or is over.';
  return { key: required(await store.breakGlass.takeKey(id, taken), words), secret };
}

/** Ends a key at once. Raises `unauthorized`, `not_found`, `refused` for one that is over already. */
export async function revokeKey(
  { store, clock }: Dependencies,
  id: string,
  by: ByHand,
): Promise<BreakGlassKey> {
  const hand = { by: by.actor.person, at: clock().toISOString() };
  await requireKey(store, id);
  return required(
    await store.breakGlass.revokeKey(id, hand),
    'This break-glass key was revoked or used before.',
  );
}

/**
 * Breaks the glass for one incident with the caller's own key, which is good once: under its lock the break, the review that it owes and the
 * work that tells everybody are one transaction. Raises `not_found` and `unauthorized` as for every answer, `conflict` for a closed
 * incident, `refused` for a key that opens nothing.
 */
export function breakGlass(
  dependencies: Dependencies,
  asked: { readonly incidentId: string; readonly key: string; readonly reason: string },
  by: ByHand,
): Promise<ReviewedBreak> {
  const { store, clock, holding } = dependencies;
  return store.transaction(async (tables) => {
    const now = clock().getTime();
    const brokenAt = new Date(now).toISOString();
    const [incident, person, key] = await Promise.all([
      tables.incidents.get(asked.incidentId),
      requireHand(tables, by),
      tables.breakGlass.lockKeyOf(sha256Hex(asked.key)),
    ]);
    const { id, state } = requireSight({ holding }, incident, {
      caller: { person },
      access: APPROVERS,
    });
    if (state === 'closed') throw new AppError('conflict', 'The incident is closed.');
    const obstacle = keyObstacle(key, person.id, brokenAt);
    if (key === null || obstacle !== null) throw new AppError('refused', obstacle ?? 'No key.');
    const { minutes, reviewHours } = dependencies.breakGlass();
    const lastsMs = Math.min(minutes, BREAK_GLASS_MAX.minutes) * MINUTE_MS;
    const { reason } = asked;
    return tables.breakGlass.break(
      {
        ...{ keyId: key.id, incidentId: id, person: person.id, reason, brokenAt },
        channel: by.actor.channel,
        endsAt: new Date(now + lastsMs).toISOString(),
      },
      { ownerRole: REVIEW_OWNER, dueAt: new Date(now + reviewHours * HOUR_MS).toISOString() },
    );
  });
}

/**
 * Closes a review with what was found. Raises `not_found`, `unauthorized` for other roles, `refused` for who broke the glass, `conflict` for one that is
 * closed.
 */
export function closeReview(
  { store, clock, holding }: Dependencies,
  { id, finding }: { readonly id: string; readonly finding: string },
  by: ByHand,
): Promise<ReviewedBreak> {
  return store.transaction(async (tables) => {
    const [{ glassBreak, review }, person] = await Promise.all([
      requireReview({ tables, holding }, id, by),
      requireHand(tables, by),
    ]);
    if (glassBreak.person === person.id) {
      throw new AppError('refused', 'Who broke the glass does not review it.');
    }
    if (review.closedAt !== null) {
      throw new AppError('conflict', `This review was closed by ${review.closedBy ?? 'somebody'}.`);
    }
    const { channel } = by.actor;
    const at = clock().toISOString();
    return tables.breakGlass.closeReview(id, { by: person.id, at, channel, finding });
  });
}

/** The break, for somebody who may review it as they are now. Raises `not_found` and `unauthorized`. */
async function requireReview(
  { tables, holding }: Pick<Dependencies, 'holding'> & { readonly tables: Tables },
  id: string,
  { actor }: ByHand,
): Promise<ReviewedBreak> {
  const [found, person] = await Promise.all([
    tables.breakGlass.get(id),
    tables.people.get(actor.person),
  ]);
  const incident = found === null ? null : await tables.incidents.get(found.glassBreak.incidentId);
  const seen = incident !== null && person !== null && sees({ holding }, { person }, incident);
  if (found === null || !seen) throw new AppError('not_found', 'There is no such review.');
  requireSight({ holding }, incident, { caller: { person }, access: REVIEWERS });
  return found;
}
