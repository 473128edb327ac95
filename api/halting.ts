import type { Actor } from '../domain/decision.ts';
import type { Halt, HaltSubject } from '../domain/halt.ts';
import type { ApiDependencies } from './dependencies.ts';

/**
 * Halts, at once and durably: each effect reads the row before it happens. `created` is false where it was halted already; `known`
 * is false when nothing of that name is configured.
 */
export async function beginHalt(
  dependencies: Pick<ApiDependencies, 'store' | 'newId' | 'clock' | 'knows'>,
  { scope, subject, reason }: HaltSubject & { readonly reason: string },
  { person, channel }: Actor,
): Promise<{ readonly halt: Halt; readonly created: boolean; readonly known: boolean }> {
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
