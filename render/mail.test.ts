// Goal: a mail's headers are ours, and its body shows text as text.
// Method: hostile text as subject, body and address of the page.
import { describe, expect, test } from '@jest/globals';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { headerText, renderMail, SUBJECT_MAX } from './mail.ts';

const tags = (markup: string): readonly string[] => markup.match(/<\/?[a-z!]+/giu) ?? [];

describe('mail', () => {
  test.each(
    HOSTILE_TEXTS.map((text): [string, string] => [JSON.stringify(text.slice(0, 40)), text]),
  )('%s adds no header and no markup', (_name, text) => {
    const mail = renderMail({ subject: text, text, url: 'https://firebreak.example/incidents/1' });
    const innocent = renderMail({
      subject: 'x',
      text: 'x',
      url: 'https://firebreak.example/incidents/1',
    });
    expect(mail.subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
    expect(tags(mail.html)).toEqual(tags(innocent.html));
    expect(mail.text).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('a line break in a subject is shown, not sent', () => {
    expect(headerText('x\r\nBcc: victim@example.org')).toBe('x\\r\\nBcc: victim@example.org');
  });

  test('without a page there is no link', () => {
    expect(renderMail({ subject: 's', text: 't', url: null }).html).not.toContain('<a');
  });
});
