import type { PostmortemDocument } from '../domain/postmortem.ts';
import type { Statement } from '../domain/statement.ts';
import { visible, visibleLines } from './visible.ts';

/** Of a statement that rests on more facts, so many are cited by number and the rest is counted. */
const CITATIONS_MAX = 12;

const MARKUP = /[\\`*{}[\]|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/**
 * Text from outside for a paragraph, list item or table cell: one line, shown as it is written; no emphasis, link,
 * image, heading, list, table or HTML can come of it.
 */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(MARKUP, '\\$&')
    .replace(/:(?=\/\/)/gu, '\\:')
    .replace(/\bwww\./giu, 'www\\.')
    .replace(/^[-+=#]/u, '\\$&')
    .replace(/^(\d+)([.)])/u, '$1\\$2');
}

/** Text as a code span on one line; a fence of backticks longer than any inside. */
export function codeSpan(text: string): string {
  const shown = visible(text);
  if (shown.trim() === '') return '\\(empty\\)';
  const fence = '`'.repeat(longestRun(shown) + 1);
  const padding = /^[`\s]|[`\s]$/u.test(shown) ? ' ' : '';
  return `${fence}${padding}${shown}${padding}${fence}`.replaceAll('|', '\\|');
}

/** Text as a fenced block; the fence is longer than any run of backticks inside. */
export function codeBlock(text: string): string {
  const shown = visibleLines(text);
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}text\n${shown}\n${fence}\n`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
}

/** A table; every cell is escaped here. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (cell === '' ? ' ' : escapeMarkdown(cell))).join(' | ')} |\n`;
  return [line(columns), `|${' --- |'.repeat(columns.length)}\n`, ...rows.map(line)].join('');
}

function citation({ facts, evidence }: Statement): string {
  const shown = facts.slice(0, CITATIONS_MAX).map((sequence) => `fact ${sequence.toString()}`);
  const rest = facts.length - CITATIONS_MAX;
  const all = [
    ...shown,
    ...(rest > 0 ? [`${rest.toString()} more facts`] : []),
    ...evidence.map((id) => `evidence ${escapeMarkdown(id)}`),
  ];
  return all.length === 0 ? '' : ` \\[${all.join(', ')}\\]`;
}

/** A statement as a list item with what it cites; text from outside is escaped here. */
export function statementLine(statement: Statement): string {
  const label = statement.label === null ? '' : `**${escapeMarkdown(statement.label)}:** `;
  const text = statement.known ? escapeMarkdown(statement.text) : '*unknown*';
  return `- ${label}${text}${citation(statement)}\n`;
}

/**
 * A postmortem as Markdown: every statement with the facts and the evidence that it cites in brackets; unknown values in
 * italics. Text from outside is escaped here.
 */
export function renderPostmortem(document: PostmortemDocument): string {
  const head = [
    `# Postmortem of incident ${document.number.toString()}: ${escapeMarkdown(document.title)}\n\n`,
    `Made from ${document.factCount.toString()} facts; head of the chain ${codeSpan(document.headHash)}. `,
    'Numbers in brackets are facts of the incident’s log. It is blameless: people are named where they decided.\n',
  ];
  const sections = document.sections.map(
    ({ title, statements }, index) =>
      `\n## ${(index + 1).toString()}. ${title}\n\n${statements.map(statementLine).join('')}`,
  );
  return [...head, ...sections].join('');
}
