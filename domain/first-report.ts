import type { Fact } from './fact.ts';
import type { IncidentClocks, RegimeView } from './incident-clocks.ts';
import type { Incident } from './incident.ts';
import { computeMetrics, type Anchor, type Metrics } from './metrics.ts';
import type { FieldSource, RegimeVocabulary, ReportField } from './regime.ts';
import { FactBook, state, textOf, unknown, type Statement } from './statement.ts';

/** The draft of a first report: what the incident fills, and what people have to add before it is sent. */
export interface FirstReport {
  readonly incidentNumber: number;
  readonly asOf: string;
  readonly regime: RegimeView;
  /** The facts that people stated, with their answers. */
  readonly declared: IncidentClocks['facts'];
  /** Fields that the incident fills, each citing its facts. */
  readonly filled: readonly Statement[];
  /** Titles of the fields that nothing fills. */
  readonly missing: readonly string[];
}

/** A draft as people read it. */
export interface RegimeDraft {
  readonly regime: string;
  readonly version: number;
  readonly markdown: string;
}

/** What a report is drafted from. */
export interface ReportMaterial {
  readonly incident: Incident;
  readonly facts: readonly Fact[];
  readonly clocks: IncidentClocks;
  readonly vocabulary: RegimeVocabulary;
}

/** Sentences about measures that one report repeats. */
const MEASURES_MAX = 20;

interface Source {
  readonly incident: Incident;
  readonly book: FactBook;
  readonly anchors: Metrics['anchors'];
  readonly clocks: IncidentClocks;
}

type Fill = (title: string, source: Source) => Statement;

function anchored(title: string, { at, fact }: Anchor, { book }: Source): Statement {
  return state(title, at, [book.at(fact)]);
}

/** When we knew: what the log shows cites its fact, a person's word stands as one. */
function awareness(title: string, { clocks }: Source): Statement {
  const seen = clocks.moments.find(({ name }) => name === 'awareness')?.sighting ?? null;
  if (seen === null) return unknown(title);
  const facts = seen.fact === null ? [] : [seen.fact];
  return { label: title, text: `${seen.at}: ${seen.says}`, facts, evidence: [], known: true };
}

/** When it was contained, and what was told of it since: whoever reads the time alone would take it for the state. */
function contained(title: string, source: Source): Statement {
  const { anchors, book } = source;
  const { at, fact } = anchors.contained;
  const held = book.last('containment.verified', 'containment.restored')?.sequence ?? 0;
  const since = book
    .all('containment.lapsed', 'stand-down.done')
    .filter(({ sequence }) => sequence > held)
    .slice(-MEASURES_MAX);
  if (at === null || since.length === 0) return anchored(title, anchors.contained, source);
  const told = since.map(({ recordedAt, summary }) => `then, at ${recordedAt}: ${summary}`);
  return state(title, [at, ...told].join('; '), [book.at(fact), ...since]);
}

function measures(title: string, { book }: Source): Statement {
  const taken = book.all(
    'containment.verified',
    'containment.lapsed',
    'containment.restored',
    'known-good.chosen',
    'incident.stabilised',
    'stand-down.done',
  );
  const shown = taken.slice(-MEASURES_MAX);
  return state(title, shown.map(({ summary }) => summary).join(' '), shown);
}

const FILLS: Readonly<Record<FieldSource, Fill>> = {
  incident: (title, { incident, book }) =>
    state(title, `#${incident.number.toString()} (${incident.id})`, [
      book.first('incident.opened'),
    ]),
  title: (title, { incident, book }) =>
    state(title, incident.title, [book.first('incident.opened')]),
  model: (title, { incident, book }) =>
    state(title, incident.model, [
      book.last('targets.chosen', 'targets.resolved') ?? book.first('incident.opened'),
    ]),
  suspect: (title, { incident, book }) => {
    const traced = book.last('lineage.traced');
    const suspect = incident.suspect ?? textOf(traced?.data ?? null, 'suspect');
    return state(title, suspect, [traced ?? book.first('incident.opened')]);
  },
  onset: (title, source) => anchored(title, source.anchors.onset, source),
  awareness,
  reach: (title, { book }) => {
    const traced = book.last('lineage.traced');
    return state(title, traced?.summary, [traced]);
  },
  contained,
  measures,
  outcome: (title, { incident, book }) => {
    const closed = book.last('incident.closed');
    return state(title, closed && `${incident.verdict ?? 'no verdict'}: ${closed.summary}`, [
      closed,
    ]);
  },
};

function fill({ title, from }: ReportField, source: Source): Statement {
  return from === null ? unknown(title) : FILLS[from](title, source);
}

/** The draft of the first report under one regime. It invents nothing. */
export function draftReport(regime: RegimeView, material: ReportMaterial): FirstReport {
  const { incident, facts, clocks, vocabulary } = material;
  const { anchors } = computeMetrics(incident, facts);
  const source: Source = { incident, book: new FactBook(facts), anchors, clocks };
  const fields = vocabulary.fields
    .filter(({ name, common }) => common || regime.report.includes(name))
    .map((field) => fill(field, source));
  return {
    incidentNumber: incident.number,
    asOf: clocks.asOf,
    regime,
    declared: clocks.facts.filter(({ answer }) => answer !== 'not said'),
    filled: fields.filter(({ known }) => known),
    missing: fields.filter(({ known }) => !known).map(({ label }) => label ?? ''),
  };
}
