import type { Role } from '../domain/approval.ts';
import { AppError } from '../domain/error.ts';
import { BOOTSTRAP_ADMIN, canBeChanged } from '../domain/rules.ts';
import type { Person } from '../store/person-table.ts';
import type { Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';

/** Roles whose holders answer nothing. */
const ANSWERS_NOTHING: ReadonlySet<Role> = new Set(['viewer', 'admin']);

/** True when a person has a way of their own to answer, or ever had one: an ended token is none of another's to renew. */
async function hasOwn(
  { store }: ApiDependencies,
  { id, slackUser, identity }: Pick<Person, 'id' | 'slackUser' | 'identity'>,
): Promise<boolean> {
  const [token, account] = await Promise.all([store.people.hasToken(id), store.accounts.get(id)]);
  return token || account !== null || slackUser !== null || identity !== undefined;
}

/** True once two people could approve a change of the rules, because each of them ever had a way in that approves. */
async function canTwoApprove({ store, rules }: ApiDependencies): Promise<boolean> {
  const able = new Set(await store.people.everApproving());
  const people = rules
    .revision()
    .rules.people.filter(({ id, identity }) => able.has(id) || identity !== undefined);
  return canBeChanged({ people });
}

/** True for the token of the first day: it is no person's, so that whoever holds it could lend themselves the second hand. */
function isNobody({ person }: Caller): boolean {
  return person.id === BOOTSTRAP_ADMIN;
}

/** What a first key is worth that a second hand has to confirm. */
function afterConfirming(caller: Caller): Worth {
  return isNobody(caller)
    ? { canApprove: false }
    : { canApprove: false, pendingBy: caller.person.id };
}

/**
 * Raises `refused` where the token of the first day would give somebody who may answer a first key: it would be worth nothing, and every
 * later one as well, since the person then had a way in.
 */
function requireNamedHand(caller: Caller, { id, roles, grants = [] }: Person): void {
  const held = [...roles, ...grants.map(({ role }) => role)];
  if (!isNobody(caller) || held.every((role) => ANSWERS_NOTHING.has(role))) return;
  const message = `Two people can approve by now, so that a first key of ${id} takes two hands, and this token is nobody's: an administrator with a token of their own makes it, and somebody else confirms it.`;
  throw new AppError('refused', message, { permission: 'a token of an administrator by name' });
}

/** Whether something that is made may approve, and who made it while somebody else has to confirm it. */
export interface Worth {
  readonly canApprove: boolean;
  readonly pendingBy?: string;
}

/**
 * Whether a new token or password may approve. One made for oneself is worth what the present token is. Once changes need two
 * people, one made for another approves only when that person never had a way in, be it Slack or an issuer: else an administrator could
 * answer in their name. As soon as two people could approve, it waits for somebody else to confirm it; before, one administrator sets up alone.
 * Raises `refused` for the token of the first day where that would burn the person's first key.
 */
export async function mayApprove(
  dependencies: ApiDependencies,
  { caller, person }: { readonly caller: Caller; readonly person: Person },
): Promise<Worth> {
  if (person.id === BOOTSTRAP_ADMIN) return { canApprove: false };
  if (caller.person.id === person.id) return { canApprove: caller.canApprove };
  if (!dependencies.rules.revision().armed) return { canApprove: true };
  if (await hasOwn(dependencies, person)) return { canApprove: false };
  if (!(await canTwoApprove(dependencies))) return { canApprove: true };
  requireNamedHand(caller, person);
  return afterConfirming(caller);
}

/**
 * What a password is worth. One that waits for its second hand goes on waiting when an administrator makes it anew, now for somebody else
 * than them: the former one opens nothing any more. With a token that approves nothing its person makes none: who made that token is not
 * known, and could be the second hand. Raises `refused` then.
 */
export async function worthOfPassword(
  dependencies: ApiDependencies,
  asked: { readonly caller: Caller; readonly person: Person },
): Promise<Worth> {
  const { caller, person } = asked;
  const account = await dependencies.store.accounts.get(person.id);
  if (account?.pendingBy === undefined) return mayApprove(dependencies, asked);
  if (caller.person.id !== person.id) return afterConfirming(caller);
  if (caller.canApprove) return { canApprove: true };
  const message =
    'Your first password waits for somebody to confirm it: change it on /password, or let an administrator make another one.';
  throw new AppError('refused', message);
}
