import type { Alert } from './alert.ts';

/** One condition on a label: `=` or `!=`; in the value `*` stands for any text. A label that is absent is empty. */
export interface SilenceMatcher {
  readonly name: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Alerts that all matchers match open no incident while it is in force; they are kept and counted. */
export interface Silence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  /** RFC 3339; in the future for a maintenance window. */
  readonly startsAt: string;
  readonly endsAt: string;
  /** Who answers for it: a person or a team. */
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: string;
  /** When a person ended it before its time, who, and why; null otherwise. */
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly endedReason: string | null;
  /** Alerts that it kept from opening an incident, each counted once. */
  readonly suppressedCount: number;
  readonly lastSuppressedAt: string | null;
}

/** Where a silence stands. */
export const SILENCE_STATES = ['pending', 'active', 'expired'] as const;
/** One of `SILENCE_STATES`. */
export type SilenceState = (typeof SILENCE_STATES)[number];

/** Matchers of one silence. */
export const MATCHERS_MAX = 20;
/** The longest silence, in days: what is quiet for longer is a change of the monitor or of a route. */
export const SILENCE_DAYS_MAX = 30;
const DAY_MS = 86_400_000;
const MATCHER = /^\s*([A-Za-z_][A-Za-z0-9_.-]{0,127})\s*(!?=)\s*("?)([^"]{0,1000})\3\s*$/;

/** Reads `name=value` or `name!=value`, the value in quotes or not; null when it is neither. */
export function readMatcher(text: string): SilenceMatcher | null {
  const [, name, operator, , value] = MATCHER.exec(text) ?? [];
  if (name === undefined || value === undefined) return null;
  if (operator !== '=' && operator !== '!=') return null;
  return { name, operator, value };
}

/** A matcher as people write it. */
export function matcherText({ name, operator, value }: SilenceMatcher): string {
  return `${name}${operator}"${value}"`;
}

/** True when `text` is `pattern`, whose stars stand for any text; takes time in the product of their lengths at most. */
function matchesText(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

/** True when every matcher matches the labels. */
export function isMatched(matchers: readonly SilenceMatcher[], labels: Alert['labels']): boolean {
  return matchers.every(({ name, operator, value }) => {
    const label = Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
    return matchesText(value, label) === (operator === '=');
  });
}

/** Whether it has begun, holds, or is over. */
export function silenceStateOf(
  { startsAt, endsAt, endedAt }: Pick<Silence, 'startsAt' | 'endsAt' | 'endedAt'>,
  now: Date,
): SilenceState {
  if (endedAt !== null || Date.parse(endsAt) <= now.getTime()) return 'expired';
  return Date.parse(startsAt) > now.getTime() ? 'pending' : 'active';
}

/** Why a silence is not taken: it would silence everything, for ever, or for no time at all; null when it is fine. */
export function objectionToSilence(
  { matchers, startsAt, endsAt }: Pick<Silence, 'matchers' | 'startsAt' | 'endsAt'>,
  now: Date,
): { readonly field: string; readonly message: string } | null {
  const narrows = matchers.some(
    ({ operator, value }) => operator === '=' && value.replaceAll('*', '') !== '',
  );
  if (!narrows) {
    const message =
      'At least one matcher must name a value of a label: this would silence everything.';
    return { field: 'matchers', message };
  }
  const start = Math.max(Date.parse(startsAt), now.getTime());
  const lengthMs = Date.parse(endsAt) - start;
  if (lengthMs <= 0) return { field: 'endsAt', message: 'It would be over before it begins.' };
  if (lengthMs > SILENCE_DAYS_MAX * DAY_MS) {
    return {
      field: 'endsAt',
      message: `A silence lasts ${SILENCE_DAYS_MAX.toString()} days at most.`,
    };
  }
  return null;
}
