import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { levelSet } from '../level-set.ts';
import { changeByHand } from './by-hand.ts';
import type { MlflowClient } from './client.ts';
import { moveAliasManifest, type AliasInput, type MoveAliasInput } from './manifest.ts';

const state = z.strictObject({ version: z.string().nullable() });
/** Where an alias points; null when it does not exist. */
type AliasState = z.infer<typeof state>;

/** Writes an alias, or deletes it for null. */
export async function writeAlias(
  client: MlflowClient,
  moved: AliasInput & { readonly to: string | null },
  context: CallContext,
): Promise<void> {
  const { name, alias, to } = moved;
  const path = ['registered-models', 'alias'];
  const permission = `registered model ${name}: EDIT`;
  await client.change(
    to === null
      ? { method: 'DELETE', path, json: { name, alias }, permission }
      : { method: 'POST', path, json: { name, alias, version: to }, permission },
    context,
  );
}

function words(version: string | null): string {
  return version === null ? 'nothing' : `version ${version}`;
}

/**
 * Action `move-alias`. Its plan raises `not_found` for an unknown model or version and `conflict` for a version that
 * is not ready. MLflow has no version token for aliases: read, compare, write, read back.
 */
export function createMoveAlias(client: MlflowClient): AnyAction {
  const stages = levelSet<MoveAliasInput, AliasState>({
    externalId: ({ name, alias }) => `${name}@${alias}`,
    observe: async ({ name, alias }, context) => ({
      version: await client.alias(name, alias, context),
    }),
    write: ({ name, alias }, { version }, context) =>
      writeAlias(client, { name, alias, to: version }, context),
  });
  return defineAction({
    manifest: moveAliasManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const { name, alias, version } = input;
      const wanted = await client.version(name, version, context);
      if (wanted.status !== 'READY') {
        throw new AppError(
          'conflict',
          `Version ${version} of ${name} is not ready (${wanted.status}).`,
        );
      }
      const before = { version: await client.alias(name, alias, context) };
      return {
        summary: `Move alias ${alias} of ${name} from ${words(before.version)} to ${words(version)}.`,
        targets: [moveAliasManifest.target(input)],
        before,
        after: { version },
        token: null,
        undo: `Point alias ${alias} of ${name} at ${words(before.version)} again.`,
      };
    },
    byHand: ({ name, alias }, { after: { version } }) =>
      version === null
        ? changeByHand('DELETE', ['registered-models', 'alias'], { name, alias })
        : changeByHand('POST', ['registered-models', 'alias'], { name, alias, version }),
    ...stages,
  });
}
