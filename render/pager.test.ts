// Goal: a page is inert text within PagerDuty's limits, whatever an alert says. Method: hostile texts in every field.
import { describe, expect, test } from '@jest/globals';
import { renderPagerPage, type PageContent } from './pager.ts';

const CONTENT: PageContent = {
  ...{ number: 7, title: 'fraud-scorer drifts', severity: 'sev1', model: 'fraud-scorer' },
  headline: 'ESCALATED: Nobody has settled "Go back" for 5 minutes',
  text: 'Incident #7\nRead it whole and decide: firebreak approval show apr_1',
  people: ['Mona (mona)'],
};

test('it says which incident, what nobody has done, and who is called', () => {
  expect(renderPagerPage(CONTENT)).toEqual({
    summary: '#7 fraud-scorer drifts: ESCALATED: Nobody has settled "Go back" for 5 minutes',
    ...{ severity: 'critical', source: 'fraud-scorer' },
    details: {
      what: CONTENT.text,
      called: 'Mona (mona)',
      note: 'Acknowledging or resolving this here decides nothing in Firebreak.',
    },
  });
});

describe('text from outside', () => {
  const controls = /[^\P{Cc}\n]|[\u202e\u200b\u2028]|\p{Cs}/u;
  test.each([
    ['a line feed', 'a\nRESOLVED: b\r\nc'],
    ['controls and text that runs backwards', '\u0000\u001b[31m\u202e\u200b\u2028x'],
    ['an address', 'https://evil.test www.evil.test tel:+4900 sms:1 javascript:1'],
    ['half a character', '\ud83d x'],
    ['very much', 'x'.repeat(100_000)],
    ['many characters of two units', '😀'.repeat(5_000)],
    ['nothing', ''],
    ['blanks', ' \n '],
  ])('%s is inert, on its line, within the limits', (_name, hostile) => {
    const people = [hostile, hostile];
    const all = { title: hostile, model: hostile, headline: hostile, text: hostile, people };
    const { summary, source, details } = renderPagerPage({ ...CONTENT, ...all });
    expect(summary.length).toBeLessThanOrEqual(1_024);
    expect(source.length).toBeLessThanOrEqual(255);
    for (const one of [summary, source, details['called'] ?? '']) {
      expect(one).not.toBe('');
      expect(one).not.toContain('\n');
    }
    for (const one of [summary, source, ...Object.values(details)]) {
      expect(one).not.toMatch(controls);
      expect(one).not.toMatch(/https?:|www\.|tel:|sms:/u);
      expect(one.length).toBeLessThanOrEqual(4_000);
    }
  });
});

test.each([
  ['sev1', 'critical'],
  ['sev2', 'error'],
  ['sev3', 'warning'],
  ['sev4', 'info'],
] as const)('%s pages as %s', (severity, wanted) => {
  expect(renderPagerPage({ ...CONTENT, severity }).severity).toBe(wanted);
});
