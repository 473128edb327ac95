// Goal: no line of a draft or of the terminal states a rule without saying what it is worth, and no text from outside
// formats anything.
// Method: one draft with every part; hostile text in every field; the structure must be that of an innocent one.
import { describe, expect, test } from '@jest/globals';
import type { FirstReport } from '../domain/first-report.ts';
import type { ClockView, IncidentClocks, RegimeView } from '../domain/incident-clocks.ts';
import { renderFirstReport } from './first-report.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { renderClocks } from './regulatory-clock.ts';

const DUE = '2027-01-23T10:00:00.000Z';
const AT_ONCE = '2027-01-12T08:00:00.000Z';

function clockOf(text: string, change: Partial<ClockView> = {}): ClockView {
  return {
    name: text,
    title: text,
    to: text,
    answer: 'unknown',
    missing: [text],
    state: 'due',
    late: false,
    dueAt: AT_ONCE,
    atOnceSince: AT_ONCE,
    limitAt: DUE,
    readings: [
      {
        reading: { from: text, within: null, says: text },
        start: { at: AT_ONCE, says: text, fact: null },
        dueAt: AT_ONCE,
      },
      {
        reading: { from: text, within: { count: 15, unit: 'day' }, says: text },
        start: null,
        dueAt: null,
      },
    ],
    reminders: [AT_ONCE, DUE],
    settlement: null,
    ...change,
  };
}

function regimeOf(text: string, change: Partial<RegimeView> = {}): RegimeView {
  return {
    id: text,
    version: 1,
    title: text,
    source: text,
    says: text,
    basis: text,
    status: 'to be checked by counsel',
    confirmed: null,
    report: [],
    note: text,
    answer: 'unknown',
    missing: [text],
    inForce: { from: null, until: null, then: 'unknown' },
    clocks: [
      clockOf(text),
      clockOf(text, { settlement: { kind: 'waived', at: DUE, by: text, reason: text } }),
    ],
    ...change,
  };
}

function reportOf(text: string, change: Partial<RegimeView> = {}): FirstReport {
  return {
    incidentNumber: 12,
    asOf: AT_ONCE,
    regime: regimeOf(text, change),
    declared: [{ name: text, question: text, answer: 'yes' }],
    filled: [{ label: text, text, facts: [1], evidence: [], known: true }],
    missing: [text],
  };
}

function clocksOf(text: string, change: Partial<RegimeView> = {}): IncidentClocks {
  return {
    asOf: AT_ONCE,
    facts: [
      { name: 'known', question: text, answer: 'yes' },
      { name: text, question: text, answer: 'not said' },
    ],
    moments: [{ name: text, question: text, sighting: { at: AT_ONCE, says: text, fact: 1 } }],
    regimes: [regimeOf(text, change), regimeOf(text, { answer: 'no', ...change })],
  };
}

const NOT_LAW = '**(not law: to be checked by counsel)**';
const CONFIRMED = {
  status: 'confirmed',
  confirmed: { by: 'C. Ounsel', on: '2027-01-05' },
} as const;

/** Lines of the parts that state rules. */
function ruleLines(markdown: string): readonly string[] {
  const from = markdown.indexOf('## The rule');
  const until = markdown.indexOf('## What the incident tells');
  return markdown
    .slice(from, until)
    .split('\n')
    .filter((line) => line.trimStart().startsWith('- '));
}

describe('what a line is worth', () => {
  test('stands on every line of the draft that states a rule', () => {
    const lines = ruleLines(renderFirstReport(reportOf('plain')));
    // Six of the regime; for each of two clocks its own and one for each reading; reminders of the open one.
    expect(lines).toHaveLength(13);
    for (const line of lines) expect(line.endsWith(NOT_LAW)).toBe(true);
  });

  test('names who confirmed it once somebody has', () => {
    const markdown = renderFirstReport(reportOf('plain', CONFIRMED));
    expect(markdown).not.toContain('not law');
    for (const line of ruleLines(markdown)) {
      expect(line.endsWith('(confirmed by C. Ounsel on 2027-01-05)')).toBe(true);
    }
  });

  test('stands on every line of the terminal that states a rule, however long the rule is', () => {
    const text = renderClocks(clocksOf('long '.repeat(400)));
    const lines = text.split('\n');
    const rules = lines.slice(lines.indexOf('Regimes:') + 1, -2);
    expect(rules).toHaveLength(5);
    for (const line of rules)
      expect(line.endsWith('[not law: to be checked by counsel]')).toBe(true);
  });
});

describe('a draft', () => {
  test('tells deadlines, what starts them and who settled them', () => {
    const markdown = renderFirstReport(reportOf('plain'));
    expect(markdown).toContain(`plain: due, owed at once since ${AT_ONCE}. To: plain.`);
    expect(markdown).toContain('Whether it is owed is unknown; missing: plain.');
    expect(markdown).toContain(`at once from plain (${AT_ONCE}, plain): ${AT_ONCE} (plain)`);
    expect(markdown).toContain('15 days from plain: not started, nobody said when (plain)');
    expect(markdown).toContain(`at ${DUE}, says plain: plain.`);
    expect(markdown).toContain(`Reminders: ${AT_ONCE}, ${DUE}.`);
    expect(markdown).toContain('- **plain:** plain \\[fact 1\\]');
  });

  test('says when a regime has no rule, and when nothing is missing', () => {
    const report = { ...reportOf('plain', { missing: [], clocks: [], note: null }), missing: [] };
    const markdown = renderFirstReport(report);
    expect(markdown).toContain('nobody has worked out when it does');
    expect(markdown).toContain('## Deadlines\n\nNone.\n');
    expect(markdown).toContain('## Missing, for people to add\n\nNothing.\n');
  });
});

const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);

/** Headings, bullets and everything else, line by line. */
function shape(markdown: string): readonly string[] {
  return markdown.split('\n').map((line) => /^(?: *-|#+|)/u.exec(line)?.[0] ?? '');
}

describe('hostile text', () => {
  const innocent = renderFirstReport(reportOf('innocent'));

  test.each(named)('%s formats nothing in a draft', (_name, text) => {
    const markdown = renderFirstReport(reportOf(text));
    expect(shape(markdown)).toEqual(shape(innocent));
    const bare = markdown
      .replaceAll(NOT_LAW, '')
      .replace(/\\[!-/:-@[-`{-~]/gu, '')
      .replaceAll('**', '');
    expect(bare).not.toMatch(/[`*[\]|<>{}~$]|:\/\//u);
  });

  test.each(named)('%s adds no line and no control to the terminal', (_name, text) => {
    const lines = renderClocks(clocksOf(text)).split('\n');
    expect(lines).toHaveLength(renderClocks(clocksOf('innocent')).split('\n').length);
    expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  });
});
