import picocolors from 'picocolors';
import type { Fact, FactKind } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import type { StoredPlan } from '../domain/plan.ts';
import type { StormSuspect } from '../domain/storm.ts';
import { jsonEquals } from '../domain/plan.ts';
import { visibleCut } from './visible.ts';
import { clip, displayWidth, padTo, wrap } from './width.ts';

/** How the terminal shows things. */
export interface TerminalOptions {
  readonly color: boolean;
  /** Columns; at least `WIDTH_MIN` are used. */
  readonly width: number;
}

/** Narrower terminals get lines of this many columns. */
export const WIDTH_MIN = 40;
const TEXT_MAX = 4000;
const CELL_COLUMNS_MAX = 60;
const CELL_COLUMNS_MIN = 4;
const DIFFERENCES_MAX = 100;
const STEP_COLUMNS = 10;

/** Words before the summary, where plan and effect are told by the same sentence. */
const WORDS: Readonly<Partial<Record<FactKind, string>>> = {
  'operation.planned': 'Plan: ',
  'operation.applied': 'Done: ',
  'operation.would-have': 'Would have: ',
};

type Tone = 'good' | 'bad' | 'ask' | 'plain';

const GOOD: ReadonlySet<FactKind> = new Set<FactKind>([
  'operation.verified',
  'operation.confirmed',
  'alert.confirmed',
  'containment.verified',
  'containment.restored',
  'known-good.chosen',
  'evidence.sealed',
  'approval.approved',
  'incident.stabilised',
  'incident.closed',
  'stand-down.done',
]);
const BAD: ReadonlySet<FactKind> = new Set<FactKind>([
  'operation.refused',
  'operation.conflict',
  'operation.failed',
  'operation.unverified',
  'operation.unknown',
  'operation.revert-failed',
  'containment.lapsed',
  'evidence.gap',
  'incident.held',
  'incident.stuck',
  'incident.run-refused',
  'incident.signal-ignored',
  'approval.rejected',
  'approval.expired',
  'message.failed',
  'message.refused',
  'message.unknown',
]);
const ASK: ReadonlySet<FactKind> = new Set<FactKind>([
  'approval.requested',
  'approval.escalated',
  'escalation.rung',
  'containment.contested',
  'containment.expired',
  'incident.veto-opened',
  'incident.vetoed',
  'alert.unconfirmed',
  'incident.paused',
  'claim.blocked',
]);

const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', ask: '?', plain: '·' };

function toneOf(kind: FactKind): Tone {
  if (GOOD.has(kind)) return 'good';
  if (BAD.has(kind)) return 'bad';
  return ASK.has(kind) ? 'ask' : 'plain';
}

function paint(tone: Tone, text: string, color: boolean): string {
  const colors = picocolors.createColors(color);
  switch (tone) {
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'ask':
      return colors.yellow(text);
    case 'plain':
      return colors.dim(text);
  }
}

const bold = (text: string, color: boolean): string => picocolors.createColors(color).bold(text);
const dim = (text: string, color: boolean): string => picocolors.createColors(color).dim(text);

/** `HH:MM:SS` of an RFC 3339 time in UTC; the text itself when it is none. */
function clock(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? visibleCut(time, 8) : at.toISOString().slice(11, 19);
}

/** Text behind a first line's prefix and below it, indented. Prefix and indent have `columns` columns. */
function hang(prefix: string, text: string, layout: { columns: number; width: number }): string {
  const { columns, width } = layout;
  const lines = wrap(text, width - columns);
  return lines
    .map((line, index) => `${index === 0 ? prefix : ' '.repeat(columns)}${line}`)
    .join('\n');
}

/**
 * One fact as one line (wrapped, indented): time, step, sign, sentence. When it happened at another time than we learned
 * of it, both are shown. No line feed at the end.
 */
export function renderFact(fact: Fact, options: TerminalOptions): string {
  const { color } = options;
  const width = Math.max(WIDTH_MIN, options.width);
  const tone = toneOf(fact.kind);
  const time = clock(fact.recordedAt);
  const step = padTo(fact.step ?? '', STEP_COLUMNS);
  const happened = fact.occurredAt === null ? time : clock(fact.occurredAt);
  const late = happened === time ? '' : ` (happened ${happened})`;
  const who = fact.actor === 'engine' ? '' : ` – ${fact.actor}`;
  const columns = displayWidth(`${time} ${step}  `) + 1;
  const prefix = `${dim(time, color)} ${step}${paint(tone, SIGNS[tone], color)} `;
  const text = visibleCut(`${WORDS[fact.kind] ?? ''}${fact.summary}${who}${late}`, TEXT_MAX);
  return hang(prefix, text, { columns: columns - 1, width });
}

interface Leaf {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Every path at which the two values differ, in order. */
function differences(
  before: Json | undefined,
  after: Json | undefined,
  path = '',
): readonly Leaf[] {
  if (jsonEquals(before, after)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    return differences(before[key], after[key], path === '' ? key : `${path}.${key}`);
  });
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A plan: what it would do, the difference between before and after, and what undo would do. No line feed at the end. */
export function renderPlan(plan: StoredPlan, options: TerminalOptions): string {
  const { color } = options;
  const width = Math.max(WIDTH_MIN, options.width);
  const colors = picocolors.createColors(color);
  const all = differences(plan.before, plan.after);
  const line = (sign: '-' | '+', { path }: Leaf, value: Json | undefined): readonly string[] => {
    if (value === undefined) return [];
    const name = path === '' ? '' : `${path}: `;
    const text = clip(visibleCut(`${name}${valueText(value)}`, TEXT_MAX), width - 6);
    return [sign === '-' ? colors.red(`    - ${text}`) : colors.green(`    + ${text}`)];
  };
  const shown = all
    .slice(0, DIFFERENCES_MAX)
    .flatMap((leaf) => [...line('-', leaf, leaf.before), ...line('+', leaf, leaf.after)]);
  const rest = all.length - DIFFERENCES_MAX;
  const text = (name: string, value: string): string =>
    hang(name, visibleCut(value, TEXT_MAX), { columns: displayWidth(name), width });
  return [
    text('  ', plan.summary),
    ...plan.targets.map((target) => text('  target ', target)),
    ...(all.length === 0 ? [dim('    nothing would change', color)] : shown),
    ...(rest > 0 ? [`    … ${rest.toString()} more differences`] : []),
    text('  undo   ', plan.undo),
  ].join('\n');
}

/** An incident's state and what people can do now, with exact commands. No line feed at the end. */
export function renderIncident(
  incident: Incident,
  can: readonly string[],
  options: TerminalOptions,
): string {
  const { color } = options;
  const width = Math.max(WIDTH_MIN, options.width);
  const row = (name: string, value: string | null): readonly string[] =>
    value === null
      ? []
      : [hang(dim(padTo(name, 11), color), visibleCut(value, TEXT_MAX), { columns: 11, width })];
  const title = visibleCut(`#${incident.number.toString()} ${incident.title}`, TEXT_MAX);
  const state =
    incident.stateReason === null ? incident.state : `${incident.state}: ${incident.stateReason}`;
  return [
    ...wrap(title, width).map((line) => bold(line, color)),
    ...row('id', incident.id),
    ...row('state', incident.paused ? `${state} (paused)` : state),
    ...row('severity', incident.severity),
    ...row(
      'phase',
      incident.step === null ? incident.phase : `${incident.phase}, step ${incident.step}`,
    ),
    ...row('model', incident.model),
    ...row('suspect', incident.suspect),
    ...row('drill', incident.drill ? 'yes: it reaches drill instances alone' : null),
    ...row('playbook', `${incident.playbookName} (${incident.mode})`),
    ...row('lead', incident.owner ?? 'nobody yet'),
    ...row('opened', incident.openedAt),
    ...row('contained', incident.containedAt),
    ...row('verdict', incident.verdict),
    ...(can.length === 0 ? [] : ['', bold('You can now:', color)]),
    ...can.map((command) => hang('  ', visibleCut(command, TEXT_MAX), { columns: 2, width })),
  ].join('\n');
}

/** What a storm incident stands for: its suspects, one a line; empty for every other incident. */
export function renderSuspects(
  suspects: readonly StormSuspect[],
  options: TerminalOptions,
): string {
  if (suspects.length === 0) return '';
  const rows = suspects.map(({ model, suspect, title, alertCount, lastAt }) => [
    model ?? suspect ?? '–',
    alertCount.toString(),
    lastAt,
    title,
  ]);
  const table = renderTable(['suspect', 'alerts', 'last', 'first alert'], rows, options);
  return `\n\n${bold('Suspects:', options.color)}\n${table}`;
}

/** Widths of columns that fit: each as wide as its text, the widest shortened until the whole fits. */
function columnWidths(cells: readonly (readonly string[])[], width: number): readonly number[] {
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.min(CELL_COLUMNS_MAX, Math.max(1, ...cells.map((row) => displayWidth(row[column] ?? '')))),
  );
  const gaps = 2 * Math.max(0, widths.length - 1);
  for (let over = widths.reduce((sum, each) => sum + each, gaps) - width; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    const current = widths[widest] ?? 0;
    if (current <= CELL_COLUMNS_MIN) break;
    widths[widest] = current - 1;
  }
  return widths;
}

/** A table: one line for its heading and one for each row; long cells are cut with an ellipsis. No line feed at the end. */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  options: TerminalOptions,
): string {
  const cells = [columns, ...rows].map((row) =>
    columns.map((_, index) => visibleCut(row[index] ?? '', CELL_COLUMNS_MAX * 4)),
  );
  const widths = columnWidths(cells, Math.max(WIDTH_MIN, options.width));
  return cells
    .map((row, index) => {
      const line = row
        .map((cell, column) => padTo(clip(cell, widths[column] ?? 0), widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      return index === 0 ? bold(line, options.color) : line;
    })
    .join('\n');
}
