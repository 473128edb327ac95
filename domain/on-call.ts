import { DAY_MS, instantOf, wallOf } from './zoned-time.ts';

/** People who take turns; hand-over is at the same time of day on the wall clocks of the zone. */
export interface Rotation {
  /** IANA name. */
  readonly timeZone: string;
  /** When the first person's first turn begins, on those wall clocks: `2026-11-23T09:00`. */
  readonly startsAt: string;
  /** Days of one turn. */
  readonly everyDays: number;
  /** Ids of people, in the order of their turns. */
  readonly people: readonly string[];
}

/** Somebody stands in for a time. */
export interface Override {
  /** RFC 3339; the end is not part of it. */
  readonly from: string;
  readonly to: string;
  /** A person's id. */
  readonly person: string;
}

/** Who is on call when. */
export interface OnCallSchedule {
  readonly name: string;
  readonly rotation: Rotation;
  /** The last one that holds at a time wins. */
  readonly overrides: readonly Override[];
}

/** Who is on call by a schedule at a moment; `people` is empty when it names nobody, and `reason` says why. */
export interface OnCall {
  readonly schedule: string;
  readonly people: readonly string[];
  /** When the turn ends unless somebody stands in, RFC 3339; null when nobody has it. */
  readonly until: string | null;
  readonly reason: string | null;
}

/** Who is on call by each schedule at a moment, as people see it. */
export interface OnCallView {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly schedules: readonly (Omit<OnCall, 'people'> & {
    /** `active` is false for who could not be told. */
    readonly people: readonly {
      readonly id: string;
      readonly name: string;
      readonly active: boolean;
    }[];
  })[];
}

/** The turn of a rotation at an instant (milliseconds), counted from 0; negative before it begins. */
function turnAt({ timeZone, startsAt, everyDays }: Rotation, at: number) {
  const first = Date.parse(`${startsAt}:00Z`);
  const beginOf = (turn: number): number => instantOf(timeZone, first + turn * everyDays * DAY_MS);
  const near = Math.floor((wallOf(timeZone, at) - first) / (everyDays * DAY_MS));
  // Where the clocks are changed, the wall's reading can be one turn off.
  const turn = [near + 1, near, near - 1].find((one) => beginOf(one) <= at) ?? near;
  return { turn, until: beginOf(turn + 1) };
}

/** Who is on call by a schedule at an instant (milliseconds since 1970). */
export function onCallAt({ name, rotation, overrides }: OnCallSchedule, at: number): OnCall {
  const stand = overrides.findLast(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
  if (stand !== undefined) {
    return { schedule: name, people: [stand.person], until: stand.to, reason: null };
  }
  const { turn, until } = turnAt(rotation, at);
  const person = turn < 0 ? undefined : rotation.people[turn % rotation.people.length];
  if (person === undefined) {
    const reason = `the rotation begins at ${rotation.startsAt} (${rotation.timeZone})`;
    return { schedule: name, people: [], until: null, reason };
  }
  const ends = new Date(until).toISOString();
  return { schedule: name, people: [person], until: ends, reason: null };
}

/** Who is on call by the schedule of a name at a moment; null for one that is not there. */
export function onCallBy(
  schedules: () => readonly OnCallSchedule[],
): (name: string, at: Date) => OnCall | null {
  return (name, at) => {
    const schedule = schedules().find((one) => one.name === name);
    return schedule === undefined ? null : onCallAt(schedule, at.getTime());
  };
}
