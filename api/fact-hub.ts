import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../store/tables.ts';

/** Wakes whoever waits for facts; a wake is only a hint to look into the store. */
export interface FactHub {
  /** Calls `wake` when facts may have been appended to the incident; answers a function that stops it. */
  subscribe(incidentId: string, wake: () => void): () => void;
  close(): Promise<void>;
}

/**
 * One subscription to the store's `facts` channel for all streams of this process. A store that cannot listen is
 * logged: readers then see facts at their next heartbeat.
 */
export function createFactHub(store: Pick<Store, 'listen'>, log: FastifyBaseLogger): FactHub {
  const listeners = new Map<string, Set<() => void>>();
  let stopped: Promise<(() => Promise<void>) | null> | null = null;

  const wakeAll = (payload: string): void => {
    // A payload that names no incident we know wakes everyone: it is a hint, not data.
    const named = listeners.get(payload);
    const woken = named === undefined && payload === '' ? [...listeners.values()] : [named];
    for (const set of woken) for (const wake of set ?? []) wake();
  };

  const start = async (): Promise<(() => Promise<void>) | null> => {
    try {
      return await store.listen('facts', wakeAll);
    } catch (error) {
      log.warn({ err: error }, 'cannot listen for facts; streams follow at each heartbeat');
      stopped = null;
      return null;
    }
  };

  return {
    subscribe: (incidentId, wake) => {
      stopped ??= start();
      const set = listeners.get(incidentId) ?? new Set();
      set.add(wake);
      listeners.set(incidentId, set);
      return () => {
        set.delete(wake);
        if (set.size === 0) listeners.delete(incidentId);
      };
    },
    close: async () => {
      const stop = await stopped;
      await stop?.();
      listeners.clear();
    },
  };
}
