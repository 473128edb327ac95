import type { FirstReport } from '../domain/first-report.ts';
import type { ClockView, RegimeView } from '../domain/incident-clocks.ts';
import { spanText } from '../domain/regime.ts';
import type { ReadDeadline } from '../domain/regulatory-clock.ts';
import { escapeMarkdown, statementLine } from './markdown.ts';
import { visibleCut } from './visible.ts';

/** The longest line of text from outside, in UTF-16 units. */
const TEXT_MAX = 2_000;

function shown(text: string): string {
  return escapeMarkdown(visibleCut(text, TEXT_MAX));
}

/** How far a line that states a rule may be relied on; such a line never stands without it. */
function markOf({ status, confirmed }: RegimeView): string {
  return status === 'confirmed' && confirmed !== null
    ? `(confirmed by ${shown(confirmed.by)} on ${shown(confirmed.on)})`
    : '**(not law: to be checked by counsel)**';
}

function rule(regime: RegimeView, text: string): string {
  return `- ${text} ${markOf(regime)}\n`;
}

function readingText({ reading, start, dueAt }: ReadDeadline): string {
  const within = reading.within === null ? 'at once' : spanText(reading.within);
  const says = shown(reading.says);
  if (start === null || dueAt === null) {
    return `${within} from ${shown(reading.from)}: not started, nobody said when (${says})`;
  }
  return `${within} from ${shown(reading.from)} (${shown(start.at)}, ${shown(start.says)}): ${dueAt} (${says})`;
}

function standingText(clock: ClockView): string {
  const { state, late, settlement, dueAt, atOnceSince } = clock;
  if (settlement !== null) {
    const why = settlement.reason === null ? '' : `: ${shown(settlement.reason)}`;
    const when = late === true ? ', after its deadline' : '';
    return `${state} at ${shown(settlement.at)}${when}, says ${shown(settlement.by)}${why}`;
  }
  if (dueAt === null) return state;
  return atOnceSince === dueAt ? `${state}, owed at once since ${dueAt}` : `${state}, due ${dueAt}`;
}

/** When people should be reminded; nothing reminds of what is settled. */
function reminderLines(regime: RegimeView, clock: ClockView): readonly string[] {
  if (clock.settlement !== null || clock.reminders.length === 0) return [];
  return [`  ${rule(regime, `Reminders: ${clock.reminders.map(shown).join(', ')}.`)}`];
}

function clockLines(regime: RegimeView, clock: ClockView): string {
  const to = clock.to === null ? '' : ` To: ${shown(clock.to)}.`;
  const unsure =
    clock.answer === 'unknown'
      ? ` Whether it is owed is unknown; missing: ${clock.missing.map(shown).join(', ')}.`
      : '';
  return [
    rule(regime, `${shown(clock.title)}: ${standingText(clock)}.${to}${unsure}`),
    ...clock.readings.map((one) => `  ${rule(regime, readingText(one))}`),
    ...reminderLines(regime, clock),
  ].join('');
}

function applicabilityText({ answer, missing }: RegimeView): string {
  if (answer === 'yes') return 'It applies, if what was declared is true.';
  if (missing.length === 0)
    return 'Whether it applies is unknown: nobody has worked out when it does.';
  return `Whether it applies is unknown; missing: ${missing.map(shown).join(', ')}.`;
}

function inForceText({ inForce }: RegimeView): string {
  const { from, until, then } = inForce;
  if (then === 'unknown') return 'Since when it is in force is not in our source.';
  const end = until === null ? '' : ` until ${until}`;
  return `In force from ${from ?? 'an unknown day'}${end}.`;
}

function regimeLines(regime: RegimeView): string {
  return [
    rule(regime, `${shown(regime.title)}, version ${regime.version.toString()}.`),
    rule(regime, `It says: ${shown(regime.says)}.`),
    rule(
      regime,
      `How well that is known: ${shown(regime.basis)}. Source: ${shown(regime.source)}.`,
    ),
    rule(regime, inForceText(regime)),
    rule(regime, applicabilityText(regime)),
    ...(regime.note === null ? [] : [rule(regime, shown(regime.note))]),
  ].join('');
}

function list(lines: readonly string[], none: string): string {
  return lines.length === 0 ? `${none}\n` : lines.join('');
}

/**
 * The draft of a first report as Markdown. Every line that states a rule carries what it is worth; text from outside is
 * escaped here and stays on its line.
 */
export function renderFirstReport(report: FirstReport): string {
  const { regime, filled, missing, declared } = report;
  const title = `Draft of a first report: incident ${report.incidentNumber.toString()}`;
  return [
    `# ${title}, ${shown(regime.id)}\n\n`,
    `As of ${shown(report.asOf)}. A draft for counsel, never sent by Firebreak; the fields are Firebreak’s own list, no authority’s form.\n`,
    `\n## The rule\n\n${regimeLines(regime)}`,
    `\n## Deadlines\n\n${list(
      regime.clocks.map((clock) => clockLines(regime, clock)),
      'None.',
    )}`,
    `\n## What the incident tells\n\n${list(filled.map(statementLine), 'Nothing.')}`,
    `\n## Missing, for people to add\n\n${list(
      missing.map((field) => `- ${shown(field)}\n`),
      'Nothing.',
    )}`,
    `\n## Declared, on no record\n\n${list(
      declared.map(({ question, answer }) => `- ${shown(question)} ${answer}\n`),
      'Nothing.',
    )}`,
  ].join('');
}
