import type { AnyAction } from '../connectors/connector.ts';
import type { Json } from '../domain/json.ts';

const SEND_TIMEOUT_MS = 10_000;

/**
 * Carries out one action that tells people something, at most once for its key; answers what the far side calls it. Telling people is
 * R0: a halt does not stop it. Raises what the action raises.
 */
export async function tell(
  action: AnyAction,
  input: Json,
  about: { readonly incidentId: string; readonly key: string; readonly now: () => Date },
): Promise<string> {
  const { incidentId, key, now } = about;
  const context = {
    ...{ idempotencyKey: key, incidentId, now },
    signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    heartbeat: () => undefined,
    permit: () => Promise.resolve(),
  };
  const plan = await action.plan(input, context);
  return (await action.apply(input, plan, context)).externalId;
}
