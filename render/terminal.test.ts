// Goal: what the terminal shows is laid out, never commanded, by text from outside.
// Method: exact examples without colour; hostile text in every field must leave only our own colours and stay in width.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { incident, sampleFacts } from '../domain/sample-incident.ts';
import type { Fact } from '../domain/fact.ts';
import type { StoredPlan } from '../domain/plan.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { renderFact, renderIncident, renderPlan, renderTable } from './terminal.ts';
import { displayWidth, wrap } from './width.ts';

const PLAIN = { color: false, width: 80 } as const;
const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);

const plan: StoredPlan = {
  summary: 'Scale ml/fraud-scorer-canary from 1 to 0 replicas.',
  targets: ['Deployment/ml/fraud-scorer-canary'],
  before: { replicas: 1, labels: { a: 'x', b: 'y' } },
  after: { replicas: 0, labels: { a: 'x' } },
  token: '42',
  undo: 'Scale it back to 1 replica.',
};

function aFact(change: Partial<Fact>): Fact {
  const [fact] = sampleFacts([{ kind: 'operation.verified', step: 'isolate' }]);
  if (!fact) throw new Error('no sample');
  return { ...fact, ...change };
}

// eslint-disable-next-line no-control-regex -- our own colours are the only escape sequences allowed
const COLOURS = /\u001b\[\d+m/gu;

function expectInert(shown: string, width: number): void {
  const bare = shown.replace(COLOURS, '');
  expect(bare).not.toMatch(/[^\P{C}\n]/u);
  for (const line of bare.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
}

describe('terminal', () => {
  test('a fact is one line', () => {
    const fact = aFact({ summary: 'Canary is at 0 replicas.' });
    expect(renderFact(fact, PLAIN)).toBe('10:00:00 isolate   ✓ Canary is at 0 replicas.');
  });

  test('a fact shows who spoke and both times when they differ', () => {
    const fact = aFact({
      kind: 'alert.received',
      step: null,
      actor: 'alertmanager',
      summary: 'Scores drift.',
      occurredAt: '2026-11-20T09:55:00Z',
    });
    expect(renderFact(fact, PLAIN)).toBe(
      '10:00:00           · Scores drift. – alertmanager (happened 09:55:00)',
    );
  });

  test('long facts hang below their first word', () => {
    const lines = renderFact(aFact({ summary: 'word '.repeat(30).trim() }), PLAIN).split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[1]).toMatch(/^ {21}word/u);
  });

  test('a plan shows its differences and its undo', () => {
    expect(renderPlan(plan, PLAIN)).toBe(
      [
        '  Scale ml/fraud-scorer-canary from 1 to 0 replicas.',
        '  target Deployment/ml/fraud-scorer-canary',
        '    - labels.b: y',
        '    - replicas: 1',
        '    + replicas: 0',
        '  undo   Scale it back to 1 replica.',
      ].join('\n'),
    );
  });

  test('a plan that changes nothing says so', () => {
    expect(renderPlan({ ...plan, after: plan.before }, PLAIN)).toContain('nothing would change');
  });

  test('an incident says what people can do', () => {
    const shown = renderIncident(incident, [`firebreak incident ack ${incident.id}`], PLAIN);
    expect(shown).toContain('#1 Anomalous scores from fraud-scorer v7');
    expect(shown).toContain('lead       ada');
    expect(shown).not.toContain('drill');
    expect(renderIncident({ ...incident, drill: true }, [], PLAIN)).toContain('drill      yes');
    expect(shown).toContain(`You can now:\n  firebreak incident ack ${incident.id}`);
  });

  test.each(named)('%s commands nothing', (_name, text) => {
    for (const options of [PLAIN, { color: true, width: 50 }]) {
      const { width } = options;
      expectInert(renderFact(aFact({ summary: text, actor: text }), options), width);
      const hostile = { ...incident, title: text, model: text, stateReason: text };
      expectInert(renderIncident(hostile, [text], options), width);
      expectInert(
        renderPlan(
          { ...plan, summary: text, undo: text, targets: [text], after: { [text]: text } },
          options,
        ),
        width,
      );
      const table = renderTable(['name', 'text'], [['row', text]], options);
      expectInert(table, width);
      expect(table.split('\n')).toHaveLength(2);
    }
  });

  test('without colour there is no escape sequence, with colour the same text', () => {
    const fact = aFact({ summary: 'Sealed.' });
    const coloured = renderFact(fact, { color: true, width: 80 });
    expect(coloured).not.toBe(renderFact(fact, PLAIN));
    expect(coloured.replace(COLOURS, '')).toBe(renderFact(fact, PLAIN));
  });

  test('a table lines up', () => {
    expect(
      renderTable(
        ['id', 'state'],
        [
          ['1', 'open'],
          ['22', 'held'],
        ],
        PLAIN,
      ),
    ).toBe('id  state\n1   open\n22  held');
  });

  test('wrapping loses nothing and keeps the width', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme-ascii' }),
        fc.integer({ min: 2, max: 30 }),
        (text, width) => {
          const lines = wrap(text, width);
          expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
