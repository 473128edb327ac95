import { z } from 'zod';
import { defineAction, type AnyAction } from '../connector.ts';
import { levelSet } from '../level-set.ts';
import { changeByHand } from './by-hand.ts';
import type { MlflowClient } from './client.ts';
import { setTagManifest, type SetTagInput } from './manifest.ts';

const state = z.strictObject({ value: z.string().nullable() });
/** The tag's value; null when the version does not carry it. */
type TagState = z.infer<typeof state>;

/** Action `set-tag`: one tag of a model version, put back or deleted by undo. Its plan raises `not_found`. */
export function createSetTag(client: MlflowClient): AnyAction {
  const stages = levelSet<SetTagInput, TagState>({
    externalId: ({ name, version, key }) => `${name}/${version}#${key}`,
    observe: async ({ name, version, key }, context) => {
      const { tags } = await client.version(name, version, context);
      return { value: tags[key] ?? null };
    },
    write: async ({ name, version, key }, { value }, context) => {
      const permission = `registered model ${name}: EDIT`;
      const tag = { name, version, key };
      await client.change(
        value === null
          ? { method: 'DELETE', path: ['model-versions', 'delete-tag'], json: tag, permission }
          : {
              method: 'POST',
              path: ['model-versions', 'set-tag'],
              json: { ...tag, value },
              permission,
            },
        context,
      );
    },
  });
  return defineAction({
    manifest: setTagManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const { name, version, key, value } = input;
      const { tags } = await client.version(name, version, context);
      const before = tags[key] ?? null;
      return {
        summary: `Set tag ${key} of ${name} version ${version} to ${JSON.stringify(value)}.`,
        targets: [setTagManifest.target(input)],
        before: { value: before },
        after: { value },
        token: null,
        undo:
          before === null
            ? `Delete tag ${key} of ${name} version ${version}.`
            : `Set tag ${key} of ${name} version ${version} back to ${JSON.stringify(before)}.`,
      };
    },
    byHand: ({ name, version, key }, { after: { value } }) =>
      value === null
        ? changeByHand('DELETE', ['model-versions', 'delete-tag'], { name, version, key })
        : changeByHand('POST', ['model-versions', 'set-tag'], { name, version, key, value }),
    ...stages,
  });
}
