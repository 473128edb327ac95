import { visibleCut, visibleLines, cut } from './visible.ts';

/** Slack's limits, in characters and pieces, as its block reference gives them. */
export const SLACK_LIMITS = {
  blocks: 50,
  header: 150,
  section: 3000,
  field: 2000,
  fields: 10,
  button: 75,
  buttonValue: 2000,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  text: 4000,
} as const;

/** A `plain_text` object: Slack interprets nothing in it. */
export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: false;
}

/** Names a member or a channel by an id of ours, and holds nothing else: the one text of a block that Slack interprets. */
export interface Mention {
  readonly type: 'mrkdwn';
  readonly text: `<@${string}>` | `<#${string}>`;
}

/** The blocks that we send. */
export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: PlainText; readonly fields?: readonly PlainText[] }
  | { readonly type: 'section'; readonly text: Mention }
  | { readonly type: 'section'; readonly fields: readonly PlainText[] }
  | { readonly type: 'divider' }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'actions'; readonly elements: readonly SlackButton[] };

/** A button; `url` only opens a page. */
export interface SlackButton {
  readonly type: 'button';
  readonly text: PlainText;
  readonly action_id: string;
  readonly value?: string;
  readonly url?: string;
  readonly style?: 'primary' | 'danger';
  readonly confirm?: SlackConfirm;
}

/** What Slack asks before it sends a click. */
export interface SlackConfirm {
  readonly title: PlainText;
  readonly text: PlainText;
  readonly confirm: PlainText;
  readonly deny: PlainText;
}

/** A message: blocks, and the text that notifications show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** Text where Slack reads its markup (a message's `text`): no mention and no disguised link can come of it. */
export function escapeMrkdwn(text: string): string {
  return visibleLines(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A `plain_text` object of at most `charactersMax` characters; Slack refuses an empty one, so that shows a dash. */
export function plainText(text: string, charactersMax: number): PlainText {
  const shown = cut(visibleLines(cut(text, charactersMax * 4)), charactersMax);
  return { type: 'plain_text', text: shown.trim() === '' ? '–' : shown, emoji: false };
}

/** A message of these blocks, cut to what Slack takes. */
export function message(text: string, blocks: readonly SlackBlock[]): SlackMessage {
  const left = blocks.length - SLACK_LIMITS.blocks;
  const shown =
    left <= 0
      ? blocks
      : [
          ...blocks.slice(0, SLACK_LIMITS.blocks - 1),
          context(`… ${(left + 1).toString()} more blocks, cut.`),
        ];
  const fallback = cut(escapeMrkdwn(visibleCut(text, SLACK_LIMITS.text / 8)), SLACK_LIMITS.text);
  return { text: fallback, blocks: shown, unfurl_links: false, unfurl_media: false };
}

/** A heading. */
export const header = (text: string): SlackBlock => ({
  type: 'header',
  text: plainText(visibleCut(text, SLACK_LIMITS.header), SLACK_LIMITS.header),
});
/** A paragraph. */
export const section = (text: string): SlackBlock => ({
  type: 'section',
  text: plainText(text, SLACK_LIMITS.section),
});
/** Small print. */
export const context = (text: string): SlackBlock => ({
  type: 'context',
  elements: [plainText(text, SLACK_LIMITS.field)],
});
/** Names with values, in two columns. */
export const fields = (pairs: readonly (readonly [string, string])[]): SlackBlock => ({
  type: 'section',
  fields: pairs
    .slice(0, SLACK_LIMITS.fields)
    .map(([name, value]) =>
      plainText(`${name}\n${visibleCut(value, SLACK_LIMITS.field)}`, SLACK_LIMITS.field),
    ),
});

/** Opens the page of the thing; it decides nothing. */
export function openButton(url: string): SlackButton {
  return {
    type: 'button',
    text: plainText('Open in Firebreak', SLACK_LIMITS.button),
    action_id: 'open',
    url,
  };
}

/** A row of buttons; none for none. */
export function actions(buttons: readonly SlackButton[]): readonly SlackBlock[] {
  return buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }];
}

const MEMBER = /^[UW][A-Z0-9]{1,20}$/;
const MENTIONS_MAX = 20;

/** Members whom Slack shall tell, by their ids; what is no id mentions nobody. */
function mentions(members: readonly string[]): readonly SlackBlock[] {
  const ids = members.filter((member) => MEMBER.test(member)).slice(0, MENTIONS_MAX);
  return ids.map((id) => ({ type: 'section', text: { type: 'mrkdwn', text: `<@${id}>` } }));
}

/** One milestone in the incident's thread; `members` are mentioned. */
export function milestone(
  subject: string,
  text: string,
  members: readonly string[] = [],
): SlackMessage {
  return message(subject, [
    ...mentions(members),
    section(visibleCut(subject, SLACK_LIMITS.section)),
    ...(text.trim() === '' || text === subject ? [] : [section(text)]),
  ]);
}
