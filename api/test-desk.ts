import { DEFAULT_CAPS } from '../domain/cap.ts';
import { DEFAULT_STORM } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import type { RuleRevision } from '../domain/rules.ts';
import type { RuleDesk } from './dependencies.ts';
import type { Memory } from './test-memory.ts';

/** A revision that nothing was asked about yet. */
export const FIRST_REVISION: RuleRevision = {
  number: 1,
  base: null,
  digest: 'd'.repeat(64),
  rules: {
    inventory: [],
    selectionRules: [],
    routes: [],
    storm: DEFAULT_STORM,
    caps: DEFAULT_CAPS,
    changeDelaySeconds: 3600,
    people: [],
    playbooks: [],
  },
  ground: 'first',
  armed: false,
  changeId: null,
  by: null,
  formerPlaybooks: [],
  since: '2026-11-23T10:00:00.000Z',
  signature: '',
};

/** The desk of an installation that is being set up, over memory: people are put at once, and no change waits. */
export function setUpDesk(memory: Memory): RuleDesk {
  const none = (): Promise<never> =>
    Promise.reject(new AppError('not_found', 'There is no such change.'));
  return {
    revision: () => FIRST_REVISION,
    changes: () => Promise.resolve([]),
    change: none,
    answer: none,
    putPerson: (person) => {
      memory.people.set(person.id, person);
      return Promise.resolve(null);
    },
  };
}
