import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import type { KubernetesClient, ObjectPatch } from './client.ts';
import type { RollbackInput } from './input-schema.ts';
import { DEPLOYMENTS, REPLICA_SETS } from './kind.ts';
import { rollbackManifest } from './manifest.ts';
import { ownershipOf, ownersWarning } from './ownership.ts';
import type { Deployment, ReplicaSet } from './reply-schema.ts';
import { rolloutVerdict } from './rollout.ts';
import { createSetting, type Marks, type Setting } from './setting.ts';
import { plainTemplate, templateDigest } from './template.ts';
import { replicaSetsOf, requireDeployment, revisionOf } from './workload.ts';

/** Why the revision was made, in the owner's words; it goes back with the template. */
const CHANGE_CAUSE = 'kubernetes.io/change-cause';
/** Images that a refusal names. */
const IMAGES_NAMED_MAX = 10;

const state = z.strictObject({
  uid: z.string(),
  /** The ReplicaSet that holds this template; null while none of the plan's does. */
  replicaSet: z.strictObject({ name: z.string(), uid: z.string() }).nullable(),
  /** Digest of the whole pod template. */
  template: z.string(),
});
type RollbackState = z.infer<typeof state>;

function stateFor(deployment: Deployment, set: ReplicaSet): RollbackState {
  const { name, uid } = set.metadata;
  return {
    uid: deployment.metadata.uid,
    replicaSet: { name, uid },
    template: templateDigest(set.spec.template),
  };
}

function imageOf(set: ReplicaSet, container: string): string | null {
  return set.spec.template.spec.containers.find((one) => one.name === container)?.image ?? null;
}

function refuseUnknownImage(input: RollbackInput, sets: readonly ReplicaSet[]): AppError {
  const images = [...new Set(sets.map((set) => imageOf(set, input.container) ?? 'none'))];
  const known = images.slice(0, IMAGES_NAMED_MAX).join(', ');
  return new AppError(
    'not_found',
    `No ReplicaSet of Deployment ${input.namespace}/${input.name} runs ${input.image} in container ` +
      `${input.container}; those kept run ${known}.`,
  );
}

/** The ReplicaSet that a state names, unchanged. Raises `conflict` when it is gone or another. */
async function requireReplicaSet(
  client: KubernetesClient,
  wanted: { readonly namespace: string; readonly to: RollbackState },
  context: CallContext,
): Promise<ReplicaSet> {
  const { namespace, to } = wanted;
  const name = to.replicaSet?.name ?? '';
  const set = await client.find(REPLICA_SETS, { namespace, name }, context);
  if (set?.metadata.uid === to.replicaSet?.uid && set !== null) {
    if (templateDigest(set.spec.template) === to.template) return set;
  }
  throw new AppError('conflict', `ReplicaSet ${namespace}/${name} is gone or has changed.`, {
    details: { differences: [], replicaSet: name },
  });
}

function annotationsFor(
  thing: Deployment,
  set: ReplicaSet,
  marks: Marks,
): Readonly<Record<string, string>> {
  const cause = set.metadata.annotations?.[CHANGE_CAUSE] ?? null;
  const wanted = { ...thing.metadata.annotations, [CHANGE_CAUSE]: cause, ...marks };
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
}

/** As kubectl does it: the whole template and its annotations in one patch, on the version that was read. */
function patchOf(thing: Deployment, set: ReplicaSet, marks: Marks): ObjectPatch {
  const { resourceVersion } = thing.metadata;
  const annotations = annotationsFor(thing, set, marks);
  return {
    type: 'json',
    body: [
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/metadata/annotations', value: annotations },
      { op: 'replace', path: '/spec/template', value: plainTemplate(set.spec.template) },
    ],
  };
}

function settingOf(client: KubernetesClient): Setting<RollbackInput, RollbackState, Deployment> {
  return {
    action: 'rollback',
    noun: 'Deployment',
    kind: DEPLOYMENTS,
    fields: [['spec', 'template']],
    address: (input) => input,
    stateOf: (deployment, _input, { before, after }) => {
      const template = templateDigest(deployment.spec.template);
      const planned = [after, before].find((one) => one.template === template);
      const replicaSet = planned?.replicaSet ?? null;
      return { uid: deployment.metadata.uid, replicaSet, template };
    },
    patch: async ({ thing, to, marks }, { namespace }, context) => {
      const set = await requireReplicaSet(client, { namespace, to }, context);
      return patchOf(thing, set, marks);
    },
    settled: (deployment) => Promise.resolve(rolloutVerdict(deployment)),
  };
}

/**
 * Action `rollback`. Its plan raises `not_found` when no kept ReplicaSet runs the image, `refused` for a paused
 * Deployment, `conflict` while the current template has no ReplicaSet yet.
 */
export function createRollback(client: KubernetesClient): AnyAction {
  const stages = createSetting(client, settingOf(client));
  return defineAction({
    manifest: rollbackManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const deployment = await requireDeployment(client, input, context);
      const name = `${input.namespace}/${input.name}`;
      if (deployment.spec.paused === true) {
        throw new AppError('refused', `Deployment ${name} is paused: resume it first.`);
      }
      const { items: sets } = await replicaSetsOf(client, deployment, context);
      const target = sets.find((set) => imageOf(set, input.container) === input.image);
      if (target === undefined) throw refuseUnknownImage(input, sets);
      const running = templateDigest(deployment.spec.template);
      const current = sets.find((set) => templateDigest(set.spec.template) === running);
      if (current === undefined) {
        throw new AppError('conflict', `Deployment ${name} is changing: it has no ReplicaSet yet.`);
      }
      const ownership = await ownershipOf(client, deployment, context);
      const revision = revisionOf(target).toString();
      const from = current.metadata.name;
      return {
        summary:
          `Roll Deployment ${name} back from ReplicaSet ${from} to ${target.metadata.name} ` +
          `(revision ${revision}, ${input.image}), its whole template.${ownersWarning(ownership)}`,
        targets: [rollbackManifest.target(input)],
        before: stateFor(deployment, current),
        after: stateFor(deployment, target),
        token: deployment.metadata.resourceVersion,
        undo: `Restore the template of ReplicaSet ${from}, as long as it is kept.`,
      };
    },
    ...stages,
  });
}
