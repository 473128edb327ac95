import { calendarOf, type KnownCalendars, type OnCallSchedule } from '../domain/on-call.ts';
import type { CalendarState } from '../domain/self-watch.ts';
import type { Store } from '../store/tables.ts';
import { knownCalendars } from './read-calendars.ts';

/** Looks how old the calendars outside are that say who is on call. */
export interface CalendarWatch {
  round(): Promise<void>;
  states(): readonly CalendarState[];
}

/** The look at the calendars of the schedules, which a worker reads. */
export function createCalendarWatch(
  store: Pick<Store, 'calendars'>,
  schedules: () => readonly OnCallSchedule[],
): CalendarWatch {
  let states: readonly CalendarState[] = [];
  return {
    round: async () => {
      const outside = schedules().filter((schedule) => calendarOf(schedule) !== null);
      const known: KnownCalendars = outside.length === 0 ? new Map() : await knownCalendars(store);
      states = outside.map(({ name }) => {
        const { reading = null, problem = null } = known.get(name) ?? {};
        return { schedule: name, readAt: reading?.readAt ?? null, problem };
      });
    },
    states: () => states,
  };
}
