import { AppError } from '../domain/error.ts';
import type { CallContext } from './connector.ts';

/**
 * How long a permit is good for. A process that was stopped right after it got one may wake up when another attempt has
 * long taken over: it must not send then. Well below the time after which an attempt counts as dead.
 */
const PERMIT_GOOD_MS = 2_500;

/**
 * Asks for the permit of one change, right before it is sent. Raises `refused`, and `unavailable` when so much time
 * passed meanwhile that another attempt may have begun.
 */
export async function askPermit(context: CallContext, name: string): Promise<void> {
  const askedAt = performance.now();
  await context.permit();
  if (performance.now() - askedAt <= PERMIT_GOOD_MS) return;
  throw new AppError('unavailable', `The permit for a change of ${name} came too late to be used.`);
}
