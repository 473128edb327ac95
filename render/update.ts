import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { renderMail, updateContent } from './mail.ts';
import { milestone, type SlackBlock } from './slack.ts';

function wordsOf(block: SlackBlock): readonly string[] {
  return block.type === 'header' || (block.type === 'section' && 'text' in block)
    ? [block.text.text]
    : [];
}

/** An update as its audience reads it: the mail with its subject, or what stands in the channel. */
export function renderUpdate({
  slackChannel,
  subject,
  text,
}: Pick<StakeholderUpdate, 'slackChannel' | 'subject' | 'text'>): string {
  if (slackChannel !== null) {
    return milestone(subject, text).blocks.flatMap(wordsOf).join('\n\n');
  }
  const mail = renderMail(updateContent({ subject, text }));
  return `Subject: ${mail.subject}\n\n${mail.text}`;
}
