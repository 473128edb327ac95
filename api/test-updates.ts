import { AppError } from '../domain/error.ts';
import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

/** Updates for stakeholders in memory; what is told of them is the worker's. */
export function updateTable({ updates, incidents }: Memory): Tables['updates'] {
  const require = (id: string) => {
    const found = updates.find((one) => one.id === id);
    return found === undefined
      ? Promise.reject(new AppError('not_found', 'There is no such update.'))
      : Promise.resolve(found);
  };
  const unused = (): Promise<never> => Promise.reject(new Error('the API does not ask this'));
  return {
    draft: unused,
    closedUntold: unused,
    waiting: unused,
    get: (id) => Promise.resolve(updates.find((one) => one.id === id) ?? null),
    lock: require,
    settle: async (id, { state, at, by, through, reason }) => {
      const found = await require(id);
      const settled = {
        ...{ ...found, state, reason },
        ...{ settledAt: at, settledBy: by, settledThrough: through },
      };
      updates[updates.indexOf(found)] = settled;
      return settled;
    },
    ofIncident: (incidentId) =>
      Promise.resolve(updates.filter((one) => one.incidentId === incidentId)),
    list: ({ incidentId, state, models = null }, { limit }) =>
      Promise.resolve({
        items: updates
          .filter(
            (one) => models === null || models.includes(incidents.get(one.incidentId)?.model ?? ''),
          )
          .filter((one) => incidentId === null || one.incidentId === incidentId)
          .filter((one) => state === null || one.state === state)
          .toReversed()
          .slice(0, limit),
        next: null,
      }),
  };
}
