import { AppError } from '../domain/error.ts';
import type { LegalHold } from '../domain/legal-hold.ts';
import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

/** Legal holds in memory. */
export function legalHoldTable(memory: Memory): Tables['legalHolds'] {
  const { legalHolds, words } = memory;
  const find = (id: string): LegalHold | null => legalHolds.find((one) => one.id === id) ?? null;
  const require = (id: string): Promise<LegalHold> => {
    const hold = find(id);
    if (hold) return Promise.resolve(hold);
    return Promise.reject(new AppError('not_found', 'There is no such legal hold.'));
  };
  return {
    inForce: () => {
      if (memory.holdTrouble !== null) return Promise.reject(memory.holdTrouble);
      return Promise.resolve(legalHolds.filter(({ releasedAt }) => releasedAt === null));
    },
    place: (wanted) => {
      const hold = { ...wanted, releasedAt: null };
      legalHolds.push(hold);
      return Promise.resolve(hold);
    },
    get: (id) => Promise.resolve(find(id)),
    lock: require,
    words: (id) => Promise.resolve(words.filter(({ holdId }) => holdId === id)),
    say: (word) => {
      words.push(word);
      return Promise.resolve();
    },
    end: async (id, releasedAt) => {
      const hold = { ...(await require(id)), releasedAt };
      legalHolds[legalHolds.findIndex((one) => one.id === id)] = hold;
      return hold;
    },
    list: ({ limit }) =>
      Promise.resolve({ items: legalHolds.toReversed().slice(0, limit), next: null }),
  };
}
