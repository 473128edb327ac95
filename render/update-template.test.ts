// Goal: text from outside is a value and nothing else, whatever it looks like; a template can do little, and not for long. Method: hostile
// text in each value beside an innocent one, through Liquid and both media; templates that want too much.
import { describe, expect, test } from '@jest/globals';
import { NOTICES } from '../domain/stakeholder-update.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { DEFAULT_TEMPLATES } from './update-defaults.ts';
import { fillUpdate, templateProblems, type UpdateValues } from './update-template.ts';
import { renderUpdate } from './update.ts';

const VALUES: UpdateValues = {
  number: 7,
  title: 'Scores drift',
  severity: 'sev1',
  model: 'fraud-scorer',
  audience: 'customers',
  internal: true,
  openedAt: '2026-11-27T10:00:00.000Z',
  contained: true,
  containedAt: '2026-11-27T10:05:00.000Z',
  verified: false,
  withdrawn: false,
  verdict: '',
  nextUpdateAt: '2026-11-27T11:00:00.000Z',
  changes: ['Contained.'],
};
const EVERYTHING = {
  subject: '{{ title }}',
  text: 'A {{ title }} B {{ model }} C {{ verdict }} D {{ audience }}{% for one in changes %}\n- {{ one }}{% endfor %}',
};
const valuesOf = (text: string): UpdateValues => ({
  ...{ ...VALUES, title: text, model: text, verdict: text, audience: text, changes: [text] },
});
const filled = (text: string, template = EVERYTHING) => fillUpdate(template, valuesOf(text));
const problems = (text: string) =>
  templateProblems({ subject: 's', text }).map(({ part, message }) => `${part}: ${message}`);

describe('hostile text in each value', () => {
  const texts = HOSTILE_TEXTS.filter((text) => text.trim() !== '');
  test.each([
    ...texts,
    '{{ number | plus: 1 }}{% assign model = 1 %}{% if true %}',
    '{% raw %}',
    '{%',
    '}}',
    'x\n\nAll clear.',
    'a\r\nBcc: victim@example.org',
  ])('%j is shown, on one line, and never read as Liquid', (text) => {
    const { subject, text: body } = filled(text);
    expect(subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(body.split('\n')).toHaveLength(2);
    for (const mark of ['{{', '{%', '%}', '}}']) {
      if (text.slice(0, 60).includes(mark)) expect(body).toContain(mark);
    }
  });

  test.each(texts)('%j makes no link and no mention in mail and channel', (text) => {
    const words = filled(text);
    for (const slackChannel of [null, 'C0123']) {
      const shown = renderUpdate({ ...words, slackChannel });
      expect(shown).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
      // A subject is one header; what mail programs make links of is the rest.
      const [, body = ''] = shown.split(/\n\n(.*)/su);
      if (slackChannel === null) expect(body).not.toMatch(/(?:https?|ftp|mailto):|www\./iu);
    }
  });
});

const SAYS = {
  first: 'It is contained since 2026-11-27T10:05:00.000Z.',
  update: 'Since the last update:\n- Contained.\n',
  'all-clear': 'All clear: fraud-scorer serves its known-good state again',
  resolved: 'fraud-scorer that began at 2026-11-27T10:00:00.000Z is closed.',
} as const;

describe('a template', () => {
  test.each(NOTICES)('that ships for %s can be used, and says what is so', (notice) => {
    const template = DEFAULT_TEMPLATES[notice];
    expect(templateProblems(template)).toEqual([]);
    const { subject, text } = fillUpdate(template, VALUES);
    expect(subject).toBe('Incident #7: fraud-scorer');
    expect(text).toContain(SAYS[notice]);
    expect(text).not.toMatch(/\n{3}|[{}]/u);
  });

  test('that ships gives no assurance of what was not verified', () => {
    const { text } = fillUpdate(DEFAULT_TEMPLATES.resolved, VALUES);
    expect(text).toContain('Not everything that was done could be verified');
    const lapsed = { ...VALUES, withdrawn: true, contained: false };
    const { text: update } = fillUpdate(DEFAULT_TEMPLATES.update, lapsed);
    expect(update).toContain('It holds no longer');
    expect(update).toContain('not known to be contained');
  });

  test.each([
    ['a name that is not there', '{{ password }}', 'there is no password'],
    ['one in a branch that is not taken', '{% if false %}{{ env.HOME }}{% endif %}x', 'no env'],
    ['a way out of a value', 'x{{ title.constructor.constructor }}', 'undefined variable'],
    ['a filter that is not there', '{{ title | hmac_sha256: "k" }}', 'undefined filter'],
    ['a file', '{% include "/etc/passwd" %}', 'tag "include" not found'],
    ['another template', '{% render "other" %}', 'tag "render" not found'],
    ['a tag without its end', '{% if contained %}x', 'not closed'],
    ['an endless loop', '{% for i in (1..1000000000) %}x{% endfor %}', 'limit'],
    ['a loop in a loop in a loop', nested(6), 'limit'],
    ['nothing to say', '{% if false %}x{% endif %}', 'no words'],
    ['more than a message', 'x'.repeat(2_901), 'more than 2900'],
    ['more than anybody reads', `{% comment %}${'x'.repeat(30_000)}{% endcomment %}x`, 'limit'],
  ])('that wants %s is refused, with the reason', (_name, text, reason) => {
    expect(problems(text).join()).toContain('text: ');
    expect(problems(text).join()).toContain(reason);
  });

  test('is told with its place', () => {
    expect(problems('one\ntwo {{ title | nothing }}')[0]).toMatch(/line:2, col:5/u);
  });
});

function nested(depth: number): string {
  const loops = Array.from({ length: depth }, () => '{% for i in (1..30) %}').join('');
  return `${loops}x${'{% endfor %}'.repeat(depth)}`;
}
