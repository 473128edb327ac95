import { isSameIdentity } from '../domain/identity.ts';
import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';
import { unused } from './test-unused.ts';

/** Lets a token approve that waits for somebody else; false when it does not. */
function confirmed(
  { tokens }: Memory,
  { personId, id, by }: { readonly personId: string; readonly id: string; readonly by: string },
): boolean {
  const found = [...tokens].find(
    ([sha256, token]) =>
      sha256.startsWith(id) &&
      token.personId === personId &&
      ![token.pendingBy ?? by, personId].includes(by),
  );
  if (found === undefined) return false;
  const [sha256, { scopes }] = found;
  tokens.set(sha256, { personId, scopes, canApprove: true });
  return true;
}

/** People and their tokens in memory. */
export function personTable(memory: Memory): Tables['people'] {
  return {
    put: (person) => {
      memory.people.set(person.id, person);
      return Promise.resolve();
    },
    get: (id) => Promise.resolve(memory.people.get(id) ?? null),
    bySlackUser: (slackUser) =>
      Promise.resolve(
        [...memory.people.values()].find((one) => one.slackUser === slackUser) ?? null,
      ),
    byIdentity: (identity) =>
      Promise.resolve(
        [...memory.people.values()].find(
          (one) => one.active && one.identity && isSameIdentity(one.identity, identity),
        ) ?? null,
      ),
    list: () => Promise.resolve([...memory.people.values()]),
    addToken: ({ sha256, personId, canApprove, scopes, pendingBy }) => {
      const token = { personId, canApprove, scopes };
      memory.tokens.set(sha256, pendingBy === undefined ? token : { ...token, pendingBy });
      return Promise.resolve();
    },
    everApproving: () =>
      Promise.resolve(
        [...memory.tokens.values(), ...memory.accounts.values()]
          .filter(({ canApprove }) => canApprove)
          .map(({ personId }) => personId),
      ),
    confirmToken: (token) => Promise.resolve(confirmed(memory, token)),
    tokensOf: (personId) =>
      Promise.resolve(
        [...memory.tokens]
          .filter(([, token]) => token.personId === personId)
          .map(([sha256, { canApprove, scopes, pendingBy = null }]) => ({
            ...{ id: sha256.slice(0, 16), label: 'a token', expiresAt: null, canApprove, scopes },
            pendingBy,
          })),
      ),
    revokeToken: ({ personId, id }) => {
      const found = [...memory.tokens].find(
        ([sha256, token]) => token.personId === personId && sha256.startsWith(id),
      );
      return Promise.resolve(found !== undefined && memory.tokens.delete(found[0]));
    },
    hasToken: (personId) =>
      Promise.resolve([...memory.tokens.values()].some((token) => token.personId === personId)),
    byToken: (sha256) => {
      const token = memory.tokens.get(sha256);
      const person = token === undefined ? undefined : memory.people.get(token.personId);
      if (token === undefined || person === undefined) return Promise.resolve(null);
      const { canApprove, scopes } = token;
      return Promise.resolve({ person, canApprove, scopes });
    },
  };
}

/** Sources of which only the tokens are kept. */
export function sourceTable(memory: Memory): Tables['sources'] {
  return {
    put: unused('sources.put'),
    list: unused('sources.list'),
    addToken: ({ sha256, source }) => {
      memory.sourceTokens.set(sha256, source);
      return Promise.resolve();
    },
    tokensOf: () => Promise.resolve([]),
    revokeToken: ({ source, id }) => {
      const found = [...memory.sourceTokens].find(
        ([sha256, name]) => name === source && sha256.startsWith(id),
      );
      return Promise.resolve(found !== undefined && memory.sourceTokens.delete(found[0]));
    },
    byToken: (sha256) => Promise.resolve(memory.sourceTokens.get(sha256) ?? null),
  };
}
