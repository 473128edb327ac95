import type { ErrorCode } from '../domain/error.ts';
import { lasts } from '../domain/lasting-failure.ts';
import type { MessageChannel } from '../domain/message.ts';

/** Lasting failures by which Slack says something of the channel or of our right to it: an operator can put that right. */
const FOR_PEOPLE: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'not_found', 'conflict']);

/** True for what people have to put right at Slack: nothing gets better by waiting, so that they are told at once. */
export function isForPeople(code: ErrorCode): boolean {
  return FOR_PEOPLE.has(code);
}

/**
 * True when a message is given up after such a failure. In Slack what people can put right ends none: it waits for them, and is there when
 * they have.
 */
export function endsMessage(channel: MessageChannel, code: ErrorCode): boolean {
  return lasts(code) && (channel !== 'slack' || !isForPeople(code));
}
