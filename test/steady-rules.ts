import type { RulesInForce } from '../activities/dependencies.ts';
import { ROLES } from '../domain/approval.ts';

/** Rules that never change and let every route go as far as its incidents say; for tests that are about something else. */
export function steadyRules(change: Partial<RulesInForce> = {}): RulesInForce {
  return {
    number: () => 1,
    follow: () => Promise.resolve(1),
    modeOf: () => 'auto',
    knowsPlaybook: () => Promise.resolve(true),
    rolesOn: () => ROLES,
    ...change,
  };
}
