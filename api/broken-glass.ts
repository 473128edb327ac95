import type { Approval } from '../domain/approval.ts';
import type { BrokenGlass } from '../domain/break-glass.ts';
import { approvalBeyondGlass } from '../domain/break-glass-reach.ts';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import { holdStateOf } from '../domain/legal-hold.ts';
import type { Tables } from '../store/tables.ts';
import type { Holding } from './admission.ts';

/** A yes that is to count alone: whose, on which incident, and why. */
export interface AloneAsked {
  readonly person: string;
  readonly incident: Incident;
  readonly approval: Approval;
  readonly reason: string;
  /** RFC 3339 UTC. */
  readonly now: string;
}

/** The glass that somebody broke for an incident, as their yes carries it. Raises `refused` when they broke none, or its time is over. */
async function brokenGlassOf(
  { breakGlass }: Pick<Tables, 'breakGlass'>,
  { person, incident, reason, now }: AloneAsked,
): Promise<BrokenGlass> {
  const open = await breakGlass.openOf({ person, incidentId: incident.id, at: now });
  if (open === null) {
    throw new AppError(
      'refused',
      `You have not broken the glass for this incident, or its time is over: firebreak break-glass break ${incident.id} --reason WHY`,
      { details: { reason: 'no-broken-glass' } },
    );
  }
  const { id, brokenAt, endsAt } = open;
  return { id, reason, brokenAt, endsAt };
}

/** What admission looks at for a yes that is to count alone. Raises as `brokenGlassOf`. */
export async function aloneInput(
  { holding }: { readonly holding: Pick<Holding, 'inventory'> },
  tables: Pick<Tables, 'breakGlass' | 'operations' | 'legalHolds'>,
  asked: AloneAsked,
): Promise<{ readonly brokenGlass: BrokenGlass; readonly beyondGlass: string | null }> {
  const { incident, approval } = asked;
  const [brokenGlass, rows, state] = await Promise.all([
    brokenGlassOf(tables, asked),
    tables.operations.ofIncident(incident.id),
    holdStateOf(tables.legalHolds.inForce()),
  ]);
  const inventory = holding.inventory(incident);
  return {
    brokenGlass,
    beyondGlass: approvalBeyondGlass(state, approval, { incident, inventory, rows }),
  };
}
