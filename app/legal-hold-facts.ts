import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { DrillSide } from '../domain/drill.ts';
import {
  heldWords,
  holdsOnIncident,
  type HoldRelease,
  type LegalHold,
} from '../domain/legal-hold.ts';
import type { Store } from '../store/tables.ts';

/** So many incidents that are not closed are looked at. */
const INCIDENTS_MAX = 10_000;

/** What puts legal holds on timelines. */
export interface LegalHoldFacts {
  readonly store: Store;
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
}

/** Everything that was said about a hold, in order; each with a key of its own, so that it is told once. */
export function factsOfHold(hold: LegalHold, words: readonly HoldRelease[]): readonly NewFact[] {
  const { id, scope, subject, placedBy, placedAt, reason, channel, releasedAt } = hold;
  const data = { holdId: id, scope, subject };
  const key = `legal-hold/${id}`;
  const placed = newFact({
    key: `${key}/placed`,
    kind: 'legal-hold.placed',
    occurredAt: placedAt,
    actor: placedBy,
    summary: `${placedBy} placed legal hold ${id} on ${heldWords(hold)}: ${reason}`,
    data: { ...data, reason, channel },
  });
  const said = words.map((word, index) =>
    newFact({
      key: `${key}/word/${(index + 1).toString()}`,
      kind: 'legal-hold.word',
      occurredAt: word.at,
      actor: word.person,
      summary: `${word.person} says that legal hold ${id} on ${heldWords(hold)} shall end: ${word.reason}`,
      data: { ...data, roles: word.roles, reason: word.reason, channel: word.channel },
    }),
  );
  if (releasedAt === null) return [placed, ...said];
  const ended = newFact({
    key: `${key}/ended`,
    kind: 'legal-hold.ended',
    occurredAt: releasedAt,
    summary: `Legal hold ${id} on ${heldWords(hold)} ended.`,
    data,
  });
  return [placed, ...said, ended];
}

/** The incidents that a hold is on: those not closed that it concerns, and the one that it names, closed or not. */
async function incidentsUnder(
  { store, inventory }: LegalHoldFacts,
  hold: LegalHold,
): Promise<readonly Incident[]> {
  if (hold.scope === 'incident') {
    const named = await store.incidents.get(hold.subject);
    return named === null ? [] : [named];
  }
  const inForce = [{ ...hold, releasedAt: null }];
  const under: Incident[] = [];
  for (const incident of await store.incidents.unfinished(INCIDENTS_MAX)) {
    const rows = await store.operations.ofIncident(incident.id);
    const on = holdsOnIncident(inForce, incident, { rows, inventory: inventory(incident) });
    if (on.length > 0) under.push(incident);
  }
  return under;
}

/** Puts a hold, and what was said about it, on the timelines of the incidents that it is on; again adds nothing. */
export async function recordLegalHold(deps: LegalHoldFacts, holdId: string): Promise<void> {
  const { legalHolds, facts } = deps.store;
  const hold = await legalHolds.get(holdId);
  if (hold === null) return;
  const told = factsOfHold(hold, await legalHolds.words(holdId));
  for (const { id } of await incidentsUnder(deps, hold)) await facts.append(id, told);
}
