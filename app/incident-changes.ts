import type { FactKind } from '../domain/fact.ts';
import type { Store } from '../store/tables.ts';
import { factsOf } from './incident-facts.ts';

/** Most lines about one incident; the newest. */
const CHANGES_MAX = 10;

/** What is worth a line for people who do not respond themselves. */
const CHANGES: ReadonlySet<FactKind> = new Set<FactKind>([
  'incident.severity-set',
  'incident.handed-over',
  'incident.held',
  'incident.released',
  'incident.stuck',
  'incident.stabilised',
  'incident.reopened',
  'containment.verified',
  'containment.lapsed',
  'containment.restored',
  'known-good.chosen',
  'approval.requested',
  'approval.approved',
  'approval.rejected',
]);

/** What happened to an incident since a time (RFC 3339), one line each, the newest ten. Raises `too_large` as `factsOf` does. */
export async function changesSince(
  store: { readonly facts: Pick<Store['facts'], 'all'> },
  incidentId: string,
  since: string,
): Promise<readonly string[]> {
  return (await factsOf(store, incidentId))
    .filter(({ kind, recordedAt }) => CHANGES.has(kind) && recordedAt > since)
    .slice(-CHANGES_MAX)
    .map(({ summary }) => summary);
}
