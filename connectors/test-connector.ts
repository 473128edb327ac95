import { isAppError, type AppError } from '../domain/error.ts';
import type { AnyAction, AnyProbe, CallContext, Connector } from './connector.ts';

/** The context of a call that nobody aborts, with a permit for every change; parts of it may be replaced. */
export function callContext(change: Partial<CallContext> = {}): CallContext {
  return {
    idempotencyKey: 'incident-1/operation/target/1',
    incidentId: 'incident-1',
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    permit: () => Promise.resolve(),
    now: () => new Date(),
    ...change,
  };
}

/** The same for a call that may change nothing: asking for a permit fails. */
export function readingContext(change: Partial<CallContext> = {}): CallContext {
  const permit = (): Promise<void> => Promise.reject(new Error('It asked for a permit.'));
  return callContext({ permit, ...change });
}

/** The action of that name. Raises when there is none. */
export function actionOf(connector: Connector, name: string): AnyAction {
  const action = connector.actions[name];
  if (!action) throw new Error(`The connector has no action ${name}.`);
  return action;
}

/** The probe of that name. Raises when there is none. */
export function probeOf(connector: Connector, name: string): AnyProbe {
  const probe = connector.probes[name];
  if (!probe) throw new Error(`The connector has no probe ${name}.`);
  return probe;
}

/** The error of work that must fail. Raises when it succeeds, and what is no error of ours. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) throw error;
  return error;
}
