import { isAppError } from '../../domain/error.ts';
import { cut } from '../../render/visible.ts';
import { requireRole, STEERERS, type Caller } from '../auth.ts';
import { requireIncident } from '../sight.ts';
import type { SlackDesk, SlackUser } from './door.ts';
import { slackCaller, slackIdentityOf } from './identity.ts';
import { putMessage } from './message-note.ts';
import type { Reacted } from './payload-schema.ts';
import { wordsOf } from './words.ts';

/** The reaction that puts a message onto the timeline of its incident. */
export const STOPWATCH = 'stopwatch';

const TEXT_MAX = 9_000;

/** A message of somebody, as Slack shows it now. */
export interface SaidMessage {
  readonly text: string;
  /** Null: an app said it. */
  readonly author: SlackUser | null;
  /** Timestamp of the message that began its thread; null for one that stands in the channel itself. */
  readonly threadTs: string | null;
  readonly isEdited: boolean;
}

/** Who reacted, when our own table knows them and they are active; null for everybody else. */
async function known({ store }: SlackDesk, who: SlackUser): Promise<Caller | null> {
  try {
    return await slackCaller(store.people, who);
  } catch (error) {
    if (isAppError(error) && error.code === 'unauthorized') return null;
    throw error;
  }
}

/**
 * The incident in whose thread or own channel a message stands; null for a message elsewhere, and for one of ours: its fact is there
 * already.
 */
async function incidentAbout(
  { store }: SlackDesk,
  { ts, own }: { readonly ts: string; readonly own: string | null },
  { threadTs }: SaidMessage,
): Promise<string | null> {
  const rows = await store.messages.inSlack([...new Set([ts, threadTs ?? ts])]);
  const ours = rows.filter(({ slackChannel = null }) => slackChannel === null);
  if (ours.some(({ externalId }) => externalId === ts)) return null;
  if (own !== null) return own;
  return ours.find(({ incidentId }) => incidentId !== null)?.incidentId ?? null;
}

/**
 * Puts the message of a reaction onto the timeline of the incident in whose thread or channel it stands, as a note of who reacted, once however often
 * and by whomever. Answers what to tell them; null when nothing was asked of us: whom we do not know, a channel that is shared with
 * another company, a message elsewhere. Raises what reading the message and admission raise.
 */
export async function noteByReaction(
  desk: SlackDesk,
  reacted: Reacted,
  read: () => Promise<SaidMessage>,
): Promise<string | null> {
  if (reacted.isShared) return null;
  const isCommon = reacted.channel === desk.channel;
  const own = isCommon ? null : await desk.store.incidentChannels.incidentIn(reacted.channel);
  if (!isCommon && own === null) return null;
  const caller = await known(desk, reacted.who);
  if (caller === null) return null;
  const said = await read();
  const id = await incidentAbout(desk, { ts: reacted.ts, own }, said);
  if (id === null) return null;
  requireRole(caller, STEERERS, 'object');
  const incident = await requireIncident(desk, { id, caller });
  const { channel, ts } = reacted;
  const words = wordsOf(said.text);
  return putMessage(desk, {
    ...{ caller, incident, channel, ts },
    author: said.author === null ? null : slackIdentityOf(said.author),
    text: `${words === '' ? '(no text)' : cut(words, TEXT_MAX)}${said.isEdited ? ' (edited)' : ''}`,
  });
}
