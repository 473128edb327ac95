// Goal: a mail's headers are ours, both parts say the same, and text from outside stays text: no markup, no link, no trick.
// Method: hostile and generated text in every block, beside an innocent mail; then examples of each trick.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { BLOCKS_MAX, headerText, renderMail, SUBJECT_MAX, type MailBlock } from './mail.ts';

const OWN = 'https://firebreak.example/approvals/apr_1';
const tags = (markup: string): readonly string[] => markup.match(/<\/?[a-z!]+/giu) ?? [];
const addresses = (markup: string): readonly string[] =>
  [...markup.matchAll(/(?:href|src|action|background)\s*=\s*"([^"]*)"/giu)].map(
    ([, at = '']) => at,
  );

/** Every kind of block, with the same text wherever text may come from outside. */
function blocksOf(text: string): readonly MailBlock[] {
  return [
    { kind: 'heading', text },
    { kind: 'text', text },
    { kind: 'warning', text },
    { kind: 'fields', pairs: [[text, text]] },
    { kind: 'changes', changes: [{ path: text, before: text, after: text }] },
    { kind: 'command', label: text, command: text },
    { kind: 'link', label: text, url: OWN },
  ];
}

const mailOf = (text: string) =>
  renderMail({ subject: text, headline: text, blocks: blocksOf(text) });

function expectInert(text: string): void {
  const mail = mailOf(text);
  expect(mail.subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
  expect(tags(mail.html)).toEqual(tags(mailOf('x').html));
  expect(addresses(mail.html)).toEqual([OWN]);
  expect(mail.text.match(/(?:https?|ftp|mailto):|www\./giu)).toEqual(['https:']);
  expect(mail.text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
}

describe('mail', () => {
  test.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text.slice(0, 40)), text]))(
    '%s adds no header, no markup and no link',
    (_name, text) => {
      expectInert(text);
    },
  );

  test('nor does any other text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom('', 'http://', 'mailto:', 'WWW.', '<a href="', '\r\n'),
        (text, before) => {
          expectInert(`${before}${text}`);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a line break in a subject is shown, not sent', () => {
    expect(headerText('x\r\nBcc: victim@example.org')).toBe('x\\r\\nBcc: victim@example.org');
  });

  test('both parts say the same pieces in the same order', () => {
    const mail = renderMail({
      subject: '#7 drift',
      headline: 'Approval needed',
      blocks: [
        { kind: 'heading', text: 'first piece' },
        { kind: 'fields', pairs: [['Class', 'R3']] },
        { kind: 'changes', changes: [{ path: 'spec.replicas', before: '20', after: '19' }] },
        { kind: 'command', label: 'Decide:', command: 'firebreak approval show apr_1' },
      ],
    });
    const words = ['Approval needed', 'first piece', 'R3', 'spec.replicas', '19', 'apr_1'];
    for (const part of [mail.text, mail.html]) {
      const places = words.map((word) => part.indexOf(word));
      expect(places.every((place) => place >= 0)).toBe(true);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    expect(mail.text).toContain('spec.replicas\n  - 20\n  + 19');
  });

  test('styles stand on the elements; nothing is fetched', () => {
    const { html } = mailOf('x');
    expect(html).not.toMatch(/<(?:style|script|link|img|iframe|object|form|base)\b|url\(/iu);
  });

  test('a name keeps its width beside something long: cells break anywhere', () => {
    const { html } = mailOf('x');
    const rows = [...html.matchAll(/<tr>\s*<td style="([^"]*)"/gu)].map(([, style]) => style);
    expect(rows).toHaveLength(2);
    for (const style of rows) expect(style).toContain('min-width');
  });

  test('blanks that count are those of the text', () => {
    const { html } = mailOf('x');
    const kept = [...html.matchAll(/white-space:pre-wrap">\n?([^<]*)</gu)].map(([, text]) => text);
    expect(kept).toEqual(kept.map(() => 'x'));
    expect(kept.length).toBeGreaterThanOrEqual(6);
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'https://a@evil.example/', 'not one'])(
    '%s is no link',
    (url) => {
      const { html } = renderMail({
        ...{ subject: 's', headline: 'h' },
        blocks: [{ kind: 'link', label: 'l', url }],
      });
      expect(html).not.toContain('<a');
    },
  );

  test('letters that pass for others show their code point, in both parts, once', () => {
    const { text, html } = mailOf('fr\u0430ud \uff41\u0440\u0440\u0440');
    for (const part of [text, html]) {
      expect(part).toContain('fr\u0430(U+0430)ud');
      expect(part).not.toContain('(U+0430)(U+0430)');
    }
  });

  test('what is too much is told', () => {
    const blocks = Array.from({ length: BLOCKS_MAX + 3 }, (): MailBlock => {
      return { kind: 'text', text: 'piece' };
    });
    const { text } = renderMail({ subject: 's', headline: 'h', blocks });
    expect(text.match(/^piece$/gmu)).toHaveLength(BLOCKS_MAX);
    expect(text).toContain('3 more pieces are not in this mail');
  });
});
