import type { Actor } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import { STEERERS, type Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';
import { requireSight } from './sight.ts';

/** What a person opens by hand, through whichever door. */
export interface HandOpening {
  /** The same for each repetition: it opens one incident. */
  readonly requestId: string;
  /** Words as `openRequest` reads them. */
  readonly text: string;
  readonly actor: Actor;
  readonly caller: Caller;
  /** True for one that reaches the instances of a drill alone. */
  readonly drill: boolean;
}

/**
 * Opens an incident by a person's words, committed when it answers; `created` is false for a repetition and for one that stands
 * open under the same key. Raises `invalid` and `too_large` for words that cannot be used, `unauthorized` for what is about no model that
 * the person has a role on.
 */
export async function openByHand(
  dependencies: Pick<ApiDependencies, 'openRequest' | 'store' | 'clock' | 'holding'>,
  { requestId, text, actor, caller, drill }: HandOpening,
): Promise<{ readonly incident: Incident; readonly created: boolean }> {
  const asked = await dependencies.openRequest(text, actor, { drill });
  const { person } = caller;
  const roles = rolesOnModel(person, asked.incident.model, dependencies.holding.written());
  if (!roles.some((role) => STEERERS.includes(role))) {
    throw new AppError('unauthorized', 'Your roles do not allow you to open this.', {
      permission: 'a role on the model that you name',
    });
  }
  const openedAt = dependencies.clock().toISOString();
  const opened = await dependencies.store.incidents.open({ requestId, openedAt, ...asked });
  // The id of a request that somebody else made before answers theirs.
  requireSight(dependencies, opened.incident, { caller });
  return opened;
}
