import { atLeast } from '../domain/approval.ts';
import { BEYOND_CAP, raisedClass } from '../domain/approval-class.ts';
import {
  exceededIsolation,
  exceededSourceCap,
  incidentsToCount,
  lastCapacity,
  replicasOf,
  takingOf,
  type CapStanding,
  type ServingCapacity,
  type Taking,
} from '../domain/cap.ts';
import { sourceOf } from '../domain/incident.ts';
import { keyText } from '../domain/operation.ts';
import type { StoredPlan } from '../domain/plan.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { lookingContext } from './effect.ts';
import type { Draft, EffectJob } from './plan-effect.ts';

/** The ready replicas of every serving object of the incident's model. Raises what the reads raise. */
export async function servingCapacity(
  deps: ActivityDependencies,
  attempt: Attempt,
  { incident, use }: Pick<EffectJob, 'incident' | 'use'>,
): Promise<readonly ServingCapacity[]> {
  const objects = incident.targets?.entry?.serving ?? [];
  const context = lookingContext(deps, attempt, { incidentId: incident.id, text: use });
  return Promise.all(
    objects.map(async ({ cluster, kind, namespace, name }) => {
      const { connector } = deps.connectors.of(incident).named(cluster);
      const object = `${kind}/${namespace}/${name}`;
      // What cannot be told is not healthy.
      const ready = (await connector.readyReplicas?.(object, context)) ?? 0;
      return { object: `${cluster}/${object}`, ready };
    }),
  );
}

/** True for an effect whose taken capacity counts as isolated: a containment, and whatever isolates takes away. */
function isolates({ containment, step }: Pick<EffectJob, 'containment' | 'step'>): boolean {
  return containment || step === 'isolate';
}

/** What a plan takes away of its model as things stand; null when nothing. */
function takingIn(
  draft: Pick<Draft, 'job' | 'serving'> & { readonly plan: Pick<StoredPlan, 'takes'> },
  { isolated }: CapStanding,
): Taking | null {
  const { job, plan, serving } = draft;
  if (plan.takes === undefined || plan.takes.length === 0) return null;
  const model = job.incident.model ?? 'an unknown model';
  const objects = plan.takes.map((taken) => ({
    ...taken,
    object: `${job.instance}/${taken.object}`,
  }));
  const instead = job.incident.targets?.entry?.onIsolation ?? null;
  return takingOf({ model, objects, instead }, serving, isolated);
}

/**
 * Weighs a plan against the caps as they stand, inside the transaction that stores it: the class is raised to R2
 * beyond a cap, with the reason, and what it isolates is known. Nobody else reserves before the transaction ends.
 */
export async function weigh(
  deps: Pick<ActivityDependencies, 'caps' | 'inventory'>,
  tables: Pick<Tables, 'isolations'>,
  draft: Draft,
): Promise<Draft> {
  const { job, plan } = draft;
  if (!atLeast(job.approvalClass, 'R1')) return draft;
  const standing = await tables.isolations.standing(job.incident.id, {
    countUpTo: incidentsToCount(deps.caps()),
    ...(plan.takes === undefined ? { taker: null } : { reserving: true }),
  });
  const taking = takingIn(draft, standing);
  const { incidentsOfSource, isolated } = standing;
  const cap =
    exceededSourceCap(deps.caps(), {
      source: sourceOf(job.incident),
      model: job.incident.model,
      approvalClass: job.approvalClass,
      incidentsOfSource,
    }) ?? (taking === null ? null : exceededBy(deps, { job, taking, isolated }));
  const raised = cap !== null && !atLeast(job.approvalClass, BEYOND_CAP);
  return {
    ...draft,
    job: raised ? { ...job, approvalClass: raisedClass(job.approvalClass, BEYOND_CAP) } : job,
    cap: raised ? cap : null,
    isolates: isolates(job) ? taking : null,
  };
}

function exceededBy(
  deps: Pick<ActivityDependencies, 'caps' | 'inventory'>,
  effect: {
    readonly job: EffectJob;
    readonly taking: Taking;
    readonly isolated: CapStanding['isolated'];
  },
): string | null {
  const { job, taking, isolated } = effect;
  if (!isolates(job)) return lastCapacity(taking);
  const { operation, target, round } = job;
  const mine = keyText({ incidentId: job.incident.id, operation, target, round });
  const others = isolated.filter((one) => keyText(one) !== mine);
  return exceededIsolation(deps.caps(), taking, {
    others,
    totalReplicas: replicasOf(deps.inventory(job.incident)),
  });
}
