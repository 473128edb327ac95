import { setTimeout as sleep } from 'node:timers/promises';
import { newFact } from '../domain/fact.ts';
import type { Incident, Outcome } from '../domain/incident.ts';
import { PASSED_OVER } from '../domain/operation.ts';
import { CONFIRM, type Confirmation } from '../domain/playbook.ts';
import type { ConfirmAlertInput, ConfirmAlertOutcome } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { contextOf } from './evaluation.ts';
import { see } from './look.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { outcomeOf, resultIn } from './results.ts';
import type { Sight } from './sight.ts';

/** How long one activity asks again before it gives the wait back to the workflow, in milliseconds. */
const ASK_WITHIN_MS = 20_000;
const ASK_REST_MS = 1_000;

/** One look at all probes of a confirmation. */
interface Seen {
  readonly sights: ReadonlyMap<string, Sight>;
  readonly held: readonly string[];
}

/**
 * Asks the playbook's own probes whether the alert is right, before the first effect. Too few that hold in time, for
 * whatever reason, leave the effects to people: an incident that acts by itself asks from then on. Null while more may
 * hold later.
 */
export async function confirmAlert(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: ConfirmAlertInput,
): Promise<ConfirmAlertOutcome> {
  const [incident, results] = await Promise.all([
    begin(deps, input),
    deps.store.results.ofIncident(input.incidentId),
  ]);
  const known = resultIn(results, CONFIRM, input.round);
  if (known) return { settled: outcomeOf(known) };
  const pinned = await pinnedOf(deps, incident);
  const { confirm } = pinned.playbook;
  if (confirm === undefined) return { settled: null };
  const context = contextOf({ incident, pinned, results, now: attempt.scheduledAt });
  const lookAll = async (): Promise<Seen> => {
    const sights = new Map<string, Sight>();
    for (const operation of confirm.probes) {
      // One look each, all within the same moment: patience is that of the confirmation.
      const looking = { deps, attempt, incident, step: 'isolate', round: input.round } as const;
      const once = { ...operation, withinSeconds: 0 };
      const sight = await see({ ...looking, since: input.since, operation: once, context });
      if (sight) sights.set(operation.name, sight);
    }
    const held = [...sights].filter(([, { outcome }]) => outcome === 'succeeded');
    return { sights, held: held.map(([name]) => name) };
  };
  const patienceEnds = Date.parse(input.since) + confirm.withinSeconds * 1000;
  const askUntil = Math.min(patienceEnds, Date.now() + ASK_WITHIN_MS);
  for (;;) {
    const seen = await lookAll();
    const enough = seen.held.length >= confirm.needs;
    if (enough || Date.now() + ASK_REST_MS > patienceEnds) {
      return settleConfirmation(deps, { attempt, input, incident, confirm, seen, enough });
    }
    if (Date.now() + ASK_REST_MS > askUntil) return { settled: null };
    attempt.heartbeat(CONFIRM);
    await sleep(ASK_REST_MS, undefined, { signal: attempt.signal });
  }
}

interface Confirmed {
  readonly attempt: Attempt;
  readonly input: ConfirmAlertInput;
  readonly incident: Incident;
  readonly confirm: Confirmation;
  readonly seen: Seen;
  readonly enough: boolean;
}

/** Stores what the probes said, under one result, with the mode that follows from it. */
async function settleConfirmation(
  deps: ActivityDependencies,
  { attempt, input, incident, confirm, seen, enough }: Confirmed,
): Promise<ConfirmAlertOutcome> {
  const outcomes = [...seen.sights.values()].map(({ outcome }) => outcome);
  const failed = !enough && outcomes.every((outcome) => outcome !== 'inconclusive');
  const outcome: Outcome = enough ? 'succeeded' : failed ? 'failed' : 'inconclusive';
  const counted = `${seen.held.length.toString()} of ${confirm.probes.length.toString()} probes hold, ${confirm.needs.toString()} must`;
  const stored = await deps.store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incident.id);
    const lowers = !enough && locked.mode === 'auto';
    if (lowers) await tables.incidents.change(incident.id, { mode: 'ask' });
    const result = {
      incidentId: incident.id,
      step: 'isolate' as const,
      operation: CONFIRM,
      round: input.round,
      outcome,
      reason: enough ? null : counted,
      // Nobody can do it again: who goes on is asked at each effect.
      value: { held: seen.held, ...(enough ? {} : { [PASSED_OVER]: true }) },
      startedAt: attempt.scheduledAt.toISOString(),
      settledAt: deps.now().toISOString(),
    };
    const follows = lowers ? ' From now on each effect is asked for.' : '';
    return tables.results.put(result, [
      ...[...seen.sights.values()].flatMap(({ facts }) => facts),
      newFact({
        key: `confirm/${input.round.toString()}`,
        kind: enough ? 'alert.confirmed' : 'alert.unconfirmed',
        step: 'isolate',
        summary: enough
          ? `The alert is confirmed: ${counted}.`
          : `The alert is not confirmed: ${counted}.${follows}`,
        data: { held: seen.held, needs: confirm.needs, probes: confirm.probes.length },
      }),
    ]);
  });
  return { settled: outcomeOf(stored) };
}
