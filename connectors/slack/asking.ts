import { healthContext } from '../http.ts';
import { createCaller, type SlackAccess, type SlackCall } from './client.ts';
import { authReply, doneReply, messagesReply } from './reply-schema.ts';

/** One call that changes nothing. Raises what `SlackCaller` raises. */
async function ask<T>(
  access: SlackAccess,
  asked: Omit<SlackCall<T>, 'mutating'>,
  signal: AbortSignal,
): Promise<T> {
  return createCaller(access, signal)({ ...asked, mutating: false }, healthContext(signal));
}

/**
 * The scopes of a bot token, as Slack names them beside its answer; null when it names none. Raises `unauthorized` for a token that is not
 * taken, and what a call raises.
 */
export async function scopesOf(
  access: SlackAccess,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const reply = await ask(
    access,
    { method: 'auth.test', parameters: {}, schema: authReply },
    signal,
  );
  return reply.response_metadata?.scopes ?? null;
}

/**
 * Whether a bot token may read a channel. Raises `unauthorized` with what is missing as its permission (a scope, membership),
 * `not_found` for a channel that Slack does not show it, and what a call raises.
 */
export async function readChannel(
  access: SlackAccess,
  channel: string,
  signal: AbortSignal,
): Promise<void> {
  const parameters = { channel, limit: 1 };
  await ask(access, { method: 'conversations.history', parameters, schema: messagesReply }, signal);
}

/** Whether an app-level token would be given a socket; none is opened. Raises `unauthorized` with the scope that is missing, and what a call raises. */
export async function askForSocket(access: SlackAccess, signal: AbortSignal): Promise<void> {
  await ask(access, { method: 'apps.connections.open', parameters: {}, schema: doneReply }, signal);
}
