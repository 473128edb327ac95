/** One stretch of time of a calendar and whom it names, in the words of the calendar. */
export interface CalendarEntry {
  /** RFC 3339 UTC; the end is not part of it. */
  readonly from: string;
  readonly to: string;
  /** What people call it. */
  readonly title: string;
  /** What may name somebody, in groups: the first group in which a name is known counts. */
  readonly names: readonly (readonly string[])[];
}

/** A calendar as it was read whole. */
export interface CalendarReading {
  /** When it was read, or confirmed to be the same; RFC 3339 UTC. */
  readonly readAt: string;
  /** What was read is about this time and no other. */
  readonly from: string;
  readonly until: string;
  readonly entries: readonly CalendarEntry[];
  /** What of it could not be understood, in words. */
  readonly findings: readonly string[];
}

/** What we know of the calendar of a schedule. */
export interface KnownCalendar {
  readonly schedule: string;
  /** The last reading that made sense; null before the first. */
  readonly reading: CalendarReading | null;
  /** Why the latest try brought nothing; null when it did. */
  readonly problem: string | null;
}

/** Of each person's id the exact names that a calendar has for them. */
export type CalendarNames = Readonly<Record<string, readonly string[]>>;

/** What a calendar says of one moment; `people` is empty when it names nobody, and `reason` says why. */
export interface CalendarAnswer {
  readonly people: readonly string[];
  /** RFC 3339; the answer holds at least so long. Null when nothing is known. */
  readonly until: string | null;
  readonly reason: string | null;
}

/** Findings of one calendar that are told at most. */
export const FINDINGS_MAX = 20;

/** The person whom each name means. A name of two people means neither: the configuration refuses it. */
function personByName(names: CalendarNames): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(names).flatMap(([person, known]) =>
      known.map((name): [string, string] => [name, person]),
    ),
  );
}

function peopleOf(entry: CalendarEntry, people: ReadonlyMap<string, string>): readonly string[] {
  for (const group of entry.names) {
    const known = group.flatMap((name) => people.get(name) ?? []);
    if (known.length > 0) return known;
  }
  return [];
}

/** The first moment after `at` at which an entry begins or ends, or what was read does (milliseconds). */
function nextChange({ entries, until }: CalendarReading, at: number): number {
  let next = Date.parse(until);
  for (const { from, to } of entries) {
    for (const change of [Date.parse(from), Date.parse(to)]) {
      if (change > at && change < next) next = change;
    }
  }
  return next;
}

const unnamed = ({ title }: CalendarEntry): string => `"${title}" names nobody of this schedule`;

function reasonOf(active: readonly CalendarEntry[]): string {
  const [first] = active;
  return first === undefined ? 'nothing in its calendar covers this time' : unnamed(first);
}

/** Who is on call by a calendar at an instant (milliseconds): everybody whom an entry of that moment names. */
export function calendarAt(
  known: KnownCalendar | undefined,
  names: CalendarNames,
  at: number,
): CalendarAnswer {
  const reading = known?.reading ?? null;
  if (reading === null) {
    const why = known?.problem ?? 'it is read within a minute of the start';
    return { people: [], until: null, reason: `its calendar was never read: ${why}` };
  }
  if (at < Date.parse(reading.from) || at >= Date.parse(reading.until)) {
    const span = `${reading.from} to ${reading.until}`;
    return { people: [], until: null, reason: `its calendar is known from ${span} only` };
  }
  const active = reading.entries.filter(
    ({ from, to }) => Date.parse(from) <= at && at < Date.parse(to),
  );
  const byName = personByName(names);
  const people = [...new Set(active.flatMap((entry) => peopleOf(entry, byName)))].toSorted();
  const until = new Date(nextChange(reading, at)).toISOString();
  return { people, until, reason: people.length > 0 ? null : reasonOf(active) };
}

/** True when a reading names somebody of these after an instant (milliseconds): else it is no calendar of theirs. */
export function namesSomebody(
  { entries }: Pick<CalendarReading, 'entries'>,
  names: CalendarNames,
  at: number,
): boolean {
  const byName = personByName(names);
  return entries.some((entry) => Date.parse(entry.to) > at && peopleOf(entry, byName).length > 0);
}

/**
 * What is wrong in a reading after an instant (milliseconds), in words: entries that name nobody, each text once, and
 * what was not understood; at most `FINDINGS_MAX`.
 */
export function findingsIn(
  { entries, findings }: CalendarReading,
  names: CalendarNames,
  at: number,
): readonly string[] {
  const byName = personByName(names);
  const told = new Set<string>();
  for (const entry of entries) {
    if (told.size >= FINDINGS_MAX) break;
    if (Date.parse(entry.to) <= at || peopleOf(entry, byName).length > 0) continue;
    const others = entry.names.flat().filter((name) => name !== entry.title);
    told.add(`${unnamed(entry)}${others.length === 0 ? '' : `: ${others.join(', ')}`}`);
  }
  return [...told, ...findings].slice(0, FINDINGS_MAX);
}
