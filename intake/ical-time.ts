import ICAL from 'ical.js';
import { AppError } from '../domain/error.ts';
import { clockOf, isTimeZone } from '../domain/zoned-time.ts';
import { isHarmlessZoneRule } from './ical-recurrence.ts';

const YEAR_MIN = 1900;
const YEAR_MAX = 2199;
/** Zones that one calendar defines, and changes of the clocks that one zone lists, at most. */
const ZONES_MAX = 100;
const OBSERVANCES_MAX = 100;
const ZONE_DATES_MAX = 500;
const UTC = 'UTC';

/** The wall clocks by which a time of a calendar is told. */
export interface Clock {
  /** Two times with one name are told by one clock. */
  readonly name: string;
  /** The instant at which they show `wall`; both in milliseconds, the reading as if it were UTC. */
  readonly instantOf: (wall: number) => number;
}

/** A time of a calendar: what the clocks show, and which clocks. */
export interface CalendarTime {
  readonly wall: number;
  readonly clock: Clock;
  /** True for a whole day without a time. */
  readonly isDay: boolean;
}

/** What a time shows, in milliseconds as if it were UTC. Raises `invalid` far from our days. */
export function wallOf({ year, month, day, hour, minute, second }: ICAL.Time): number {
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  if (year >= YEAR_MIN && year <= YEAR_MAX && !Number.isNaN(wall)) return wall;
  throw new AppError('invalid', 'it has a time that is far from our days');
}

/** The clocks of a zone that the calendar itself defines. */
function definedClock(name: string, zone: ICAL.Timezone): Clock {
  return {
    name: `defined ${name}`,
    instantOf: (wall) => {
      const shown = new Date(wall);
      const time = new ICAL.Time(
        {
          ...{ year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1 },
          ...{ day: shown.getUTCDate(), hour: shown.getUTCHours() },
          ...{ minute: shown.getUTCMinutes(), second: shown.getUTCSeconds(), isDate: false },
        },
        zone,
      );
      return time.toUnixTime() * 1000;
    },
  };
}

/** The clocks of one calendar: its own definitions first, then those that this runtime knows by name. */
export class CalendarClocks {
  private readonly clocks = new Map<string, Clock>();
  private readonly calendar: ICAL.Component;
  private readonly floating: string;

  /** `floating` is the IANA name of the zone of times that name none. */
  constructor(calendar: ICAL.Component, floating: string) {
    this.calendar = calendar;
    this.floating = floating;
  }

  private make(zone: string): Clock {
    const defined = this.calendar.getTimeZoneByID(zone);
    // The library answers null for a zone that is not there, whatever its types say.
    if (defined instanceof ICAL.Timezone) return definedClock(zone, defined);
    if (isTimeZone(zone)) return { name: zone, instantOf: clockOf(zone) };
    throw new AppError('invalid', `its time zone "${zone}" is not defined`);
  }

  /** The clock of a zone. Raises `invalid` for one that nobody defines. */
  private named(zone: string): Clock {
    const found = this.clocks.get(zone) ?? this.make(zone);
    this.clocks.set(zone, found);
    return found;
  }

  /** A value of a property as the calendar means it. Raises `invalid` for what is no time, or of an unknown zone. */
  timeOf(property: ICAL.Property, value: unknown): CalendarTime {
    if (!(value instanceof ICAL.Time)) throw new AppError('invalid', 'it has a time that is none');
    const wall = wallOf(value);
    if (value.isDate) return { wall, clock: this.named(this.floating), isDay: true };
    const zone = property.getFirstParameter('tzid');
    if (value.zone === ICAL.Timezone.utcTimezone) {
      return { wall, clock: { name: UTC, instantOf: (instant) => instant }, isDay: false };
    }
    const isNamed = typeof zone === 'string' && zone !== '';
    return { wall, clock: this.named(isNamed ? zone : this.floating), isDay: false };
  }
}

function isHarmlessZone(zone: ICAL.Component): boolean {
  const id = zone.getFirstPropertyValue('tzid');
  const observances = zone.getAllSubcomponents();
  if (typeof id !== 'string' || id === '' || observances.length > OBSERVANCES_MAX) return false;
  return observances.every((one) => {
    const dates = one
      .getAllProperties('rdate')
      .reduce((count, property) => count + property.getValues().length, 0);
    const rules = one.getAllProperties('rrule').map((property) => property.getFirstValue());
    const start = one.getFirstPropertyValue('dtstart');
    return (
      dates <= ZONE_DATES_MAX &&
      start instanceof ICAL.Time &&
      rules.every((rule) => rule instanceof ICAL.Recur && isHarmlessZoneRule(rule, start))
    );
  });
}

/** Takes definitions of zones out that are none, or that could not be worked out in a reasonable time. */
export function dropStrangeZones(calendar: ICAL.Component): void {
  const zones = calendar.getAllSubcomponents('vtimezone');
  for (const [index, zone] of zones.entries()) {
    if (index >= ZONES_MAX || !isHarmlessZone(zone)) calendar.removeSubcomponent(zone);
  }
}
