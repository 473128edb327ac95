// Goal: clocks are asked for in the words of the API and shown with what they are worth. Method: the whole program in this
// process, against a server of canned answers.
import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, NOW, run, serve } from './test-run.ts';

afterEach(cleanUp);

const regime = {
  id: 'eu-gdpr-33',
  version: 1,
  title: 'GDPR Art. 33',
  source: 'GDPR, Art. 33',
  says: '72 h',
  basis: 'secondary',
  status: 'to be checked by counsel',
  confirmed: null,
  report: [],
  note: null,
  answer: 'unknown',
  missing: ['gdpr'],
  inForce: { from: null, until: null, then: 'unknown' },
  clocks: [
    {
      name: 'report',
      title: 'Report',
      to: null,
      answer: 'unknown',
      missing: ['gdpr'],
      state: 'running',
      late: false,
      dueAt: NOW,
      atOnceSince: null,
      limitAt: NOW,
      readings: [],
      reminders: [],
      settlement: null,
    },
  ],
};
const clocks = {
  asOf: NOW,
  facts: [
    { name: 'gdpr', question: 'Does the GDPR apply?', answer: 'not said' },
    // Nothing that is shown depends on it: it is not asked.
    { name: 'death', question: 'Did a person die?', answer: 'not said' },
  ],
  moments: [
    { name: 'awareness', question: '?', sighting: { at: NOW, says: 'odd \u001b[31m', fact: 1 } },
    { name: 'causalLink', question: '?', sighting: null },
  ],
  regimes: [regime],
};
const drafts = [{ regime: 'eu-gdpr-33', version: 1, markdown: '# Draft\n\nodd \u001b[31m\n' }];
const record = [
  {
    ...{ about: 'fact', name: 'death', says: 'no', by: 'lea', at: NOW, decisionId: 'dec_1' },
    ...{ fact: 7, superseded: true },
  },
];
const body = { clocks, drafts, record, decision: null };
const replies = { 'POST /api/v1/incidents/inc_1/clocks': { status: 200, body } };
const SHOW = ['incident', 'clocks', 'inc_1'];

describe('incident clocks', () => {
  test('shows what applies, when it is due and what is not known', async () => {
    const { url } = await serve(replies);
    const { code, out } = await run(SHOW, { url });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `As of ${NOW}. Product data, not legal advice.`,
      'Moments (the earliest word counts):',
      `  awareness: ${NOW}, odd \\u{001b}[31m`,
      '  causalLink: not said',
      'Regimes:',
      '  eu-gdpr-33: may apply (missing: gdpr) [not law: to be checked by counsel]',
      '    GDPR Art. 33: 72 h (secondary) [not law: to be checked by counsel]',
      `    report: running, due ${NOW}, if it is owed; missing: gdpr [not law: to be checked by counsel]`,
      'Not known (--fact NAME=yes or NAME=no):',
      '  gdpr: Does the GDPR apply?',
      'On record:',
      `  death: no (lea at ${NOW}, fact 7, superseded)`,
      '',
    ]);
  });

  test('sends what is said', async () => {
    const { url, seen } = await serve(replies);
    const said = [
      ...['--fact', 'gdpr=yes', '--fact', 'death=no', '--moment', 'awareness=2026-11-20T10:00Z'],
      ...['--met', 'a/report=2026-11-21', '--waived', 'b/report=no = really no'],
      ...['--open', 'c/report', '--record'],
    ];
    const { code } = await run([...SHOW, ...said], { url });
    expect(code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      facts: [
        { name: 'gdpr', holds: true },
        { name: 'death', holds: false },
      ],
      moments: [{ name: 'awareness', at: '2026-11-20T10:00:00.000Z' }],
      met: [{ clock: 'a/report', at: '2026-11-21T00:00:00.000Z' }],
      waived: [{ clock: 'b/report', reason: 'no = really no' }],
      opened: ['c/report'],
      record: true,
    });
  });

  test.each([
    ['--fact', 'gdpr'],
    ['--fact', 'gdpr=maybe'],
    ['--fact', '=yes'],
    ['--moment', 'awareness=soon'],
    ['--met', 'a/report='],
  ])('%s %s is refused before anything is sent', async (name, value) => {
    const { url, seen } = await serve(replies);
    expect((await run([...SHOW, name, value], { url })).code).toBe(2);
    expect(seen).toEqual([]);
  });

  test('prints a draft, whose controls do nothing', async () => {
    const { url } = await serve(replies);
    const { code, out } = await run([...SHOW, '--draft', 'eu-gdpr-33'], { url });
    expect([code, out]).toEqual([0, '# Draft\n\nodd \\u{001b}[31m\n']);
  });

  test('names the drafts that there are', async () => {
    const { url } = await serve(replies);
    const { code, err } = await run([...SHOW, '--draft', 'us-ny-1422'], { url });
    expect(code).toBe(1);
    expect(err).toContain('there are eu-gdpr-33');
  });
});
