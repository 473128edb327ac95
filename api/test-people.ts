import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

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
    list: () => Promise.resolve([...memory.people.values()]),
    addToken: ({ personId, sha256, canApprove }) => {
      memory.tokens.set(sha256, { personId, canApprove });
      return Promise.resolve();
    },
    tokensOf: (personId) =>
      Promise.resolve(
        [...memory.tokens]
          .filter(([, token]) => token.personId === personId)
          .map(([sha256, { canApprove }]) => ({
            ...{ id: sha256.slice(0, 16), label: 'a token', expiresAt: null, canApprove },
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
      if (token === undefined || person?.active !== true) return Promise.resolve(null);
      return Promise.resolve({ person, canApprove: token.canApprove });
    },
  };
}
