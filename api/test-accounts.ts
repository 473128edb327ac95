import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

function endAll(memory: Memory, personId: string): void {
  for (const [sha256, session] of memory.sessions) {
    if (session.personId === personId) memory.sessions.delete(sha256);
  }
}

/** Lets an account approve that waits for somebody else; false when it does not. */
function confirmed(
  { accounts }: Memory,
  { personId, by }: { readonly personId: string; readonly by: string },
): boolean {
  const found = accounts.get(personId);
  const maker = found?.endsAt === null ? found.pendingBy : undefined;
  if (found === undefined || maker === undefined || [maker, personId].includes(by)) return false;
  const { secret, madeAt, endsAt } = found;
  accounts.set(personId, { personId, secret, madeAt, endsAt, canApprove: true });
  return true;
}

/** Accounts and sessions in memory. */
export function accountTable(memory: Memory): Tables['accounts'] {
  const { accounts, sessions, attempts, people } = memory;
  return {
    put: (account) => {
      const madeAt = accounts.get(account.personId)?.madeAt ?? account.madeAt;
      accounts.set(account.personId, { ...account, madeAt });
      endAll(memory, account.personId);
      return Promise.resolve();
    },
    ensure: ({ personId, madeAt }) => {
      const made = { personId, madeAt, secret: null, endsAt: null, canApprove: true };
      if (!accounts.has(personId)) accounts.set(personId, made);
      return Promise.resolve();
    },
    get: (personId) => Promise.resolve(accounts.get(personId) ?? null),
    confirm: (account) => Promise.resolve(confirmed(memory, account)),
    approversSignInSince: (roles) => {
      const made = [...accounts.values()].filter(({ personId }) => {
        const person = people.get(personId);
        const asked = roles.length === 0 || roles.some((role) => person?.roles.includes(role));
        return person?.active === true && asked;
      });
      return Promise.resolve(made.map(({ madeAt }) => madeAt).sort()[0] ?? null);
    },
    begin: (session) => {
      sessions.set(session.sha256, { ...session, seenAt: session.signedInAt });
      return Promise.resolve();
    },
    see: ({ sha256, at, idleSince }) => {
      const stored = sessions.get(sha256);
      const person = stored === undefined ? undefined : people.get(stored.personId);
      if (stored === undefined || person?.active !== true) return Promise.resolve(null);
      if (stored.endsAt <= at || stored.seenAt <= idleSince) return Promise.resolve(null);
      sessions.set(sha256, { ...stored, seenAt: at });
      return Promise.resolve({ person, session: stored });
    },
    end: (sha256) => {
      sessions.delete(sha256);
      return Promise.resolve();
    },
    attempt: (subjects, { at, since }) =>
      Promise.resolve(
        subjects.map((subject) => {
          const known = attempts.get(subject);
          const stored = known === undefined || known.beganAt <= since ? null : known;
          const next = { beganAt: stored?.beganAt ?? at, attempts: (stored?.attempts ?? 0) + 1 };
          attempts.set(subject, next);
          return { subject, ...next };
        }),
      ),
    forgive: ({ account, address }) => {
      attempts.delete(account);
      const known = attempts.get(address);
      if (known) attempts.set(address, { ...known, attempts: Math.max(0, known.attempts - 1) });
      return Promise.resolve();
    },
  };
}

/** Sign-ins in memory that wait for an issuer's answer. */
export function pendingSignInTable({ pendingSignIns }: Memory): Tables['pendingSignIns'] {
  return {
    begin: (pending) => {
      pendingSignIns.set(pending.sha256, pending);
      return Promise.resolve();
    },
    take: ({ sha256, since }) => {
      const found = pendingSignIns.get(sha256);
      if (found === undefined || found.beganAt <= since) return Promise.resolve(null);
      pendingSignIns.delete(sha256);
      return Promise.resolve(found);
    },
  };
}
