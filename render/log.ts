import type { JsonObject } from '../domain/json.ts';
import { visibleCut } from './visible.ts';

/** Longest text that one log line repeats from outside, in characters. */
export const LOG_TEXT_MAX = 2000;

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function unicodeEscape(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** Text from outside for a log message: one line, nothing acting on a terminal, at most `LOG_TEXT_MAX` characters. */
export function logText(text: string): string {
  return visibleCut(text, LOG_TEXT_MAX);
}

/**
 * A record as one line of JSON in pure visible characters: it parses to an equal value, and its text can neither begin
 * another record nor move a terminal's cursor.
 */
export function renderLogRecord(record: JsonObject): string {
  return `${JSON.stringify(record).replace(UNSEEN, unicodeEscape)}\n`;
}
