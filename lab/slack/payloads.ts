import { randomUUID } from 'node:crypto';
import { BOT } from './bot.ts';
import type { Envelope } from './socket-mode.ts';
import type { SlackMessage, SlackUser } from './workspace.ts';

/** What the payloads of one interaction share. */
export interface Interacting {
  /** Base address of the twin, for response addresses. */
  readonly url: string;
  readonly user: SlackUser;
  readonly triggerId: string;
}

function senderOf({ user }: Interacting): object {
  const team = user.teamId ?? BOT.teamId;
  return {
    token: 'deprecated',
    api_app_id: BOT.appId,
    team: { id: BOT.teamId, domain: 'lab' },
    user: { id: user.id, username: user.name, name: user.name, team_id: team },
    is_enterprise_install: false,
  };
}

/** An interactive payload as it goes out. */
export function interactive(payload: object, envelopeId: string = randomUUID()): Envelope {
  return {
    envelope_id: envelopeId,
    type: 'interactive',
    accepts_response_payload: true,
    payload,
  };
}

/** What a typed command sends. */
export function commandPayload(
  about: Interacting,
  typed: { readonly command: string; readonly text: string },
): object {
  const { url, user, triggerId } = about;
  return {
    token: 'deprecated',
    team_id: user.teamId ?? BOT.teamId,
    team_domain: 'lab',
    channel_id: 'C0INCIDENTS',
    channel_name: 'incidents',
    user_id: user.id,
    user_name: user.name,
    command: typed.command,
    text: typed.text,
    api_app_id: BOT.appId,
    is_enterprise_install: 'false',
    response_url: `${url}/commands/${BOT.teamId}/${randomUUID()}`,
    trigger_id: triggerId,
  };
}

/** What a click on a button of a message sends. Throws where there is no such button. */
export function clickPayload(
  about: Interacting,
  clicked: { readonly channel: string; readonly message: SlackMessage; readonly actionId: string },
): object {
  const { channel, message, actionId } = clicked;
  const button = (message.blocks ?? [])
    .flatMap((block) => (block.type === 'actions' ? block.elements : []))
    .find(({ action_id: id }) => id === actionId);
  if (button?.type !== 'button') throw new Error(`there is no button ${actionId}`);
  return {
    type: 'block_actions',
    ...senderOf(about),
    trigger_id: about.triggerId,
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel,
      is_ephemeral: false,
    },
    channel: { id: channel, name: 'incidents' },
    message,
    response_url: `${about.url}/actions/${BOT.teamId}/${randomUUID()}`,
    actions: [
      {
        type: 'button',
        action_id: actionId,
        block_id: 'actions',
        text: button.text,
        ...(button.value === undefined ? {} : { value: button.value }),
        action_ts: message.ts,
      },
    ],
  };
}

/** What sending a form sends. */
export function submissionPayload(
  about: Interacting,
  view: object,
  state: Readonly<Record<string, object>>,
): object {
  return {
    type: 'view_submission',
    ...senderOf(about),
    trigger_id: about.triggerId,
    response_urls: [],
    view: { ...view, state: { values: state } },
  };
}

/** What typing in a field with choices sends. */
export function suggestionPayload(
  about: Interacting,
  view: object,
  typed: { readonly actionId: string; readonly value: string },
): object {
  return {
    type: 'block_suggestion',
    ...senderOf(about),
    action_id: typed.actionId,
    block_id: typed.actionId,
    value: typed.value,
    container: { type: 'view' },
    view,
  };
}

/** What choosing an entry in the menu of a message sends. */
export function shortcutPayload(
  about: Interacting,
  chosen: { readonly channel: string; readonly message: SlackMessage; readonly callbackId: string },
): object {
  const { channel, message, callbackId } = chosen;
  return {
    type: 'message_action',
    ...senderOf(about),
    callback_id: callbackId,
    trigger_id: about.triggerId,
    response_url: `${about.url}/actions/${BOT.teamId}/${randomUUID()}`,
    channel: { id: channel, name: 'incidents' },
    message_ts: message.ts,
    action_ts: message.ts,
    message,
  };
}
