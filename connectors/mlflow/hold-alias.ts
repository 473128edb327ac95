import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { threeWayDifference, type Plan, type Receipt } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { standingOf, verdictOf } from '../level-set.ts';
import { changeByHand } from './by-hand.ts';
import type { MlflowClient } from './client.ts';
import { holdAliasManifest, type AliasInput } from './manifest.ts';
import { writeAlias } from './move-alias.ts';

const state = z.strictObject({ holder: z.string().nullable(), version: z.string() });
/** Which incident holds the alias, and at which version. */
type HoldState = z.infer<typeof state>;

/** The registered-model tag that says who holds an alias. */
export function holdTag(alias: string): string {
  return `firebreak.dev/hold.${alias}`;
}

async function observeHold(
  client: MlflowClient,
  input: AliasInput,
  context: CallContext,
): Promise<{ readonly holder: string | null; readonly version: string | null }> {
  const { tags, aliases } = await client.registeredModel(input.name, context);
  return {
    holder: tags[holdTag(input.alias)] ?? null,
    version: aliases[input.alias] ?? null,
  };
}

async function writeHolder(
  client: MlflowClient,
  held: AliasInput & { readonly holder: string | null },
  context: CallContext,
): Promise<void> {
  const { name, alias, holder } = held;
  const key = holdTag(alias);
  const permission = `registered model ${name}: EDIT`;
  await client.change(
    holder === null
      ? {
          method: 'DELETE',
          path: ['registered-models', 'delete-tag'],
          json: { name, key },
          permission,
        }
      : {
          method: 'POST',
          path: ['registered-models', 'set-tag'],
          json: { name, key, value: holder },
          permission,
        },
    context,
  );
}

function receiptOf(input: AliasInput, origin: Receipt['origin']): Receipt {
  return { externalId: `${input.name}@${input.alias}`, origin };
}

async function planHold(
  client: MlflowClient,
  input: AliasInput,
  context: CallContext,
): Promise<Plan<HoldState>> {
  const { name, alias } = input;
  const { holder, version } = await observeHold(client, input, context);
  if (version === null) {
    throw new AppError('not_found', `Model ${name} has no alias ${alias}.`, { field: 'alias' });
  }
  return {
    summary: `Hold alias ${alias} of ${name} at version ${version}; a move is put back and reported.`,
    targets: [holdAliasManifest.target(input)],
    before: { holder, version },
    after: { holder: context.incidentId, version },
    token: null,
    undo: `Take our mark off alias ${alias} of ${name}; the alias stays where it is.`,
  };
}

async function applyHold(
  client: MlflowClient,
  input: AliasInput,
  work: { readonly plan: Plan<HoldState>; readonly context: CallContext },
): Promise<Receipt> {
  const { plan, context } = work;
  const observed = await observeHold(client, input, context);
  if (standingOf(plan, observed) === 'before') {
    await writeHolder(client, { ...input, holder: plan.after.holder }, context);
    const written = await observeHold(client, input, context);
    standingOf({ ...plan, before: plan.after }, written);
  }
  return receiptOf(input, 'ours');
}

/** Restores alias and mark; the receipt says `foreign` when somebody had moved one of them. */
async function ensureHold(
  client: MlflowClient,
  input: AliasInput,
  work: { readonly plan: Plan<HoldState>; readonly context: CallContext },
): Promise<Receipt> {
  const { plan, context } = work;
  const { holder, version } = await observeHold(client, input, context);
  if (version !== plan.after.version) {
    await writeAlias(client, { ...input, to: plan.after.version }, context);
  }
  if (holder !== plan.after.holder) {
    await writeHolder(client, { ...input, holder: plan.after.holder }, context);
  }
  const moved = version !== plan.after.version || holder !== plan.after.holder;
  return receiptOf(input, moved ? 'foreign' : 'ours');
}

/** Puts the mark back as it was; where the alias points is not ours to undo. */
async function revertHold(
  client: MlflowClient,
  input: AliasInput,
  work: { readonly plan: Plan<HoldState>; readonly context: CallContext },
): Promise<Receipt> {
  const { plan, context } = work;
  const observed = await observeHold(client, input, context);
  const { holder } = observed;
  if (holder === plan.after.holder && holder !== plan.before.holder) {
    await writeHolder(client, { ...input, holder: plan.before.holder }, context);
  } else if (holder !== plan.before.holder) {
    throw new AppError(
      'conflict',
      `Alias ${input.alias} of ${input.name} is held by ${String(holder)}.`,
      {
        details: { differences: threeWayDifference(plan, observed) },
      },
    );
  }
  return receiptOf(input, 'ours');
}

/**
 * Action `hold-alias`: marks an alias as held at the version where it stands, and puts it back there. An alias cannot
 * be frozen; a move is undone by `ensure`. Its plan raises `not_found` for an unknown model or alias.
 */
export function createHoldAlias(client: MlflowClient): AnyAction {
  return defineAction<AliasInput, HoldState>({
    manifest: holdAliasManifest,
    before: state,
    reversible: true,
    plan: (input, context) => planHold(client, input, context),
    byHand: ({ name, alias }, { after: { holder } }) => {
      const key = holdTag(alias);
      return holder === null
        ? changeByHand('DELETE', ['registered-models', 'delete-tag'], { name, key })
        : changeByHand('POST', ['registered-models', 'set-tag'], { name, key, value: holder });
    },
    apply: (input, plan, context) => applyHold(client, input, { plan, context }),
    verify: (input, plan, context) => verdictOf(plan, () => observeHold(client, input, context)),
    ensure: (input, plan, context) => ensureHold(client, input, { plan, context }),
    revert: (input, plan, context) => revertHold(client, input, { plan, context }),
  });
}
