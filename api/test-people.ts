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
