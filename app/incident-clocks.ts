import type { ApiDependencies } from '../api/dependencies.ts';
import { draftReport, type RegimeDraft, type ReportMaterial } from '../domain/first-report.ts';
import { awarenessOf, type IncidentClocks } from '../domain/incident-clocks.ts';
import { incidentClocks } from '../regimes/incident-clocks.ts';
import type { RegimeCatalogue } from '../regimes/loader.ts';
import { renderFirstReport } from '../render/first-report.ts';
import type { Store } from '../store/tables.ts';
import { factsOf } from './incident-facts.ts';

/** What the clocks of incidents are read from; of the store only what reads facts. */
export interface IncidentClocksOptions {
  readonly store: { readonly facts: Pick<Store['facts'], 'all'> };
  readonly catalogue: RegimeCatalogue;
  readonly now: () => Date;
}

/** One draft for each regime that applies or may apply and asks for a report. */
function draftsOf(clocks: IncidentClocks, material: ReportMaterial): readonly RegimeDraft[] {
  return clocks.regimes
    .filter((regime) => regime.clocks.length > 0)
    .map((regime) => ({
      regime: regime.id,
      version: regime.version,
      markdown: renderFirstReport(draftReport(regime, material)),
    }));
}

/** Reads the clocks of an incident from its log and what a person declares; it writes nothing. */
export function createIncidentClocks(options: IncidentClocksOptions): ApiDependencies['clocks'] {
  const { store, catalogue, now } = options;
  return async (incident, declared) => {
    const facts = await factsOf(store, incident.id);
    const clocks = incidentClocks(catalogue, {
      awareness: awarenessOf(incident, facts),
      declared,
      now: now().getTime(),
    });
    const { vocabulary } = catalogue;
    return { clocks, drafts: draftsOf(clocks, { incident, facts, clocks, vocabulary }) };
  };
}
