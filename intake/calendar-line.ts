/** Characters of what names somebody in a calendar. */
export const NAME_CHARACTERS_MAX = 320;
/** Characters of what people call an entry. */
export const TITLE_CHARACTERS_MAX = 120;

/** One line of text of a calendar: no control characters, not too long, no halves of a character; empty for what is no text. */
export function calendarLine(text: unknown, charactersMax: number): string {
  if (typeof text !== 'string') return '';
  const plain = text.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
  return Array.from(plain).slice(0, charactersMax).join('');
}
