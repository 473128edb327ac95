import { message, section, SLACK_LIMITS, type SlackMessage } from './slack.ts';
import { visibleCut } from './visible.ts';

const CHANNEL = /^[CG][A-Z0-9]{2,30}$/;

/** Says in the common channel where an incident is told: Slack makes a link of the id alone, which is ours. */
export function channelNotice(subject: string, channelId: string | null): SlackMessage {
  const place = channelId !== null && CHANNEL.test(channelId) ? channelId : null;
  return message(`${subject} is told in a channel of its own`, [
    section(visibleCut(`${subject} is told in a channel of its own:`, SLACK_LIMITS.section)),
    ...(place === null
      ? []
      : [{ type: 'section', text: { type: 'mrkdwn', text: `<#${place}>` } } as const]),
  ]);
}
