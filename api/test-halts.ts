import type { Halt, HaltSubject } from '../domain/halt.ts';
import type { HaltSight } from '../domain/halt-sight.ts';
import type { Page, PageRequest, Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

function page<T>(all: readonly T[], { cursor, limit }: PageRequest): Page<T> {
  const from = cursor === null ? 0 : Number(cursor);
  const to = from + limit;
  return { items: all.slice(from, to), next: to < all.length ? to.toString() : null };
}

function isShown({ scope, subject }: Halt, sight: HaltSight | null): boolean {
  if (sight === null || (scope !== 'model' && scope !== 'namespace')) return true;
  return sight[scope === 'model' ? 'models' : 'namespaces'].includes(subject ?? '');
}

/** Halts in memory. */
export function haltTable(memory: Memory): Tables['halts'] {
  const at = ({ scope, subject }: HaltSubject): number =>
    memory.halts.findIndex(
      (one) => one.scope === scope && one.subject === subject && one.resumedAt === null,
    );
  return {
    inForce: () => Promise.resolve(memory.halts.filter(({ resumedAt }) => resumedAt === null)),
    begin: (wanted) => {
      const known = memory.halts[at(wanted)];
      if (known) return Promise.resolve({ halt: known, created: false });
      const halt = { ...wanted, resumedBy: null, resumedReason: null, resumedAt: null };
      memory.halts.push(halt);
      return Promise.resolve({ halt, created: true });
    },
    end: ({ by, reason, at: resumedAt, ...subject }) => {
      const index = at(subject);
      const halt = memory.halts[index];
      if (!halt) return Promise.resolve(null);
      const lifted = { ...halt, resumedBy: by, resumedReason: reason, resumedAt };
      memory.halts[index] = lifted;
      return Promise.resolve(lifted);
    },
    list: (sight, request) => {
      const shown = memory.halts.toReversed().filter((halt) => isShown(halt, sight));
      return Promise.resolve(page(shown, request));
    },
  };
}
