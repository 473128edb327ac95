/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000;
/** A day of 24 hours, in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;
/** Saturday and Sunday, as `getUTCDay` numbers them; holidays differ by place and would only come later. */
const WEEKEND: readonly number[] = [0, 6];

/** True for an IANA time zone that this runtime knows, such as `Europe/Brussels`. */
export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).formatToParts(0).length > 0;
  } catch {
    return false;
  }
}

/** What the wall clocks of a zone are ahead of UTC at an instant; both in milliseconds. */
type Offset = (instant: number) => number;

function offsetIn(zone: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const whole = Math.floor(instant / 1000) * 1000;
    const parts = new Map<string, number>(
      format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (name: string): number => parts.get(name) ?? Number.NaN;
    const wall = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return wall - whole;
  };
}

/**
 * The first instant at which the wall clocks show `wall` (milliseconds as if they showed UTC). Of an hour that comes
 * twice the first one counts; of one that is left out the reading that lies earlier.
 */
function firstInstantOf(wall: number, offset: Offset): number {
  // A day before and after: beyond any change of the clocks that could concern this hour.
  const before = offset(wall - DAY_MS);
  const after = offset(wall + DAY_MS);
  // Most days: there is one reading.
  if (before === after) return wall - before;
  const candidates = [wall - before, wall - after];
  const real = candidates.filter((instant) => instant + offset(instant) === wall);
  return Math.min(...(real.length === 0 ? candidates : real));
}

/** What the wall clocks of a zone show at an instant: milliseconds as if they showed UTC. */
export function wallOf(zone: string, instant: number): number {
  return instant + offsetIn(zone)(instant);
}

/** The first instant at which the wall clocks of a zone show `wall`; see `wallOf`. */
export function instantOf(zone: string, wall: number): number {
  return firstInstantOf(wall, offsetIn(zone));
}

/** `instantOf` of one zone, for many readings: what is costly about a zone is made once. */
export function clockOf(zone: string): (wall: number) => number {
  const offset = offsetIn(zone);
  return (wall) => firstInstantOf(wall, offset);
}

/** The calendar day of an instant in a zone, `YYYY-MM-DD`. */
export function dateIn(zone: string, instant: number): string {
  return new Date(instant + offsetIn(zone)(instant)).toISOString().slice(0, 10);
}

/**
 * The end of `count` days after `start`, both in milliseconds since 1970: the same time of day on the wall clocks of the
 * zone, or `count` times 24 hours, whichever comes first (they differ where the clocks are changed in between).
 */
export function daysAfter(start: number, count: number, zone: string): number {
  const offset = offsetIn(zone);
  const sameTimeOfDay = start + offset(start) + count * DAY_MS;
  return Math.min(firstInstantOf(sameTimeOfDay, offset), start + count * DAY_MS);
}

/**
 * As `daysAfter`, but only Monday to Friday are counted, the day of the start never; holidays count as working days, which
 * is the earlier reading.
 */
export function workingDaysAfter(start: number, count: number, zone: string): number {
  const wall = start + offsetIn(zone)(start);
  let days = 0;
  for (let counted = 0; counted < count;) {
    days += 1;
    if (!WEEKEND.includes(new Date(wall + days * DAY_MS).getUTCDay())) counted += 1;
  }
  return daysAfter(start, days, zone);
}
