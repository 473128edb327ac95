import { visibleLines } from './visible.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text for a text node or a quoted attribute: nothing in it is markup. Not for URLs, scripts or styles. */
export function escapeHtml(text: string): string {
  return visibleLines(text).replace(/[&<>"'`]/gu, (character) => ENTITIES[character] ?? '');
}

/** Markup that only the `html` tag can make. */
export class Html {
  readonly #text: string;
  constructor(template: TemplateStringsArray, holes: readonly HtmlHole[]) {
    this.#text = template
      .map((literal, index) => `${index === 0 ? '' : fill(holes[index - 1])}${literal}`)
      .join('');
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a hole of the `html` tag: markup, a list of it, or text, which is escaped. */
export type HtmlHole = Html | readonly Html[] | string | number | null | undefined;

function fill(hole: HtmlHole): string {
  if (hole === null || hole === undefined) return '';
  if (hole instanceof Html) return hole.toString();
  if (typeof hole === 'object') return hole.map(String).join('');
  return escapeHtml(hole.toString());
}

/** Markup from a literal; text in its holes is escaped. Holes belong in text nodes and quoted attributes only. */
export function html(template: TemplateStringsArray, ...holes: readonly HtmlHole[]): Html {
  return new Html(template, holes);
}

/**
 * A link to `url`, or its text when the address is not plain http(s): no `javascript:`, no `data:`.
 * The host is shown beside the label, so that a label cannot pass for another site.
 */
export function link(url: string, label: string): Html {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') return html`${label} (${url})`;
  return html`<a href="${parsed.href}" rel="noopener noreferrer nofollow">${label}</a>
    (${parsed.host})`;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{border:1px solid #8888;padding:.25rem .5rem;text-align:left;vertical-align:top}
pre{overflow:auto;background:#8881;padding:.5rem}h1{font-size:1.5rem}`;

/** A whole page without scripts. The style is ours alone: nothing of it is escaped. */
export function renderPage(title: string, body: Html, style: string = STYLE): string {
  const head = html`<meta charset="utf-8" /><meta
      name="viewport"
      content="width=device-width, initial-scale=1"
    />
    <title>${title}</title>`;
  return `<!doctype html>\n<html lang="en"><head>${head.toString()}<style>${style}</style></head><body>${body.toString()}</body></html>\n`;
}
