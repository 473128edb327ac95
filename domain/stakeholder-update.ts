import type { Role } from './approval.ts';
import type { Incident, Severity } from './incident.ts';
import type { OperationRow } from './operation.ts';

/** How far an update goes: `internal` is sent by the engine on its cadence, `external` only by a person who saw the text. */
export const REACHES = ['internal', 'external'] as const;
/** One of `REACHES`. */
export type Reach = (typeof REACHES)[number];

/** What an update tells its audience: that something is going on, how it stands, that it is verified to be over, that it is closed. */
export const NOTICES = ['first', 'update', 'all-clear', 'resolved'] as const;
/** One of `NOTICES`. */
export type Notice = (typeof NOTICES)[number];

/** Liquid, for the subject (one line) and the text of one notice. */
export interface UpdateTemplate {
  readonly subject: string;
  readonly text: string;
}

/** Who is told how incidents stand, how often, and in which words. */
export interface Audience {
  readonly name: string;
  readonly reach: Reach;
  /** Addresses, each of which gets a mail of its own; empty when a Slack channel is told. */
  readonly to: readonly string[];
  /** Id of a Slack channel; null when addresses are told. */
  readonly slackChannel: string | null;
  /** Minutes from one update to the next; a severity that is left out is told nothing. */
  readonly everyMinutes: Readonly<Partial<Record<Severity, number>>>;
  /** Words of its own; for a notice that is left out those that ship. */
  readonly templates: Readonly<Partial<Record<Notice, UpdateTemplate>>>;
}

/** Who may send or skip an update to people outside. */
export const UPDATING_ROLES = ['commander', 'legal', 'admin'] as const satisfies readonly Role[];

/** How an update ended: sent by a person or on its cadence, or left out by a person. `drafted` waits. */
export type UpdateState = 'drafted' | 'released' | 'skipped';

/** One update to one audience as a durable row: its words never change, and it is settled once. */
export interface StakeholderUpdate {
  readonly id: string;
  readonly incidentId: string;
  readonly audience: string;
  readonly reach: Reach;
  /** 1 is the first of this incident and audience; each follows the one before. */
  readonly ordinal: number;
  readonly notice: Notice;
  /** Whether everything that was done was verified when it was drafted. */
  readonly verified: boolean;
  readonly to: readonly string[];
  readonly slackChannel: string | null;
  readonly subject: string;
  readonly text: string;
  /** SHA-256 over the canonical JSON of the template, hex. */
  readonly templateSha256: string;
  /** SHA-256 over the canonical JSON of audience, recipients, subject and text, hex: what a person sends is this. */
  readonly textSha256: string;
  readonly draftedAt: string;
  readonly state: UpdateState;
  readonly settledAt: string | null;
  /** A person's id, `engine`, or null while it waits. */
  readonly settledBy: string | null;
  /** Through which door; null while it waits, and for the engine. */
  readonly settledThrough: string | null;
  /** Why it was skipped. */
  readonly reason: string | null;
}

/** Whether the world is as it should be: `unsure` while something is under way. */
export type WorldState = 'verified' | 'not-verified' | 'unsure';

/** Shortest time from one update to another that tells of a change, in minutes: what flaps is not told each minute. */
const SETTLE_MINUTES = 5;
const MINUTE_MS = 60_000;
/** An external draft that nobody settled for so long is told again, in minutes. */
export const DRAFT_OVERDUE_MINUTES = 15;

const UNDER_WAY: ReadonlySet<OperationRow['state']> = new Set(['applying', 'applied', 'reverting']);
const NOT_SEEN: ReadonlySet<OperationRow['state']> = new Set(['unverified', 'unknown']);

/**
 * What may be said of the world: verified only when the incident was contained and stabilised and each effect was seen to hold
 * (or taken back); unverified as soon as one was not.
 */
export function worldOf(
  { containedAt, stabilisedAt }: Pick<Incident, 'containedAt' | 'stabilisedAt'>,
  operations: readonly Pick<OperationRow, 'state'>[],
): WorldState {
  if (containedAt === null || stabilisedAt === null) return 'not-verified';
  if (operations.some(({ state }) => NOT_SEEN.has(state))) return 'not-verified';
  return operations.some(({ state }) => UNDER_WAY.has(state)) ? 'unsure' : 'verified';
}

/** True when it was seen to be contained, and nothing that was done since has lapsed or is unknown. */
export function isContained(
  { containedAt }: Pick<Incident, 'containedAt'>,
  operations: readonly Pick<OperationRow, 'state'>[],
): boolean {
  return containedAt !== null && !operations.some(({ state }) => NOT_SEEN.has(state));
}

/** What the next update of an audience is decided by. */
export interface Standing {
  readonly incident: Pick<Incident, 'state' | 'severity'>;
  readonly audience: Pick<Audience, 'everyMinutes'>;
  /** Every update of this incident to this audience, oldest first. */
  readonly updates: readonly Pick<
    StakeholderUpdate,
    'notice' | 'verified' | 'state' | 'draftedAt'
  >[];
  readonly world: WorldState;
  readonly now: Date;
}

/** A notice that is due, with what it may say of the world. */
export interface DueNotice {
  readonly notice: Notice;
  readonly verified: boolean;
}

/** What an audience was really told last; null when it knows nothing of the incident, or was told that it is closed. */
function lastTold({ updates }: Standing): Standing['updates'][number] | null {
  const told = updates.findLast(({ state }) => state === 'released') ?? null;
  return told?.notice === 'resolved' ? null : told;
}

/** True when the next update is due by the clock. */
function isDue({ incident, audience, updates, now }: Standing): boolean {
  const last = updates.at(-1);
  if (last === undefined || last.notice === 'resolved') return true;
  const every = audience.everyMinutes[incident.severity] ?? Infinity;
  return now.getTime() - Date.parse(last.draftedAt) >= every * MINUTE_MS;
}

/** True when what was drafted last says something else of the world than is so now, and that has lasted. */
function hasTurned({ updates, now }: Standing, verified: boolean): boolean {
  const last = updates.at(-1);
  if (last === undefined || last.verified === verified) return false;
  return now.getTime() - Date.parse(last.draftedAt) >= SETTLE_MINUTES * MINUTE_MS;
}

/** What an audience may be told of the world now; while something is under way, what it was told last. */
function isVerified({ world, updates }: Standing): boolean {
  return world === 'unsure' ? updates.at(-1)?.verified === true : world === 'verified';
}

/** The end, once, for who knows of the incident. */
function endNotice(standing: Standing): DueNotice | null {
  const knows = lastTold(standing) !== null && standing.updates.at(-1)?.notice !== 'resolved';
  return knows ? { notice: 'resolved', verified: isVerified(standing) } : null;
}

/** True when an audience is told of an incident like this, that is under way. */
function concerns({ incident, audience }: Standing): boolean {
  return incident.state !== 'pending' && audience.everyMinutes[incident.severity] !== undefined;
}

/**
 * The notice that is due to an audience now, or null. Nobody is given an all-clear, or told of the end, who was told of nothing; an
 * all-clear is due once the world was verified, and what turns round afterwards is told at once.
 */
export function dueNotice(standing: Standing): DueNotice | null {
  if (standing.incident.state === 'closed') return endNotice(standing);
  if (!concerns(standing)) return null;
  const told = lastTold(standing);
  const verified = isVerified(standing);
  if (told === null) return isDue(standing) ? { notice: 'first', verified } : null;
  if (!isDue(standing) && !hasTurned(standing, verified)) return null;
  return { notice: verified && !told.verified ? 'all-clear' : 'update', verified };
}

/** When the update after this one is due, RFC 3339; null when none is. */
export function nextUpdateAt(
  { everyMinutes }: Pick<Audience, 'everyMinutes'>,
  { severity, state }: Pick<Incident, 'severity' | 'state'>,
  draftedAt: string,
): string | null {
  const every = everyMinutes[severity];
  if (every === undefined || state === 'closed') return null;
  return new Date(Date.parse(draftedAt) + every * MINUTE_MS).toISOString();
}
