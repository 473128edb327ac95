import ICAL from 'ical.js';
import { AppError } from '../domain/error.ts';

/** Steps that one event, and one calendar with all its events, may take: a daily turn of 27 years is 10,000. */
const EVENT_STEPS_MAX = 10_000;
const CALENDAR_STEPS_MAX = 50_000;
/** What it costs to lay out a year, in steps. */
const YEAR_STEPS = 20;
const ZONE_STEPS_MAX = 10_000;
/** Rules walk each day of an interval. */
const INTERVAL_MAX = 1_000;
const PARTS_MAX = 366;
const MONTHS = Array.from({ length: 12 }, (_, month) => month + 1);
const FREQUENCIES: readonly string[] = ['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];

/** What is left of the work that a calendar may make. */
export class Steps {
  private left = CALENDAR_STEPS_MAX;
  private ofEvent = 0;

  /** Begins another event. */
  begin(): void {
    this.ofEvent = EVENT_STEPS_MAX;
  }

  /** Raises `too_large` when the calendar is at its end, `invalid` when the event is. */
  take(count: number): void {
    this.left -= count;
    this.ofEvent -= count;
    if (this.left < 0) throw new AppError('too_large', 'The calendar repeats too much.');
    if (this.ofEvent < 0) throw new AppError('invalid', 'it repeats too often, or never');
  }
}

/** Raises `invalid` for a rule that no schedule of people needs and that could keep us busy for ever. */
function refuseStrange(rule: ICAL.Recur): void {
  if (!FREQUENCIES.includes(rule.freq)) {
    throw new AppError('invalid', `it repeats ${rule.freq.toLowerCase()}`);
  }
  if (rule.interval > INTERVAL_MAX) {
    throw new AppError('invalid', 'it repeats in steps that are too long');
  }
  if (Object.values(rule.parts).some((part) => (part?.length ?? 0) > PARTS_MAX)) {
    throw new AppError('invalid', 'its rule is too long');
  }
}

/**
 * The iterator of a rule over wall clocks, whose work is counted: a rule that is never fulfilled (the 30th of February, each
 * day) would be walked for ever by the library alone.
 */
function countedIterator(rule: ICAL.Recur, dtstart: ICAL.Time, steps: Pick<Steps, 'take'>) {
  class CountedIterator extends ICAL.RecurIterator {
    override check_contracting_rules(): boolean {
      steps.take(1);
      return super.check_contracting_rules();
    }

    override expand_year_days(year: number): number {
      steps.take(YEAR_STEPS);
      return super.expand_year_days(year);
    }
  }
  return new CountedIterator({ rule, dtstart });
}

/** The next time; null at the end, whatever the types of the library say. */
function nextOf(iterator: ICAL.RecurIterator): ICAL.Time | null {
  return iterator.next();
}

/** The same reading without a zone: rules go by the wall clocks. */
function withoutZone({ year, month, day, hour, minute, second, isDate }: ICAL.Time): ICAL.Time {
  return new ICAL.Time(
    { year, month, day, hour, minute, second, isDate },
    ICAL.Timezone.localTimezone,
  );
}

/**
 * The times that a rule gives from `start` on, as the wall clocks show them, one after the other and without its end (UNTIL).
 * Raises `invalid` for a strange rule and one that takes too many steps, `too_large` when the calendar does.
 */
export function* repeat(rule: ICAL.Recur, start: ICAL.Time, steps: Steps): Generator<ICAL.Time> {
  refuseStrange(rule);
  const endless = rule.clone();
  endless.until = null;
  const months = rule.parts.BYMONTH ?? MONTHS;
  const iterator = countedIterator(endless, withoutZone(start), steps);
  for (;;) {
    const next = nextOf(iterator);
    if (next === null || iterator.completed) return;
    // The library makes the 2nd of March of the 30th of February.
    if (!months.includes(next.month)) continue;
    yield next;
  }
}

/** True for a rule of a time zone that can be worked out: once a year, and soon fulfilled. */
export function isHarmlessZoneRule(rule: ICAL.Recur, start: ICAL.Time): boolean {
  if (rule.freq !== 'YEARLY' || rule.interval > 1) return false;
  if (Object.values(rule.parts).some((part) => (part?.length ?? 0) > PARTS_MAX)) return false;
  let left = ZONE_STEPS_MAX;
  try {
    const take = (count: number): void => {
      left -= count;
      if (left < 0) throw new AppError('invalid', 'it is never fulfilled');
    };
    const iterator = countedIterator(rule.clone(), withoutZone(start), { take });
    return nextOf(iterator) !== null;
  } catch {
    return false;
  }
}
