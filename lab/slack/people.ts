import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  clickPayload,
  commandPayload,
  interactive,
  shortcutPayload,
  submissionPayload,
  suggestionPayload,
  type Interacting,
} from './payloads.ts';
import { eventsOf, type SlackEvents } from './events.ts';
import { postSigned } from './signed-post.ts';
import type { Envelope, SocketMode } from './socket-mode.ts';
import { filledState, type SlackView, type Views } from './views.ts';
import type { SlackMessage, SlackWorkspace } from './workspace.ts';

/** What a person typed. */
export interface SlashCommand {
  readonly command: string;
  readonly text: string;
  readonly userId: string;
  /** Equal ids are the same envelope delivered again. */
  readonly envelopeId?: string;
  readonly triggerId?: string;
  /** Slack gives up after 3,000 ms. */
  readonly timeoutMs?: number;
}

/** A click on a button of a message. */
export interface SlackClick {
  readonly userId: string;
  readonly channel: string;
  readonly ts: string;
  readonly actionId: string;
  /** Equal ids are the same envelope delivered again. */
  readonly envelopeId?: string;
  readonly triggerId?: string;
  /** Slack gives up after 3,000 ms. */
  readonly ackWithinMs?: number;
}

/** A form as a person sends it. */
export interface SlackForm {
  readonly userId: string;
  readonly viewId: string;
  /** By block id: the text, or the value of the chosen option. */
  readonly values: Readonly<Record<string, string>>;
  /** How often the one envelope is delivered; once by default. */
  readonly deliveries?: number;
}

/** What a person types into a field with choices. */
export interface SlackTyping {
  readonly userId: string;
  readonly viewId: string;
  readonly actionId: string;
  readonly value: string;
}

/** Where Slack posts what people do when there is no Socket Mode. */
export interface RequestUrl {
  readonly url: string;
  readonly signingSecret: string;
}

/** What people can do in the twin's workspace. */
export interface People extends SlackEvents {
  /** From now on everything is posted there, signed, and answered within 3 s. */
  useRequestUrl(to: RequestUrl): void;
  /** Delivers a slash command and answers the payload of its ack. Rejects when none came within 3 s. */
  sendSlashCommand(command: SlashCommand): Promise<unknown>;
  /** Delivers an interactive payload as it is and answers the payload of its ack. */
  sendInteraction(payload: object, envelopeId?: string): Promise<unknown>;
  /** Clicks a button of a message, as the person sees it now. */
  click(click: SlackClick): Promise<unknown>;
  /** Chooses an entry in the menu of a message. */
  chooseShortcut(
    chosen: Omit<SlackClick, 'actionId'> & { readonly callbackId: string },
  ): Promise<unknown>;
  /** Modals that are open, the newest last. */
  views(): readonly SlackView[];
  /** Sends a form; what the app answers is done to it. Answers the payload of the ack. */
  submit(form: SlackForm): Promise<unknown>;
  /** Types in a field with choices and answers the payload of the ack: the choices. */
  suggest(typing: SlackTyping): Promise<unknown>;
}

/** What the twin is made of. */
export interface World {
  readonly workspace: SlackWorkspace;
  readonly socket: SocketMode;
  readonly views: Views;
  readonly missingScopes: readonly string[];
}

/** Slack gives up on an app after so long. */
const ACK_TIMEOUT_MS = 3_000;

/** What people do in the twin's workspace. */
export function peopleOf(world: World, url: string): People {
  const { workspace, socket, views } = world;
  const by = (userId: string, triggerId?: string): Interacting => ({
    url,
    user: workspace.user(userId),
    triggerId: views.trigger(triggerId),
  });
  let requests: RequestUrl | null = null;
  const deliver = (envelope: Envelope, timeoutMs = ACK_TIMEOUT_MS): Promise<unknown> =>
    requests === null
      ? socket.deliver(envelope, timeoutMs)
      : postSigned(requests, envelope, timeoutMs);
  const send = (payload: object, envelopeId?: string): Promise<unknown> =>
    deliver(interactive(payload, envelopeId));
  return {
    ...eventsOf(world, deliver),
    useRequestUrl: (to) => {
      requests = to;
    },
    sendSlashCommand: (command) => {
      const { userId, triggerId, envelopeId = randomUUID(), timeoutMs = ACK_TIMEOUT_MS } = command;
      const payload = commandPayload(by(userId, triggerId), command);
      const envelope = {
        ...interactive(payload, envelopeId),
        type: 'slash_commands' as const,
      };
      return deliver(envelope, timeoutMs);
    },
    sendInteraction: send,
    click: ({ userId, channel, ts, actionId, envelopeId, triggerId, ackWithinMs }) => {
      const message = messageOf(workspace, channel, ts);
      const payload = clickPayload(by(userId, triggerId), { channel, message, actionId });
      return deliver(interactive(payload, envelopeId), ackWithinMs);
    },
    chooseShortcut: ({ userId, channel, ts, callbackId, envelopeId, triggerId }) => {
      const message = messageOf(workspace, channel, ts);
      const payload = shortcutPayload(by(userId, triggerId), { channel, message, callbackId });
      return send(payload, envelopeId);
    },
    views: () => views.all(),
    submit: async ({ userId, viewId, values, deliveries = 1 }) => {
      const view = views.get(viewId);
      const state = filledState(view, values);
      const payload = submissionPayload(by(userId), views.payloadOf(view), state);
      const envelopeId = randomUUID();
      let answer: unknown = null;
      for (let delivery = 1; delivery <= deliveries; delivery += 1) {
        answer = await send(payload, envelopeId);
      }
      afterSubmission(views, viewId, answer);
      return answer;
    },
    suggest: ({ userId, viewId, actionId, value }) => {
      const view = views.payloadOf(views.get(viewId));
      return send(suggestionPayload(by(userId), view, { actionId, value }));
    },
  };
}

function messageOf(workspace: SlackWorkspace, channel: string, ts: string): SlackMessage {
  const message = workspace.messages(channel).find((one) => one.ts === ts);
  if (!message) throw new Error(`there is no message ${ts}`);
  return message;
}

const submissionAnswer = z.object({
  response_action: z.enum(['errors', 'update', 'clear']).optional(),
  view: z.unknown().optional(),
});

/** An empty answer closes the form, an `update` replaces it, `errors` leave it as it is. */
function afterSubmission(views: Views, viewId: string, answer: unknown): void {
  const { response_action: action, view } = submissionAnswer.parse(answer ?? {});
  if (action === 'update') views.replace(viewId, view);
  else if (action !== 'errors') views.close(viewId);
}
