import { isAppError, toAppError, type ErrorCode } from '../../domain/error.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { SlackLog } from './door.ts';

const ID_CHARACTERS = 32;
const TROUBLE =
  'Firebreak could not confirm that just now. Please look with the CLI, or try again.';

/** Codes whose sentence is for the person who asked. */
const TOLD: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid',
  'unauthorized',
  'refused',
  'conflict',
  'not_found',
  'too_large',
]);

/** Said when the three seconds are nearly over and the database has not answered. */
export const NOT_CONFIRMED =
  'This takes longer than usual. It is not confirmed yet; the answer will follow here.';

/** What a person typed, with Slack's entities undone and without control characters. */
export function wordsOf(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim();
}

/** What a failure says to the person who asked; nothing of what is inside. */
export function apologyOf(error: unknown): string {
  if (!isAppError(error) || !TOLD.has(error.code)) return TROUBLE;
  return error.permission === undefined
    ? error.message
    : `${error.message} It takes ${error.permission}.`;
}

/** True for a failure that the same request would meet again: trying it once more changes nothing. */
export function isFinal(error: unknown): boolean {
  return isAppError(error) && TOLD.has(error.code);
}

/** The id by which each delivery of one and the same thing is known: it opens nothing and decides nothing twice. */
export function slackId(...parts: readonly string[]): string {
  return `slack-${sha256Hex(JSON.stringify(parts)).slice(0, ID_CHARACTERS)}`;
}

/** The words of a failure, which is told to the log as well. */
export function apologise(log: SlackLog, error: unknown, requestId: string): string {
  log.warn({ code: toAppError(error).code, requestId }, 'a request from Slack was not carried out');
  return apologyOf(error);
}
