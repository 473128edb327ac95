import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { defineAction, type AnyAction } from '../connector.ts';
import { patchByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import type { ObjectInput } from './input-schema.ts';
import { DEPLOYMENTS } from './kind.ts';
import { restartManifest } from './manifest.ts';
import type { Deployment } from './reply-schema.ts';
import { rolloutVerdict } from './rollout.ts';
import { createSetting, patchMetadata } from './setting.ts';
import { requireDeployment } from './workload.ts';

const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
const HASH_CHARACTERS = 24;

const state = z.strictObject({ uid: z.string(), restartedAt: z.string().nullable() });
type RestartState = z.infer<typeof state>;

function stateOf(deployment: Deployment): RestartState {
  const annotations = deployment.spec.template.metadata?.annotations ?? {};
  return { uid: deployment.metadata.uid, restartedAt: annotations[RESTARTED_AT] ?? null };
}

/** The annotation's value: the same operation restarts once, however often it is tried. */
function stampOf(idempotencyKey: string): string {
  const digest = createHash('sha256').update(idempotencyKey).digest('hex');
  return `firebreak-${digest.slice(0, HASH_CHARACTERS)}`;
}

/** Action `restart`. Its plan raises `not_found`, and `refused` for a paused Deployment. */
export function createRestart(client: KubernetesClient): AnyAction {
  const stages = createSetting<ObjectInput, RestartState, Deployment>(client, {
    action: 'restart',
    noun: 'Deployment',
    kind: DEPLOYMENTS,
    fields: [['spec', 'template']],
    address: (input) => input,
    stateOf,
    patch: ({ thing, to, marks }) => ({
      type: 'merge',
      body: {
        metadata: patchMetadata(thing, marks),
        spec: { template: { metadata: { annotations: { [RESTARTED_AT]: to.restartedAt } } } },
      },
    }),
    settled: (deployment) => Promise.resolve(rolloutVerdict(deployment)),
  });
  return defineAction({
    manifest: restartManifest,
    before: state,
    reversible: false,
    because: 'The replaced pods are gone; their successors run the same template.',
    plan: async (input, context) => {
      const deployment = await requireDeployment(client, input, context);
      const name = `${input.namespace}/${input.name}`;
      if (deployment.spec.paused === true) {
        throw new AppError('refused', `Deployment ${name} is paused: resume it first.`);
      }
      const before = stateOf(deployment);
      const replicas = (deployment.spec.replicas ?? 1).toString();
      return {
        summary: `Restart the ${replicas} pods of Deployment ${name}.`,
        targets: [restartManifest.target(input)],
        before,
        after: { ...before, restartedAt: stampOf(context.idempotencyKey) },
        token: deployment.metadata.resourceVersion,
        undo: 'A restart cannot be undone; the pods run the same template as before.',
      };
    },
    byHand: (input, { after }) =>
      patchByHand(DEPLOYMENTS, input, {
        body: {
          spec: { template: { metadata: { annotations: { [RESTARTED_AT]: after.restartedAt } } } },
        },
      }),
    apply: (input, plan, context) => stages.apply(input, plan, context),
    verify: (input, plan, context) => stages.verify(input, plan, context),
  });
}
