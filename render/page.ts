import { createHash } from 'node:crypto';
import { html, renderPage, type Html } from './html.ts';

const STYLE = `
:root{color-scheme:light dark;--line:#8885;--soft:#8881;--yes:#1a6b34;--no:#a3201b;--warn:#8a5300;--link:#0b57d0}
@media (prefers-color-scheme:dark){:root{--link:#8ab4f8;--warn:#f0b35a}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;overflow-wrap:anywhere}
a{color:var(--link)}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;justify-content:space-between;padding:.75rem 1rem;border-bottom:1px solid var(--line)}
header form{display:flex;gap:.75rem;align-items:center;margin:0}
header b{font-size:1.05rem}
main{max-width:56rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.15rem;margin:1.75rem 0 .5rem}
h3{font-size:1rem;margin:0 0 .5rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem;margin:0}
dt{opacity:.75}dd{margin:0}
.card{border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:.75rem 0}
table{border-collapse:collapse;width:100%;margin:.75rem 0 0;table-layout:fixed}
th,td{border:1px solid var(--line);padding:.375rem .5rem;text-align:left;vertical-align:top}
th{background:var(--soft);font-weight:600}
pre{margin:0;white-space:pre-wrap;font:.875rem/1.45 ui-monospace,monospace}
code{font-family:ui-monospace,monospace;font-size:.9em}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input,textarea{font:inherit;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.375rem;background:Field;color:FieldText}
button{font:inherit;font-weight:600;padding:.5rem 1.25rem;border:1px solid var(--line);border-radius:.375rem;cursor:pointer;background:var(--soft);color:inherit}
.choice{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1rem}
.choice button{flex:1 1 10rem;min-height:3rem}
a.button{display:block;font-weight:600;padding:.75rem 1.25rem;border-radius:.375rem;text-align:center;text-decoration:none}
.yes{background:var(--yes);color:#fff}button.no{background:var(--no);color:#fff}
.plain{list-style:none;padding:0}
.card label:first-of-type{margin-top:0}
.narrow{max-width:26rem;margin:0 auto}
.note{border-left:4px solid var(--warn);background:var(--soft);padding:.5rem .75rem;margin:1rem 0}
.odd{color:var(--warn);font-weight:600;font-size:.875rem}
.quiet{opacity:.75;font-size:.9rem}
@media (max-width:36rem){
dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:.5rem}
table,tbody,tr,td,thead{display:block}thead{display:none}
td{border-width:0 1px 1px}td:first-child{border-top-width:1px;background:var(--soft);font-weight:600}
td[data-name]::before{content:attr(data-name);display:block;font-size:.8rem;opacity:.75}
}
`;

/**
 * What one of our pages may do: show text in its own style and send forms to us. No script, no picture, no style from anywhere
 * else. Sent as Content-Security-Policy.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Who looks at a page, and the token that their forms carry. */
export interface PageReader {
  readonly name: string;
  readonly person: string;
  readonly formToken: string;
}

/** The hidden field that proves that a form came from one of our pages. */
export function tokenField(formToken: string): Html {
  return html`<input type="hidden" name="token" value="${formToken}" />`;
}

function headOf(reader: PageReader | null): Html {
  if (reader === null) return html`<header><b>Firebreak</b></header>`;
  return html`<header>
    <b><a href="/approvals">Firebreak</a></b>
    <form method="post" action="/logout">
      ${tokenField(reader.formToken)}
      <span>${reader.name} <span class="quiet">(${reader.person})</span></span>
      <a href="/password">Password</a>
      <button>Sign out</button>
    </form>
  </header>`;
}

/** One of our pages: no script, works at any width. Send it with `PAGE_POLICY`. */
export function sitePage(title: string, reader: PageReader | null, body: Html): string {
  const content = html`${headOf(reader)}
    <main>${body}</main>`;
  return renderPage(`${title} · Firebreak`, content, STYLE);
}

/** A page that says one thing: why something was not done. */
export function messagePage(
  title: string,
  reader: PageReader | null,
  {
    text,
    next,
  }: { readonly text: string; readonly next: { readonly url: string; readonly label: string } },
): string {
  return sitePage(
    title,
    reader,
    html`<h1>${title}</h1>
      <p class="note">${text}</p>
      <p><a href="${next.url}">${next.label}</a></p>`,
  );
}
