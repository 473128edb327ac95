import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { defineAction, type AnyAction } from '../connector.ts';
import { patchByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import type { SetImageInput } from './input-schema.ts';
import { DEPLOYMENTS } from './kind.ts';
import { setImageManifest } from './manifest.ts';
import { ownershipOf, ownersWarning } from './ownership.ts';
import type { Deployment } from './reply-schema.ts';
import { rolloutVerdict } from './rollout.ts';
import { createSetting, patchMetadata } from './setting.ts';
import { requireDeployment } from './workload.ts';

const VERSION_LABEL = 'version';

const state = z.strictObject({
  uid: z.string(),
  /** Null: the container is not there. */
  image: z.string().nullable(),
  /** The template's label `version`, when the input names one; without it, no label is ours. */
  labels: z.record(z.string(), z.string().nullable()),
});
type ImageState = z.infer<typeof state>;

function stateOf(deployment: Deployment, input: SetImageInput): ImageState {
  const { template } = deployment.spec;
  const container = template.spec.containers.find((one) => one.name === input.container);
  const version = template.metadata?.labels?.[VERSION_LABEL] ?? null;
  return {
    uid: deployment.metadata.uid,
    image: container?.image ?? null,
    labels: input.version === undefined ? {} : { [VERSION_LABEL]: version },
  };
}

function refuseSelectedVersion(deployment: Deployment, input: SetImageInput): void {
  const { matchLabels, matchExpressions } = deployment.spec.selector;
  const keys = [
    ...Object.keys(matchLabels ?? {}),
    ...(matchExpressions ?? []).map((expression) => expression.key),
  ];
  if (input.version === undefined || !keys.includes(VERSION_LABEL)) return;
  const message =
    `Deployment ${input.namespace}/${input.name} selects its pods by the label version, which cannot change: ` +
    'leave version out.';
  throw new AppError('invalid', message, { field: 'with.version' });
}

function bodyOf(to: ImageState, container: string): JsonObject {
  const containers = [{ name: container, image: to.image }];
  const metadata = Object.keys(to.labels).length === 0 ? {} : { metadata: { labels: to.labels } };
  return { template: { ...metadata, spec: { containers } } };
}

function words({ image, labels }: ImageState): string {
  const version = labels[VERSION_LABEL];
  const labelled = version === undefined ? '' : ` with version ${version ?? 'unset'}`;
  return `image ${image ?? 'none'}${labelled}`;
}

/**
 * Action `set-image`. Its plan raises `not_found` for an unknown Deployment, `invalid` for an unknown container or a
 * version label that the selector holds fast.
 */
export function createSetImage(client: KubernetesClient): AnyAction {
  const stages = createSetting<SetImageInput, ImageState, Deployment>(client, {
    action: 'set-image',
    noun: 'Deployment',
    kind: DEPLOYMENTS,
    fields: [['spec', 'template']],
    address: (input) => input,
    stateOf,
    patch: ({ thing, to, marks }, input) => ({
      type: 'strategic',
      body: { metadata: patchMetadata(thing, marks), spec: bodyOf(to, input.container) },
    }),
    settled: (deployment) => Promise.resolve(rolloutVerdict(deployment)),
  });
  return defineAction({
    manifest: setImageManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const deployment = await requireDeployment(client, input, context);
      refuseSelectedVersion(deployment, input);
      const before = stateOf(deployment, input);
      const name = `${input.namespace}/${input.name}`;
      if (before.image === null) {
        const message = `Deployment ${name} has no container ${input.container}.`;
        throw new AppError('invalid', message, { field: 'with.container' });
      }
      const ownership = await ownershipOf(client, deployment, context);
      const after: ImageState = {
        ...before,
        image: input.image,
        labels: input.version === undefined ? {} : { [VERSION_LABEL]: input.version },
      };
      const change = `from ${words(before)} to ${words(after)}`;
      return {
        summary: `Move container ${input.container} of Deployment ${name} ${change}.${ownersWarning(ownership)}`,
        targets: [setImageManifest.target(input)],
        before,
        after,
        token: deployment.metadata.resourceVersion,
        undo: `Set ${words(before)} again.`,
      };
    },
    byHand: (input, { after }) =>
      patchByHand(DEPLOYMENTS, input, {
        type: 'strategic',
        body: { spec: bodyOf(after, input.container) },
      }),
    ...stages,
  });
}
