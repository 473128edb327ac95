import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { defineAction, type AnyAction } from '../connector.ts';
import { patchByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import { VALUE_MAX, type ConfigMapKeyInput } from './input-schema.ts';
import { CONFIG_MAPS } from './kind.ts';
import { configMapKeyManifest } from './manifest.ts';
import type { ConfigMap } from './reply-schema.ts';
import { createSetting, findOrRefuse, patchMetadata } from './setting.ts';

const state = z.strictObject({
  uid: z.string(),
  /** Null: there is no such key. */
  value: z.string().nullable(),
});
type KeyState = z.infer<typeof state>;

/** Characters of a value that a plan's summary shows. */
const SHOWN_MAX = 80;
const KEY_HASH_CHARACTERS = 8;

function stateOf(configMap: ConfigMap, input: ConfigMapKeyInput): KeyState {
  return { uid: configMap.metadata.uid, value: configMap.data?.[input.key] ?? null };
}

function shown(value: string | null): string {
  if (value === null) return 'nothing';
  return value.length > SHOWN_MAX ? `"${value.slice(0, SHOWN_MAX)}…"` : `"${value}"`;
}

function refuseUnwritable(configMap: ConfigMap, input: ConfigMapKeyInput): void {
  const name = `ConfigMap ${input.namespace}/${input.name}`;
  if (configMap.immutable === true) {
    throw new AppError('refused', `${name} is immutable: it can only be made anew.`);
  }
  if (configMap.binaryData?.[input.key] !== undefined) {
    throw new AppError('invalid', `Key ${input.key} of ${name} holds bytes, not text.`, {
      field: 'with.key',
    });
  }
  if ((configMap.data?.[input.key]?.length ?? 0) > VALUE_MAX) {
    throw new AppError('too_large', `The value that ${name} has now is too long to be restored.`);
  }
}

/**
 * Action `config-map-key`. Its plan raises `not_found`, `refused` for an immutable ConfigMap, `invalid` for a binary
 * key, `too_large` when the value to restore exceeds 65,536 characters.
 */
export function createConfigMapKey(client: KubernetesClient): AnyAction {
  const settingOf = (key: string): string => {
    const digest = createHash('sha256').update(key).digest('hex').slice(0, KEY_HASH_CHARACTERS);
    return `config-map-key.${digest}`;
  };
  // Each key carries its own mark: two operations may set two keys of one ConfigMap.
  const stagesOf = (input: ConfigMapKeyInput) =>
    createSetting<ConfigMapKeyInput, KeyState, ConfigMap>(client, {
      action: settingOf(input.key),
      noun: 'ConfigMap',
      kind: CONFIG_MAPS,
      fields: [['data']],
      address: ({ namespace, name }) => ({ namespace, name }),
      stateOf,
      patch: ({ thing, to, marks }, { key }) => ({
        type: 'merge',
        body: { metadata: patchMetadata(thing, marks), data: { [key]: to.value } },
      }),
      settled: () => Promise.resolve({ holds: 'yes' }),
    });
  return defineAction({
    manifest: configMapKeyManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const subject = { kind: CONFIG_MAPS, noun: 'ConfigMap', address: input };
      const configMap = await findOrRefuse(client, subject, context);
      refuseUnwritable(configMap, input);
      const before = stateOf(configMap, input);
      const place = `key ${input.key} of ConfigMap ${input.namespace}/${input.name}`;
      return {
        summary: `Set ${place} from ${shown(before.value)} to ${shown(input.value)}.`,
        targets: [configMapKeyManifest.target(input)],
        before,
        after: { ...before, value: input.value },
        token: configMap.metadata.resourceVersion,
        undo: `Set it to ${shown(before.value)} again.`,
      };
    },
    byHand: (input, { after }) =>
      patchByHand(CONFIG_MAPS, input, { body: { data: { [input.key]: after.value } } }),
    apply: (input, plan, context) => stagesOf(input).apply(input, plan, context),
    verify: (input, plan, context) => stagesOf(input).verify(input, plan, context),
    ensure: (input, plan, context) => stagesOf(input).ensure(input, plan, context),
    revert: (input, plan, context) => stagesOf(input).revert(input, plan, context),
  });
}
