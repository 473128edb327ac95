import type { Actor } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import type { Halt, HaltSubject } from '../domain/halt.ts';
import { rolesToHalt } from '../domain/halt-sight.ts';
import { STEERERS, type Caller } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';

/**
 * Halts, at once and durably: each effect reads the row before it happens. `created` is false where it was halted already; `known`
 * is false when nothing of that name is configured. Raises `unauthorized` for one object on which the person has no role, whether or not it is
 * there.
 */
export async function beginHalt(
  dependencies: Pick<ApiDependencies, 'store' | 'newId' | 'clock' | 'knows' | 'holding'>,
  { scope, subject, reason }: HaltSubject & { readonly reason: string },
  by: { readonly actor: Actor; readonly caller: Pick<Caller, 'person'> },
): Promise<{ readonly halt: Halt; readonly created: boolean; readonly known: boolean }> {
  const { person, channel } = by.actor;
  const roles = rolesToHalt(by.caller.person, { scope, subject }, dependencies.holding.written());
  if (!roles.some((role) => STEERERS.includes(role))) {
    throw new AppError('unauthorized', 'Your roles do not let you halt this; everything you may.', {
      permission: `one of ${STEERERS.join(', ')}, on what is halted`,
    });
  }
  const { halt, created } = await dependencies.store.halts.begin({
    id: dependencies.newId(),
    scope,
    subject,
    reason,
    haltedBy: person,
    channel,
    haltedAt: dependencies.clock().toISOString(),
  });
  return { halt, created, known: dependencies.knows({ scope, subject }) };
}
