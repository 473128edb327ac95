import type { RecordedWord } from '../domain/clock-record.ts';
import type { ClockView, IncidentClocks, RegimeView } from '../domain/incident-clocks.ts';
import { visibleCut } from './visible.ts';

const LINE_CHARACTERS_MAX = 500;

function cut(text: string): string {
  return visibleCut(text, LINE_CHARACTERS_MAX);
}

/** A line that states a rule: what it is worth stands behind it, however long it is. */
function ruleLine({ status, confirmed }: RegimeView, text: string): string {
  const mark =
    status === 'confirmed' && confirmed !== null
      ? `confirmed by ${confirmed.by} on ${confirmed.on}`
      : 'not law: to be checked by counsel';
  return `${cut(text)} [${cut(mark)}]`;
}

function dueText({ dueAt, atOnceSince, limitAt }: ClockView): string {
  if (dueAt === null) return '';
  if (dueAt !== atOnceSince) return `, due ${dueAt}`;
  return `, at once since ${dueAt}${limitAt === null ? '' : `, at the latest ${limitAt}`}`;
}

function clockText(clock: ClockView): string {
  const { name, state, settlement, late, to, answer, missing } = clock;
  const settled =
    settlement === null
      ? dueText(clock)
      : ` at ${settlement.at}${late === true ? ', late' : ''} (${settlement.by})`;
  const whom = to === null ? '' : `, to ${to}`;
  const unsure = answer === 'unknown' ? `, if it is owed; missing: ${missing.join(', ')}` : '';
  return `    ${name}: ${state}${settled}${whom}${unsure}`;
}

function answerText({ answer, missing }: RegimeView): string {
  if (answer === 'yes') return 'applies';
  const why = missing.length === 0 ? 'no rule to tell' : `missing: ${missing.join(', ')}`;
  return `may apply (${why})`;
}

function regimeLines(regime: RegimeView): readonly string[] {
  const { id, title, answer, inForce, says, basis, clocks } = regime;
  if (answer === 'no') {
    const why = inForce.then === 'no' ? 'was not in force' : 'does not apply';
    return [ruleLine(regime, `  ${id}: ${why}`)];
  }
  return [
    ruleLine(regime, `  ${id}: ${answerText(regime)}`),
    ruleLine(regime, `    ${title}: ${says} (${basis})`),
    ...clocks.map((clock) => ruleLine(regime, clockText(clock))),
  ];
}

/** Questions whose answers would change something; the others are not asked. */
function openLines({ facts, regimes }: IncidentClocks): readonly string[] {
  const wanted = new Set(
    regimes.flatMap(({ missing, clocks }) => [
      ...missing,
      ...clocks.flatMap((clock) => clock.missing),
    ]),
  );
  const lines = facts
    .filter(({ name }) => wanted.has(name))
    .map(({ name, question, answer }) =>
      cut(`  ${name}: ${answer === 'not said' ? question : answer}`),
    );
  return lines.length === 0 ? [] : ['Not known (--fact NAME=yes or NAME=no):', ...lines];
}

/** What is on record, oldest first; what a later word took the place of is shown as such. */
function recordLines(record: readonly RecordedWord[]): readonly string[] {
  if (record.length === 0) return [];
  return [
    'On record:',
    ...record.map(({ name, says, by, at, fact, superseded }) =>
      cut(
        `  ${name}: ${says} (${by} at ${at}, fact ${fact.toString()}${superseded ? ', superseded' : ''})`,
      ),
    ),
  ];
}

/** The clocks of an incident as lines for a terminal; each line that states a rule says what it is worth. */
export function renderClocks(clocks: IncidentClocks, record: readonly RecordedWord[] = []): string {
  return [
    `As of ${cut(clocks.asOf)}. Product data, not legal advice.`,
    'Moments (the earliest word counts):',
    ...clocks.moments.map(({ name, sighting }) =>
      cut(`  ${name}: ${sighting === null ? 'not said' : `${sighting.at}, ${sighting.says}`}`),
    ),
    'Regimes:',
    ...clocks.regimes.flatMap(regimeLines),
    ...openLines(clocks),
    ...recordLines(record),
  ].join('\n');
}
