import type { Approval } from './approval.ts';
import type { Direction } from './destruction.ts';
import type { Incident } from './incident.ts';
import type { InventoryEntry } from './inventory.ts';
import { heldThingOf, holdsOn, type HeldEffect, type HoldState } from './legal-hold.ts';
import type { OperationRow } from './operation.ts';
import type { StepName } from './playbook.ts';

/** The steps whose effects one person may let happen alone. */
const STEPS: readonly StepName[] = ['isolate', 'revert'];

/** One effect as far as broken glass looks at it. */
export interface GlassEffect {
  readonly incident: Pick<Incident, 'id' | 'model' | 'targets' | 'suspect'>;
  readonly row: HeldEffect & { readonly step: StepName };
  readonly direction: Direction;
  readonly inventory: readonly InventoryEntry[];
}

/**
 * Why nobody may let this effect happen alone, whatever glass they broke; null when they may. What is under a legal hold never, also where
 * it would destroy nothing; nor while the holds cannot be read.
 */
export function effectBeyondGlass(state: HoldState, effect: GlassEffect): string | null {
  const { incident, row, direction, inventory } = effect;
  if (direction === 'undo' || !STEPS.includes(row.step)) {
    return 'breaking the glass reaches what isolate and revert change, and takes nothing back';
  }
  if ('unreadable' in state) {
    return `whether it is under a legal hold cannot be read (${state.unreadable})`;
  }
  const [hold] = holdsOn(state.holds, heldThingOf(incident, row, inventory));
  return hold === undefined
    ? null
    : `breaking the glass never reaches what is under legal hold ${hold.id}`;
}

type PlannedRow = Pick<OperationRow, 'operation' | 'target' | 'round' | 'planDigest'>;

/**
 * The rows whose own plans are approved, one for each; null when some plan is not that of a row: a choice, an undo, or a question of the
 * engine's, which nobody answers alone.
 */
function rowsOfPlans<Row extends PlannedRow>(
  plans: Approval['plans'],
  rows: readonly Row[],
): readonly Row[] | null {
  const found = plans.flatMap(
    ({ operation, target, round, digest }) =>
      rows.find(
        (row) =>
          row.operation === operation &&
          row.target === target &&
          row.round === round &&
          row.planDigest === digest,
      ) ?? [],
  );
  return plans.length > 0 && found.length === plans.length ? found : null;
}

/** Why nobody may let all of an approval happen alone; null when they may. */
export function approvalBeyondGlass(
  state: HoldState,
  { plans }: Pick<Approval, 'plans'>,
  about: Pick<GlassEffect, 'incident' | 'inventory'> & {
    readonly rows: readonly (GlassEffect['row'] & PlannedRow)[];
  },
): string | null {
  const { incident, inventory, rows } = about;
  const own = rowsOfPlans(plans, rows);
  if (own === null) {
    return 'breaking the glass reaches the plans of effects, and this asks for something else';
  }
  const obstacles = own.map((row) =>
    effectBeyondGlass(state, { incident, row, direction: 'apply', inventory }),
  );
  return obstacles.find((obstacle) => obstacle !== null) ?? null;
}
