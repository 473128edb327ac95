import { createHmac } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { AppError } from '../domain/error.ts';
import { SIGN_IN } from '../domain/sign-in.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Person } from '../store/person-table.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { IssuedIdentity, Issuer, SignInFlow } from './issuer.ts';
import { newSecret } from './page/cookie.ts';
import { beginSession, countAttempt, subjectsOf, type SignedIn } from './sign-in.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'clock'> & { readonly issuer: Issuer };

/** A text that only who holds the browser's secret can make, 43 characters. */
function derived(secret: string, about: keyof SignInFlow): string {
  return createHmac('sha256', secret).update(about).digest('base64url');
}

/** Everything of one sign-in comes from the browser's own secret, so that nobody learns it from our rows. */
function flowOf(secret: string): SignInFlow {
  return {
    state: derived(secret, 'state'),
    nonce: derived(secret, 'nonce'),
    verifier: derived(secret, 'verifier'),
  };
}

/**
 * Begins a sign-in at the issuer: where the browser goes, and the secret that it keeps until the answer comes. Raises `unavailable`
 * and `rate_limited`.
 */
export async function beginAtIssuer(
  dependencies: Dependencies,
  given: {
    /** One of our own paths. */
    readonly next: string;
    readonly address: string;
    /** SHA-256 of the session that ends with this sign-in; null when there is none. */
    readonly former: string | null;
  },
): Promise<{ readonly secret: string; readonly address: URL }> {
  const { store, clock, issuer } = dependencies;
  const { next, former } = given;
  await countAttempt(dependencies, { address: subjectsOf('', given.address).address });
  const secret = newSecret();
  const address = await issuer.begin(flowOf(secret));
  const now = clock().getTime();
  await store.pendingSignIns.begin(
    { sha256: sha256Hex(secret), next, former, beganAt: new Date(now).toISOString() },
    new Date(now - SIGN_IN.pendingMs).toISOString(),
  );
  return { secret, address };
}

function notAsked(): AppError {
  const text =
    'This browser has not begun to sign in, did so too long ago, or was answered already. Begin again.';
  return new AppError('refused', text, {
    details: { reason: 'no sign-in of this browser is pending' },
  });
}

/** The active person of an identity. Raises `refused` with what an administrator has to write down. */
async function personOf(
  { store }: Pick<Dependencies, 'store'>,
  { issuer, subject }: IssuedIdentity,
): Promise<Person> {
  const person = await store.people.byIdentity({ issuer, subject });
  if (person !== null) return person;
  throw new AppError(
    'refused',
    `Firebreak does not know you. Ask an administrator to put this into your entry under people: identity: { issuer: "${issuer}", subject: "${subject}" }`,
    { details: { reason: 'no active person has this identity', issuer, subject } },
  );
}

/**
 * Takes the answer of the issuer, once: a session for the person whom the rules know by exactly the issuer and subject that it
 * proves, fresh since the moment at which they signed in there. Raises `refused` and `unavailable`, each with its `details.reason`.
 */
export async function finishAtIssuer(
  dependencies: Dependencies,
  given: {
    /** What the browser's own cookie holds. */
    readonly secret: string | null;
    readonly query: string;
    readonly address: string;
    readonly log: Pick<FastifyBaseLogger, 'info'>;
  },
): Promise<SignedIn & { readonly next: string }> {
  const { store, clock, issuer } = dependencies;
  const { secret, query, address, log } = given;
  if (secret === null) throw notAsked();
  const since = new Date(clock().getTime() - SIGN_IN.pendingMs).toISOString();
  const pending = await store.pendingSignIns.take({ sha256: sha256Hex(secret), since });
  if (pending === null) throw notAsked();
  const ageMs = clock().getTime() - Date.parse(pending.beganAt);
  const issued = await issuer.finish(query, {
    flow: flowOf(secret),
    ageMaxSeconds: Math.max(0, Math.ceil(ageMs / 1000)),
  });
  const { id: personId } = await personOf(dependencies, issued);
  const now = clock();
  const signedInAt = new Date(Math.min(issued.signedInMs, now.getTime()));
  await Promise.all([
    store.accounts.ensure({ personId, madeAt: now.toISOString() }),
    store.accounts.forgive(subjectsOf(personId, address)),
    ...(pending.former === null ? [] : [store.accounts.end(pending.former)]),
  ]);
  const proven = { personId, canApprove: true, mustChoose: false, signedInAt };
  const signedIn = await beginSession(dependencies, proven);
  log.info({ person: personId, issuer: issued.issuer }, 'somebody signed in at the issuer');
  return { ...signedIn, next: pending.next };
}
