import { html, type Html } from './html.ts';
import { cut, visibleCut, visibleLines } from './visible.ts';

/** Longest subject, in characters; receivers cut earlier anyway. */
export const SUBJECT_MAX = 180;
/** Longest text of one block of a mail, in characters. */
export const BLOCK_TEXT_MAX = 20_000;
/** Most blocks of a mail; what is left out is told. */
export const BLOCKS_MAX = 400;

/** One value that a plan changes, as people read it. */
export interface MailChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** One piece of a mail; both parts are made of the same pieces. Text in it may come from outside. */
export type MailBlock =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'fields'; readonly pairs: readonly (readonly [string, string])[] }
  | { readonly kind: 'changes'; readonly changes: readonly MailChange[] }
  | { readonly kind: 'command'; readonly label: string; readonly command: string }
  /** The only block that becomes a link: an address of our own, never text from outside. */
  | { readonly kind: 'link'; readonly label: string; readonly url: string };

/** What a mail says, before it is rendered. */
export interface MailContent {
  /** The same for every mail of a thread, or receivers take it apart. */
  readonly subject: string;
  /** What this one mail is about; begins both parts, so that it is what a list of mails shows. */
  readonly headline: string;
  readonly blocks: readonly MailBlock[];
}

/** A mail in its two parts. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What mail programs make a link of by themselves, also in plain text. */
const LINKED = /\b(https?|ftps?|file|smb|mailto|sms|tel):|\bwww\./giu;

/** Text from outside: shown, inert, and without anything that a mail program would turn into a link. */
export function inertText(text: string): string {
  return cut(visibleLines(cut(text, BLOCK_TEXT_MAX)), BLOCK_TEXT_MAX).replace(LINKED, (found) =>
    found.endsWith(':') ? `${found.slice(0, -1)}[:]` : `${found.slice(0, -1)}[.]`,
  );
}

/** Text for one header: no line break in any of its forms, so that no header can be added. */
export function headerText(text: string): string {
  return visibleCut(text, SUBJECT_MAX);
}

/** An address that is safe as a link: http(s) without a user. Anything else is told as text. */
function ownAddress(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '') return null;
  return parsed.href;
}

/** Lines under a first one, which begins with `mark`. */
function hanging(mark: string, text: string): string {
  return `${mark}${text.replaceAll('\n', `\n${' '.repeat(mark.length)}`)}`;
}

function textOfBlock(block: MailBlock): string {
  switch (block.kind) {
    case 'heading':
      return `--- ${inertText(block.text)}`;
    case 'text':
      return inertText(block.text);
    case 'warning':
      return hanging('! ', inertText(block.text));
    case 'fields':
      return block.pairs
        .map(([name, value]) => hanging(`${inertText(name)}: `, inertText(value)))
        .join('\n');
    case 'changes':
      return block.changes
        .map(({ path, before, after }) =>
          [
            inertText(path),
            hanging('  - ', inertText(before)),
            hanging('  + ', inertText(after)),
          ].join('\n'),
        )
        .join('\n');
    case 'command':
      return `${inertText(block.label)}\n    ${inertText(block.command)}`;
    case 'link':
      return `${inertText(block.label)}\n    ${ownAddress(block.url) ?? inertText(block.url)}`;
  }
}

const MONOSPACE = 'font-family:ui-monospace,Consolas,monospace;font-size:13px';
const CELL = 'padding:2px 12px 2px 0;vertical-align:top;text-align:left;overflow-wrap:anywhere';
/** Cells break anywhere, for what is long; so a name beside something long would be squeezed to a letter a line. */
const NAME = `${CELL};min-width:6em`;
const PARAGRAPH = 'margin:0 0 12px;white-space:pre-wrap';
const BOX = 'padding:8px 12px;border-left:4px solid';

function row(name: Html, value: Html): Html {
  return html`<tr>
    <td style="${NAME};color:#666">${name}</td>
    <td style="${CELL};white-space:pre-wrap">${value}</td>
  </tr>`;
}

function table(rows: readonly Html[]): Html {
  return html`<table role="presentation" style="border-collapse:collapse;margin:0 0 12px">
    ${rows}
  </table>`;
}

function changeRow({ path, before, after }: MailChange): Html {
  return html`<tr>
    <td style="${CELL};min-width:9em;${MONOSPACE}">${inertText(path)}</td>
    <td style="${CELL};${MONOSPACE};color:#b42318;white-space:pre-wrap">${inertText(before)}</td>
    <td style="${CELL}">→</td>
    <td style="${CELL};${MONOSPACE};color:#027a48;white-space:pre-wrap">${inertText(after)}</td>
  </tr>`;
}

function linkOf(url: string): Html {
  const own = ownAddress(url);
  return own === null ? html`${inertText(url)}` : html`<a href="${own}">${own}</a>`;
}

function htmlOfBlock(block: MailBlock): Html {
  switch (block.kind) {
    case 'heading':
      return html`<h2 style="font-size:15px;margin:20px 0 6px">${inertText(block.text)}</h2>`;
    case 'text':
      return html`<p style="${PARAGRAPH}">${inertText(block.text)}</p>`;
    case 'warning':
      return html`<p style="${BOX} #b54708;${PARAGRAPH}">${inertText(block.text)}</p>`;
    case 'fields':
      return table(
        block.pairs.map(([name, value]) =>
          row(html`${inertText(name)}`, html`${inertText(value)}`),
        ),
      );
    case 'changes':
      return table(block.changes.map(changeRow));
    case 'command':
      return html`<p style="margin:0 0 4px">${inertText(block.label)}</p>
        <pre style="${BOX} #888;${MONOSPACE};margin:0 0 12px;white-space:pre-wrap">
${inertText(block.command)}</pre>`;
    case 'link':
      return html`<p style="margin:0 0 4px">${inertText(block.label)}</p>
        <p style="margin:0 0 12px">${linkOf(block.url)}</p>`;
  }
}

/** The HTML part: styles on the elements, nothing that is fetched, no script. */
function wholeHtml(title: string, headline: string, blocks: readonly Html[]): string {
  const head = html`<meta charset="utf-8" /><meta name="color-scheme" content="light dark" />
    <title>${title}</title>`;
  const body = html`<h1 style="font-size:18px;margin:0 0 12px">${headline}</h1>
    ${blocks}`;
  return `<!doctype html>\n<html lang="en"><head>${head.toString()}</head><body style="margin:0;padding:16px;font:15px/1.5 system-ui,sans-serif"><div style="max-width:720px">${body.toString()}</div></body></html>\n`;
}

/** A mail whose subject is one header, and whose two parts say the same in the same order. */
export function renderMail(content: MailContent): RenderedMail {
  const subject = headerText(content.subject);
  const headline = inertText(headerText(content.headline));
  const left = content.blocks.length - BLOCKS_MAX;
  const blocks: readonly MailBlock[] =
    left <= 0
      ? content.blocks
      : [
          ...content.blocks.slice(0, BLOCKS_MAX),
          { kind: 'warning', text: `${left.toString()} more pieces are not in this mail.` },
        ];
  return {
    subject,
    text: `${[headline, ...blocks.map(textOfBlock)].join('\n\n')}\n`,
    html: wholeHtml(subject, headline, blocks.map(htmlOfBlock)),
  };
}

/** The mail of an update for stakeholders, exactly as it was previewed. */
export function updateContent({
  subject,
  text,
}: Pick<RenderedMail, 'subject' | 'text'>): MailContent {
  return { subject, headline: subject, blocks: [{ kind: 'text', text }] };
}
