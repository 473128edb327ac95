import { html, renderPage } from './html.ts';
import { cut, visible, visibleCut, visibleLines } from './visible.ts';

/** Longest subject, in characters; receivers cut earlier anyway. */
export const SUBJECT_MAX = 180;
/** Longest text of a mail, in characters. */
export const MAIL_TEXT_MAX = 100_000;

/** What a mail says, before it is rendered. */
export interface MailContent {
  readonly subject: string;
  readonly text: string;
  /** Address of our page about it; null when there is none. It only opens: a link alone approves nothing. */
  readonly url: string | null;
}

/** A mail in its two parts. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Text for one header: no line break in any of its forms, so that no header can be added. */
export function headerText(text: string): string {
  return visibleCut(text, SUBJECT_MAX);
}

/** A mail whose subject is one header and whose body is shown as text in both parts. */
export function renderMail(content: MailContent): RenderedMail {
  const subject = headerText(content.subject);
  const text = cut(visibleLines(cut(content.text, MAIL_TEXT_MAX)), MAIL_TEXT_MAX);
  const url = content.url === null ? null : visible(content.url);
  const paragraph =
    url === null ? null : html`<p>Open in Firebreak: <a href="${url}">${url}</a></p>`;
  return {
    subject,
    text: url === null ? text : `${text}\n\nOpen in Firebreak: ${url}\n`,
    html: renderPage(
      subject,
      html`<pre style="white-space: pre-wrap">${text}</pre>
        ${paragraph}`,
    ),
  };
}
