import { destroyedBy, type Destroys, type Direction } from '../domain/destruction.ts';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import {
  holdStateOf,
  legalObstacle,
  type HeldEffect,
  type HoldState,
} from '../domain/legal-hold.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { verbOf } from './evaluation.ts';

type HeldDependencies = Pick<ActivityDependencies, 'connectors' | 'inventory'>;

/** One effect of an incident, and which way it goes. */
export interface Held {
  readonly incident: Incident;
  readonly effect: HeldEffect;
  readonly direction: Direction;
}

/** What the action says of itself, as configured now; undefined when it is not configured any more. */
function destroysOf(
  { connectors }: Pick<HeldDependencies, 'connectors'>,
  { incident, effect }: Held,
): Destroys | undefined {
  const { connector } = connectors.of(incident).named(effect.instance);
  return connector.actions[verbOf(effect.use)]?.manifest.destroys;
}

/** Why a legal hold forbids an effect, naming the hold; null when none does. */
export function heldBy(deps: HeldDependencies, state: HoldState, held: Held): string | null {
  const destroys = destroysOf(deps, held);
  return legalObstacle(state, { ...held, destroys, inventory: deps.inventory(held.incident) });
}

/** Raises `refused` when a legal hold forbids an effect; what destroys nothing costs no look. */
export async function refuseHeld(
  deps: HeldDependencies,
  store: Pick<Tables, 'legalHolds'>,
  held: Held,
): Promise<void> {
  const { effect, direction } = held;
  if (destroyedBy(destroysOf(deps, held), effect.plan, direction) === null) return;
  const reason = heldBy(deps, await holdStateOf(store.legalHolds.inForce()), held);
  if (reason !== null)
    throw new AppError('refused', `Refused: ${reason}.`, { details: { reason } });
}
