import { AppError } from '../domain/error.ts';
import { nameSchema } from '../domain/name-schema.ts';
import { SIGN_IN } from '../domain/sign-in.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Account, PageSession } from '../store/account-table.ts';
import type { Person } from '../store/person-table.ts';
import type { ApiDependencies } from './dependencies.ts';
import { newSecret } from './page/cookie.ts';
import type { Visitor } from './page/visitor.ts';
import { oneTimePassword, requireGoodPassword } from './password.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'clock' | 'passwords'>;

/** A session that has begun. */
export interface SignedIn {
  /** What the person's cookie holds from now on; kept nowhere else. */
  readonly secret: string;
  readonly mustChoose: boolean;
}

/** What attempts are counted under. */
export interface Subjects {
  readonly account: string;
  readonly address: string;
}

/** What attempts of an id from an address are counted under; neither is kept. */
export function subjectsOf(id: string, address: string): Subjects {
  return { account: sha256Hex(`account ${id}`), address: sha256Hex(`address ${address}`) };
}

/**
 * Counts one more attempt before anything is looked at, so that many at once count as many. Raises `rate_limited`, with the time
 * until counting begins anew.
 */
export async function countAttempt(
  { store, clock }: Pick<Dependencies, 'store' | 'clock'>,
  { account, address }: Partial<Subjects>,
): Promise<void> {
  const now = clock().getTime();
  const counted = await store.accounts.attempt([account ?? [], address ?? []].flat(), {
    at: new Date(now).toISOString(),
    since: new Date(now - SIGN_IN.attemptsMs).toISOString(),
  });
  const { attemptsPerAccount, attemptsPerAddress } = SIGN_IN;
  const over = counted.filter(
    ({ subject, attempts }) =>
      attempts > (subject === account ? attemptsPerAccount : attemptsPerAddress),
  );
  if (over.length === 0) return;
  const until = Math.max(...over.map(({ beganAt }) => Date.parse(beganAt))) + SIGN_IN.attemptsMs;
  throw new AppError('rate_limited', 'Too many attempts. Try again in a quarter of an hour.', {
    retryAfterMs: Math.max(1, until - now),
  });
}

/** The account of these words, when they are right; as slow and as silent about every way to be wrong. */
async function proven(
  { store, clock, passwords }: Dependencies,
  { id, password }: { readonly id: string; readonly password: string },
): Promise<{ readonly account: Account; readonly person: Person } | null> {
  const isId = nameSchema.safeParse(id).success;
  const [account, person] = isId
    ? await Promise.all([store.accounts.get(id), store.people.get(id)])
    : [null, null];
  const holds = await passwords.matches(password, account?.secret ?? null);
  if (!holds || account === null || person?.active !== true) return null;
  const ended = account.endsAt !== null && Date.parse(account.endsAt) <= clock().getTime();
  return ended ? null : { account, person };
}

/** Begins a session of a new id for somebody who proved who they are at `signedInAt`. */
export async function beginSession(
  { store, clock }: Pick<Dependencies, 'store' | 'clock'>,
  proven: Pick<PageSession, 'personId' | 'canApprove' | 'mustChoose'> & {
    readonly signedInAt: Date;
  },
): Promise<SignedIn> {
  const secret = newSecret();
  const { signedInAt, mustChoose } = proven;
  await store.accounts.begin({
    ...{ ...proven, sha256: sha256Hex(secret), signedInAt: signedInAt.toISOString() },
    endsAt: new Date(clock().getTime() + SIGN_IN.sessionMs).toISOString(),
  });
  return { secret, mustChoose };
}

function begin(
  dependencies: Dependencies,
  { personId, canApprove, endsAt }: Pick<Account, 'personId' | 'canApprove' | 'endsAt'>,
): Promise<SignedIn> {
  // A password that somebody else made opens nothing but the form to choose one.
  const mustChoose = endsAt !== null;
  const signedInAt = dependencies.clock();
  return beginSession(dependencies, { personId, canApprove, mustChoose, signedInAt });
}

/**
 * Begins a session for whoever knows the password, and ends the one that they came with. Raises `unauthorized` without saying what was
 * wrong, `rate_limited`, `unavailable`.
 */
export async function signIn(
  dependencies: Dependencies,
  given: {
    readonly id: string;
    readonly password: string;
    readonly address: string;
    readonly former: Visitor | null;
  },
): Promise<SignedIn> {
  const { accounts } = dependencies.store;
  const id = given.id.trim().toLowerCase();
  const subjects = subjectsOf(id, given.address);
  await countAttempt(dependencies, subjects);
  const found = await proven(dependencies, { id, password: given.password });
  if (found === null)
    throw new AppError('unauthorized', 'This id and password do not go together.');
  await accounts.forgive(subjects);
  if (given.former !== null) await accounts.end(given.former.session.sha256);
  return begin(dependencies, found.account);
}

/**
 * Changes the person's own password, ends all their sessions and begins a new one. Raises `invalid` for a password that does not do,
 * `unauthorized` for a wrong present one, `rate_limited`, `unavailable`.
 */
export async function changePassword(
  dependencies: Dependencies,
  given: {
    readonly person: Person;
    readonly current: string;
    readonly password: string;
    readonly again: string;
    readonly address: string;
  },
): Promise<SignedIn> {
  const { store, passwords } = dependencies;
  const { person, current, password, again } = given;
  if (password !== again) {
    throw new AppError('invalid', 'The two new passwords differ.', { field: 'again' });
  }
  requireGoodPassword(password, person.id);
  if (password === current) {
    throw new AppError('invalid', 'The new password is the present one.', { field: 'password' });
  }
  const subjects = subjectsOf(person.id, given.address);
  await countAttempt(dependencies, subjects);
  const found = await proven(dependencies, { id: person.id, password: current });
  if (found === null) throw new AppError('unauthorized', 'The present password is another one.');
  const account = { ...found.account, secret: await passwords.keep(password), endsAt: null };
  await store.accounts.forgive(subjects);
  await store.accounts.put(account);
  return begin(dependencies, account);
}

/** Makes a password that is good once and for a day; whoever signs in with it has to choose another. Shown once, never kept. */
export async function makePassword(
  { store, clock, passwords }: Dependencies,
  made: Pick<Account, 'personId' | 'canApprove' | 'pendingBy'>,
): Promise<{ readonly password: string; readonly endsAt: string }> {
  const password = oneTimePassword();
  const now = clock();
  const endsAt = new Date(now.getTime() + SIGN_IN.oneTimeMs).toISOString();
  const secret = await passwords.keep(password);
  await store.accounts.put({ ...made, secret, madeAt: now.toISOString(), endsAt });
  return { password, endsAt };
}
