import type { types } from '@slack/bolt';
import { z } from 'zod';
import { isAppError } from '../../domain/error.ts';
import type { Incident } from '../../domain/incident.ts';
import { plainText } from '../../render/slack.ts';
import { admitDecision } from '../admission.ts';
import { requireRole, STEERERS, type Caller } from '../auth.ts';
import { requireIncident, seenModels } from '../sight.ts';
import { commandBodies } from '../schema/decision.ts';
import { incidentLine, OPEN_STATES } from './commands.ts';
import type { SlackDesk, SlackUser } from './door.ts';
import { slackActor, slackCaller, slackIdentityOf } from './identity.ts';
import { sayingView } from './open-view.ts';
import { parsedWords } from './parsed-words.ts';
import { whoOf, type Filled } from './payload-schema.ts';
import { slackId, wordsOf } from './words.ts';

/** By what Slack tells us that somebody chose "Add to incident" in a message's menu. */
export const NOTE_SHORTCUT = 'firebreak-add-to-incident';
/** By what Slack tells us which view was submitted. */
export const NOTE_VIEW = 'firebreak-note';
/** Its fields. */
export const NOTE_FIELDS = ['incident', 'text'] as const;

const TITLE_MAX = 24;
const LABEL_MAX = 75;
const CHOICES_MAX = 100;
const TEXT_MAX = 3_000;
const MS_PER_SECOND = 1_000;

const message = z.object({
  channel: z.object({ id: z.string().max(64) }),
  message: z.object({
    ts: z.string().regex(/^\d{1,12}\.\d{6}$/),
    text: z.string().default(''),
    user: z.string().max(64).optional(),
  }),
});

/** What the form keeps of the message that it is about. */
const kept = z.object({ channel: z.string(), ts: z.string(), author: z.string().nullable() });

function fieldsOf(choices: types.PlainTextOption[], text: string): types.InputBlock[] {
  const [incident, words] = NOTE_FIELDS;
  return [
    {
      type: 'input',
      block_id: incident,
      label: plainText('To which incident?', LABEL_MAX),
      element: { type: 'static_select', action_id: incident, options: choices },
    },
    {
      type: 'input',
      block_id: words,
      label: plainText('What goes onto its timeline', LABEL_MAX),
      element: {
        type: 'plain_text_input',
        action_id: words,
        multiline: true,
        max_length: TEXT_MAX,
        ...(text === '' ? {} : { initial_value: text.slice(0, TEXT_MAX) }),
      },
    },
  ];
}

/** The form that puts a message onto a timeline. Raises `unauthorized`, and `invalid` for what is no message. */
export async function noteView(desk: SlackDesk, body: unknown): Promise<types.ModalView> {
  const who = whoOf(body);
  const caller = await slackCaller(desk.store.people, who);
  requireRole(caller, STEERERS, 'object');
  const about = parsedWords(message, body);
  const { items } = await desk.store.incidents.list(
    { states: OPEN_STATES, models: seenModels(desk, caller) },
    { cursor: null, limit: CHOICES_MAX },
  );
  if (items.length === 0) return sayingView('No incident is open.');
  const choices = items.map((one) => ({
    text: plainText(incidentLine(one), LABEL_MAX),
    value: one.id,
  }));
  const { ts, text, user } = about.message;
  const author = user === undefined ? null : slackIdentityOf({ team: who.team, user });
  return {
    type: 'modal',
    callback_id: NOTE_VIEW,
    private_metadata: JSON.stringify({ channel: about.channel.id, ts, author }),
    title: plainText('Add to incident', TITLE_MAX),
    submit: plainText('Add', TITLE_MAX),
    close: plainText('Cancel', TITLE_MAX),
    blocks: fieldsOf(choices, wordsOf(text)),
  };
}

/** Who said it: the person's id where we know them, else Slack's. */
async function authorOf({ store }: SlackDesk, author: string | null): Promise<string> {
  if (author === null) return 'an app';
  return (await store.people.bySlackUser(author))?.id ?? author;
}

/**
 * Puts the message of a form onto a timeline, under its own time, as a note of the person who sent the form. One message comes onto
 * one timeline once. Raises `unauthorized`, `invalid`, and what admission raises.
 */
export async function noteFromSlack(
  desk: SlackDesk,
  { values, kept: metadata }: Filled,
  who: SlackUser,
): Promise<string> {
  const caller = await slackCaller(desk.store.people, who);
  requireRole(caller, STEERERS, 'object');
  const { channel, ts, author } = parsedWords(kept, JSON.parse(metadata));
  const incident = await requireIncident(desk, { id: values['incident'] ?? '', caller });
  const text = values['text'] ?? '';
  return putMessage(desk, { caller, incident, channel, ts, author, text });
}

/** A message of a channel, and on whose word it comes onto which timeline. */
interface PutMessage {
  readonly caller: Caller;
  readonly incident: Incident;
  readonly channel: string;
  /** Slack's timestamp of it: when it was said. */
  readonly ts: string;
  /** `TEAM/USER`; null: an app. */
  readonly author: string | null;
  readonly text: string;
}

/**
 * Puts a message onto a timeline under its own time, once, whoever asks and however; says so. Raises `invalid` and what admission
 * raises.
 */
export async function putMessage(desk: SlackDesk, put: PutMessage): Promise<string> {
  const { caller, incident, channel, ts, author, text } = put;
  const said = await authorOf(desk, author);
  const { command } = parsedWords(commandBodies.note, {
    text: `${text} [said in Slack by ${said}]`,
    occurredAt: new Date(Number(ts) * MS_PER_SECOND).toISOString(),
  });
  const decisionId = slackId('note', incident.id, channel, ts);
  try {
    const actor = slackActor(caller);
    await admitDecision(desk, { decisionId, command, incidentId: incident.id, actor, caller });
    return `On the timeline of #${incident.number.toString()}, under the message's own time.`;
  } catch (error) {
    const isThere = isAppError(error) && error.field === 'decisionId';
    if (!isThere) throw error;
    return `This message is on the timeline of #${incident.number.toString()} already.`;
  }
}
