import type { Actor } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import type { ApiDependencies } from './dependencies.ts';

/** What a person opens by hand, through whichever door. */
export interface HandOpening {
  /** The same for each repetition: it opens one incident. */
  readonly requestId: string;
  /** Words as `openRequest` reads them. */
  readonly text: string;
  readonly actor: Actor;
  /** True for one that reaches the instances of a drill alone. */
  readonly drill: boolean;
}

/**
 * Opens an incident by a person's words, committed when it answers; `created` is false for a repetition and for one that stands
 * open under the same key. Raises `invalid` and `too_large` for words that cannot be used.
 */
export async function openByHand(
  dependencies: Pick<ApiDependencies, 'openRequest' | 'store' | 'clock'>,
  { requestId, text, actor, drill }: HandOpening,
): Promise<{ readonly incident: Incident; readonly created: boolean }> {
  const asked = await dependencies.openRequest(text, actor, { drill });
  const openedAt = dependencies.clock().toISOString();
  return dependencies.store.incidents.open({ requestId, openedAt, ...asked });
}
