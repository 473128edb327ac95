import type { Verdict } from '../../domain/plan.ts';
import type { Deployment } from './reply-schema.ts';

/** What a Deployment's status says in numbers; absent numbers are 0. */
export interface RolloutNumbers {
  readonly wanted: number;
  readonly replicas: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
  readonly generation: number;
  readonly observedGeneration: number;
}

function count(number: number | null | undefined): number {
  return number ?? 0;
}

/** Reads the numbers of a Deployment. */
export function rolloutNumbers(deployment: Deployment): RolloutNumbers {
  const { spec, status, metadata } = deployment;
  return {
    wanted: spec.replicas ?? 1,
    replicas: count(status?.replicas),
    ready: count(status?.readyReplicas),
    updated: count(status?.updatedReplicas),
    available: count(status?.availableReplicas),
    generation: count(metadata.generation),
    observedGeneration: count(status?.observedGeneration),
  };
}

function unknown(reason: string): Verdict {
  return { holds: 'unknown', reason };
}

/** Why the pods are not all of the current template yet; null when they are. */
function unfinished(numbers: RolloutNumbers): string | null {
  const { wanted, updated, replicas, available } = numbers;
  if (updated < wanted)
    return `${updated.toString()} of ${wanted.toString()} replicas are updated.`;
  if (replicas > updated) return `${(replicas - updated).toString()} old replicas are left.`;
  if (available < updated) {
    return `${available.toString()} of ${wanted.toString()} replicas are available.`;
  }
  return null;
}

/**
 * Whether the pods follow the template: yes once every replica is updated and available and no old one is left;
 * no when the controller gave up; unknown while it works.
 */
export function rolloutVerdict(deployment: Deployment): Verdict {
  const numbers = rolloutNumbers(deployment);
  if (numbers.observedGeneration < numbers.generation) {
    return unknown('The controller has not seen the change yet.');
  }
  const progressing = deployment.status?.conditions?.find((one) => one.type === 'Progressing');
  if (progressing?.status === 'False') {
    return { holds: 'no', reason: `The rollout stopped: ${progressing.reason ?? 'unexplained'}.` };
  }
  if (deployment.spec.paused === true) return unknown('The rollout is paused.');
  const reason = unfinished(numbers);
  return reason === null ? { holds: 'yes' } : unknown(reason);
}
