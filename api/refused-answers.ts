import type { FastifyRequest } from 'fastify';
import type { AdmissionInput } from '../domain/admission.ts';
import { isAppError, type AppError, type ErrorCode } from '../domain/error.ts';
import type { NewRefusedAnswer } from '../domain/refused-answer.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';
import { channelOf } from './auth.ts';
import { idParams } from './schema/value.ts';

/** What admission refuses with; anything else is trouble, not an answer. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'unauthorized',
  'conflict',
  'refused',
  'not_found',
]);

/** True for an answer that somebody was refused, as against trouble on the way. */
export function isRefusal(error: unknown): error is AppError {
  return isAppError(error) && REFUSALS.has(error.code);
}

/** What keeps refused answers. */
export interface RefusalDesk {
  readonly store: Pick<Store, 'refusedAnswers'>;
  readonly clock: () => Date;
}

/** Who was refused what, as the door knows it. */
export type RefusedBy = Omit<NewRefusedAnswer, 'code' | 'reason' | 'refusedAt'>;

/** Keeps an answer that was refused; what is no refusal is passed over. Raises what the store raises. */
export async function keepRefusal(
  { store, clock }: RefusalDesk,
  by: RefusedBy,
  error: unknown,
): Promise<void> {
  if (!isRefusal(error)) return;
  const { code, message: reason } = error;
  await store.refusedAnswers.add({ ...by, code, reason, refusedAt: clock().toISOString() });
}

/** The plans and the verdict of a command that answers an approval; null for every other one. */
export function answeredBy(
  command: AdmissionInput['command'],
): Pick<RefusedBy, 'approvalId' | 'verdict' | 'planDigest'> | null {
  if (command.kind !== 'approve' && command.kind !== 'reject') return null;
  const { kind: verdict, approvalId, planDigest } = command;
  return { verdict, approvalId, planDigest };
}

/** Keeps that somebody whom a token names was turned away from answering an approval, before anything of it was read. */
export function keepTurnedAway(desk: RefusalDesk) {
  return async (request: FastifyRequest, person: Person, error: unknown): Promise<void> => {
    const named = idParams.safeParse(request.params);
    if (!named.success) return;
    const by: RefusedBy = {
      ...{ approvalId: named.data.id, person: person.id, claimed: null, name: person.name },
      ...{ roles: person.roles, channel: channelOf(request), verdict: null, planDigest: null },
      requestId: request.id,
    };
    await keepRefusal(desk, by, error);
  };
}
