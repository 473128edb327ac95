import type { ApiDependencies } from '../api/dependencies.ts';
import { declarationsIn } from '../domain/clock-record-schema.ts';
import {
  recordedWords,
  standingDeclarations,
  type Declaration,
  type DeclaredWords,
  type KnownNames,
} from '../domain/clock-record.ts';
import { AppError } from '../domain/error.ts';
import type { Fact } from '../domain/fact.ts';
import { draftReport, type RegimeDraft, type ReportMaterial } from '../domain/first-report.ts';
import { awarenessOf, type IncidentClocks } from '../domain/incident-clocks.ts';
import type { Incident } from '../domain/incident.ts';
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

const NO_WORDS: DeclaredWords = { facts: [], moments: [], met: [], waived: [], opened: [] };

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

function knownNames({ vocabulary, regimes }: RegimeCatalogue): KnownNames {
  return {
    facts: new Set(vocabulary.facts.map(({ name }) => name)),
    moments: new Set(vocabulary.moments.map(({ name }) => name)),
    clocks: new Set(regimes.flatMap(({ id, clocks }) => clocks.map(({ name }) => `${id}/${name}`))),
  };
}

/** What is read: an incident, its whole log, and what somebody says now. */
interface Material {
  readonly incident: Incident;
  readonly facts: readonly Fact[];
  readonly spoken: Declaration;
}

function read(
  { catalogue, now }: Pick<IncidentClocksOptions, 'catalogue' | 'now'>,
  { incident, facts, spoken }: Material,
): IncidentClocks {
  const known = knownNames(catalogue);
  const strange = spoken.words.opened.find((clock) => !known.clocks.has(clock));
  if (strange !== undefined) {
    throw new AppError('invalid', `There is no clock ${JSON.stringify(strange)}.`, {
      field: 'opened',
    });
  }
  return incidentClocks(catalogue, {
    awareness: awarenessOf(incident, facts),
    declared: standingDeclarations(declarationsIn(facts), spoken, known),
    now: now().getTime(),
  });
}

/** The clocks of an incident as its log alone tells them. */
export function createRecordedClocks(
  options: Pick<IncidentClocksOptions, 'catalogue' | 'now'>,
): (incident: Incident, facts: readonly Fact[]) => IncidentClocks {
  return (incident, facts) => {
    const at = options.now().toISOString();
    const spoken = { words: NO_WORDS, by: 'engine', at, decisionId: '', fact: 0 };
    return read(options, { incident, facts, spoken });
  };
}

/** Reads the clocks of an incident from its log and what a person says now; it writes nothing. */
export function createIncidentClocks(options: IncidentClocksOptions): ApiDependencies['clocks'] {
  const { store, catalogue, now } = options;
  return async (incident, { by, words }) => {
    const facts = await factsOf(store, incident.id);
    const at = now().toISOString();
    const spoken = { words, by, at, decisionId: '', fact: 0 };
    const clocks = read(options, { incident, facts, spoken });
    const { vocabulary } = catalogue;
    return {
      clocks,
      drafts: draftsOf(clocks, { incident, facts, clocks, vocabulary }),
      record: recordedWords(declarationsIn(facts)),
    };
  };
}
