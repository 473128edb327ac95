// Goal: text from outside can never become markup, script or an address that runs something.
// Method: hostile and generated text through the escape, the tag, links and whole pages.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { escapeHtml, html, link, renderPage } from './html.ts';
import { PAGE_POLICY, sitePage } from './page.ts';

const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);

/** Element names of the tags in some markup. */
function tags(markup: string): readonly string[] {
  return [...markup.matchAll(/<\/?([a-z!][a-z0-9-]*)/giu)].map((match) => match[1] ?? '');
}

describe('html', () => {
  test.each(named)('%s is text in every place', (_name, text) => {
    const escaped = escapeHtml(text);
    expect(escaped).not.toMatch(/[<>"'`]/u);
    expect(escaped.replace(/&(?:amp|lt|gt|quot|#39|#96);/gu, '')).not.toContain('&');
    const page = renderPage(text, html`<p title="${text}">${text}</p>`);
    const innocent = renderPage('x', html`<p title="x">x</p>`);
    expect(tags(page)).toEqual(tags(innocent));
  });

  test('a hole cannot change the markup around it', () => {
    const shape = (text: string): readonly string[] =>
      tags(html`<b a="${text}">${text}</b>`.toString());
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(shape(text)).toEqual(['b', 'b']);
      }),
    );
  });

  test('lists and nested markup stand as they are, nothing shows for null', () => {
    const items = ['<a>', 'b'].map((text) => html`<li>${text}</li>`);
    expect(html`${items}${null}${7}`.toString()).toBe('<li>&lt;a&gt;</li><li>b</li>7');
  });

  test.each([
    ['https://firebreak.example/x?a=1&b="', '<a href="https://firebreak.example/x?a=1&amp;b=%22"'],
    ['http://user@evil.example/', '(evil.example)'],
  ])('links %s', (url, part) => {
    expect(link(url, 'label').toString()).toContain(part);
  });

  test.each([
    'javascript:alert(1)',
    ' JavaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//evil.example',
    '',
  ])('makes no link of %j', (url) => {
    expect(link(url, 'label').toString()).not.toContain('<a');
  });

  test('the policy runs no script, and lets in no style but the very one of the page', () => {
    expect(PAGE_POLICY).toContain("default-src 'none'");
    expect(PAGE_POLICY).not.toMatch(/script-src|unsafe|https?:/u);
    const style = /<style>([^]*?)<\/style>/u.exec(sitePage('x', null, html`x`))?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(PAGE_POLICY).toContain(`style-src 'sha256-${digest}'`);
  });
});
