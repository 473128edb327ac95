// Goal: a draft holds what the incident's facts support, with their numbers, and lists everything else as missing.
// Method: a whole incident; each fact taken away in turn; what only people know is never filled.
import { describe, expect, test } from '@jest/globals';
import { draftReport, type FirstReport } from './first-report.ts';
import { awarenessOf, type IncidentClocks, type RegimeView } from './incident-clocks.ts';
import { FIELD_SOURCES, type RegimeVocabulary } from './regime.ts';
import { earliestOf, type Sighting } from './regulatory-clock.ts';
import { incident, sampleFacts, type SampleFact } from './sample-incident.ts';

const vocabulary: RegimeVocabulary = {
  facts: [],
  moments: [],
  fields: [
    ...FIELD_SOURCES.map((from) => ({ name: from, title: from, from, common: true })),
    { name: 'harm', title: 'harm', from: null, common: true },
    { name: 'personal-data', title: 'personal data', from: null, common: false },
  ],
};

const regime: RegimeView = {
  id: 'small',
  version: 1,
  title: 'A small regime',
  source: 'a test',
  says: 'at most 3 days',
  basis: 'invented',
  status: 'to be checked by counsel',
  confirmed: null,
  report: [],
  note: null,
  answer: 'yes',
  missing: [],
  inForce: { from: null, until: null, then: 'unknown' },
  clocks: [],
};

const WHOLE: readonly SampleFact[] = [
  { kind: 'alert.received', data: { receivedAt: '2026-11-20T09:59:30.000Z' } },
  { kind: 'incident.opened' },
  { kind: 'targets.resolved' },
  { kind: 'lineage.traced', summary: 'Two models were made from it.' },
  { kind: 'containment.verified', summary: 'No replica runs version 7.' },
  { kind: 'known-good.chosen', summary: 'Version 6 is proven.' },
  { kind: 'incident.closed', summary: 'Closed by ada.' },
];

function draft(facts: readonly SampleFact[], said: readonly Sighting[] = []): FirstReport {
  const stored = sampleFacts(facts);
  const sighting = earliestOf([...awarenessOf(incident, stored), ...said]);
  const clocks: IncidentClocks = {
    asOf: '2026-11-21T00:00:00.000Z',
    facts: [
      { name: 'death', question: 'Did a person die?', answer: 'no' },
      { name: 'harm', question: 'Was there harm?', answer: 'not said' },
    ],
    moments: [{ name: 'awareness', question: 'When did we know?', sighting }],
    regimes: [regime],
  };
  const material = {
    incident: { ...incident, verdict: 'confirmed' as const },
    facts: stored,
    clocks,
    vocabulary,
  };
  return draftReport(regime, material);
}

describe('the draft', () => {
  test('tells what the incident knows, each citing its facts', () => {
    const { filled, missing, declared } = draft(WHOLE);
    expect(filled.map(({ label, text, facts }) => [label, text, facts])).toEqual([
      ['incident', `#1 (${incident.id})`, [2]],
      ['title', incident.title, [2]],
      ['model', 'fraud-scorer', [3]],
      ['suspect', incident.suspect, [4]],
      ['onset', incident.onsetAt, [1]],
      ['awareness', '2026-11-20T09:59:30.000Z: the first alert came in', [1]],
      ['reach', 'Two models were made from it.', [4]],
      ['contained', '2026-11-20T10:00:04.000Z', [5]],
      ['measures', 'No replica runs version 7. Version 6 is proven.', [5, 6]],
      ['outcome', 'confirmed: Closed by ada.', [7]],
    ]);
    expect(missing).toEqual(['harm']);
    expect(declared.map(({ name }) => name)).toEqual(['death']);
  });

  test.each([
    ['lineage.traced', ['reach']],
    ['containment.verified', ['contained']],
    ['incident.closed', ['outcome']],
  ] as const)('without %s it says what is missing', (kind, lost) => {
    const { missing } = draft(WHOLE.filter((fact) => fact.kind !== kind));
    expect(missing).toEqual([...lost, 'harm']);
  });

  test('fills nothing from an empty log but when the row says that it was opened', () => {
    const { filled } = draft([]);
    expect(filled.map(({ label, text }) => [label, text])).toEqual([
      ['awareness', `${incident.openedAt}: the incident was opened`],
    ]);
  });

  test.each([
    ['containment.lapsed', 'A replica runs version 7 again.', true],
    ['stand-down.done', 'Stood down: 6 effects are taken back.', true],
    ['containment.restored', 'Put back.', false],
  ] as const)('says of what was contained that %s came later', (kind, summary, isLost) => {
    const { filled } = draft([...WHOLE, { kind, summary }]);
    const textOf = (name: string) => filled.find(({ label }) => label === name);
    expect(textOf('measures')?.text).toContain(summary);
    expect(textOf('contained')).toMatchObject({
      text: expect.stringMatching(isLost ? new RegExp(`; then, at .*: ${summary}$`, 'u') : /Z$/u),
      facts: isLost ? [5, 8] : [5],
    });
  });

  test('a stand-down that nobody approved hides no lapse before it', () => {
    const { filled } = draft([
      ...WHOLE,
      { kind: 'containment.lapsed', summary: 'A replica runs version 7 again.' },
      { kind: 'stand-down.done', summary: 'Nothing was undone: rejected' },
    ]);
    const text = filled.find(({ label }) => label === 'contained')?.text;
    expect(text).toMatch(/again\.; then, at .*: Nothing was undone: rejected$/u);
  });

  test('takes a person’s word for when we knew, and says whose it is', () => {
    const said = { at: '2026-11-19T00:00:00Z', says: 'lena says so', fact: null };
    const { filled } = draft(WHOLE, [said]);
    expect(filled.find(({ label }) => label === 'awareness')).toMatchObject({
      text: '2026-11-19T00:00:00Z: lena says so',
      facts: [],
    });
  });

  test('asks for the fields that its regime adds', () => {
    const clocks: IncidentClocks = { asOf: '', facts: [], moments: [], regimes: [regime] };
    const { missing } = draftReport(
      { ...regime, report: ['personal-data'] },
      {
        incident,
        facts: [],
        clocks,
        vocabulary,
      },
    );
    expect(missing).toContain('personal data');
  });
});
