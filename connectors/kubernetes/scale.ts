import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Plan, Verdict } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { patchByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import type { ScaleInput } from './input-schema.ts';
import { DEPLOYMENTS } from './kind.ts';
import { scaleManifest } from './manifest.ts';
import { ownershipOf, ownersWarning } from './ownership.ts';
import type { Deployment } from './reply-schema.ts';
import { rolloutNumbers } from './rollout.ts';
import { createSetting, patchMetadata } from './setting.ts';
import { isReady, podsOf, requireDeployment } from './workload.ts';

const state = z.strictObject({ uid: z.string(), replicas: z.int().min(0) });
type ScaleState = z.infer<typeof state>;

function stateOf(deployment: Deployment): ScaleState {
  return { uid: deployment.metadata.uid, replicas: deployment.spec.replicas ?? 1 };
}

/** The ready replicas that scaling down removes. */
function takenBy(deployment: Deployment, input: ScaleInput): Pick<Plan<ScaleState>, 'takes'> {
  const removed = Math.max(0, rolloutNumbers(deployment).ready - input.replicas);
  if (removed === 0) return {};
  const object = scaleManifest.target(input);
  return { takes: [{ object, replicas: removed, stays: false }] };
}

/** Status and pods must both say the number: a status alone may be old. */
async function settled(
  client: KubernetesClient,
  deployment: Deployment,
  context: CallContext,
): Promise<Verdict> {
  const numbers = rolloutNumbers(deployment);
  if (numbers.observedGeneration < numbers.generation) {
    return { holds: 'unknown', reason: 'The controller has not seen the change yet.' };
  }
  const wanted = numbers.wanted.toString();
  if (numbers.replicas !== numbers.wanted || numbers.ready !== numbers.wanted) {
    const now = `${numbers.replicas.toString()} replicas, ${numbers.ready.toString()} ready`;
    return { holds: 'unknown', reason: `Still moving to ${wanted}: ${now}.` };
  }
  const pods = await podsOf(client, deployment, context);
  const ready = pods.owned.filter(isReady).length;
  if (ready === numbers.wanted) return { holds: 'yes' };
  return {
    holds: 'unknown',
    reason: `${ready.toString()} ready pods are there, ${wanted} wanted.`,
  };
}

/**
 * Action `scale`. Its plan raises `not_found`, and `refused` when an autoscaler writes the same field.
 */
export function createScale(client: KubernetesClient): AnyAction {
  const stages = createSetting<ScaleInput, ScaleState, Deployment>(client, {
    action: 'scale',
    noun: 'Deployment',
    kind: DEPLOYMENTS,
    fields: [['spec', 'replicas']],
    address: (input) => input,
    stateOf,
    patch: ({ thing, to, marks }) => ({
      type: 'merge',
      body: { metadata: patchMetadata(thing, marks), spec: { replicas: to.replicas } },
    }),
    settled: (deployment, _input, context) => settled(client, deployment, context),
  });
  return defineAction({
    manifest: scaleManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const deployment = await requireDeployment(client, input, context);
      const ownership = await ownershipOf(client, deployment, context);
      const name = `${input.namespace}/${input.name}`;
      const [autoscaler] = ownership.autoscalers;
      if (autoscaler !== undefined) {
        const message =
          `HorizontalPodAutoscaler ${autoscaler} sets the replicas of Deployment ${name}: ` +
          'it would undo the change. Pin its minimum and maximum, or remove it, first.';
        throw new AppError('refused', message, { details: { autoscaler } });
      }
      const before = stateOf(deployment);
      const [old, wanted] = [before.replicas.toString(), input.replicas.toString()];
      const change =
        old === wanted
          ? `Keep Deployment ${name} at ${old} replicas.`
          : `Scale Deployment ${name} from ${old} to ${wanted} replicas.`;
      return {
        summary: `${change}${ownersWarning(ownership)}`,
        targets: [scaleManifest.target(input)],
        before,
        after: { ...before, replicas: input.replicas },
        token: deployment.metadata.resourceVersion,
        undo: `Scale it to ${old} replicas again.`,
        ...takenBy(deployment, input),
      };
    },
    byHand: (input, { after }) =>
      patchByHand(DEPLOYMENTS, input, { body: { spec: { replicas: after.replicas } } }),
    ...stages,
  });
}
