import type { ConnectorInstances } from '../activities/dependencies.ts';
import { parseWith } from '../connectors/connector.ts';
import { healthContext } from '../connectors/http.ts';
import { scheduleValue, type ScheduleValue } from '../connectors/pagerduty/schedule-value.ts';
import { AppError } from '../domain/error.ts';
import type { PagerdutySource } from '../domain/on-call.ts';
import type { CalendarEntry } from '../domain/on-call-calendar.ts';
import {
  calendarLine,
  NAME_CHARACTERS_MAX,
  TITLE_CHARACTERS_MAX,
} from '../intake/calendar-line.ts';
import {
  CALENDAR_READ_MS,
  NO_VERSION,
  type CalendarAsked,
  type CalendarFound,
} from './calendar-reader.ts';

/** Whom an entry names: the user's id first, since a login mail can change hands. */
function entryOf({ from, to, user, mail, name }: ScheduleValue['entries'][number]): CalendarEntry {
  const title = calendarLine(name, TITLE_CHARACTERS_MAX);
  const names = [user, mail].map((one) => calendarLine(one, NAME_CHARACTERS_MAX));
  return {
    ...{ from, to, title: title === '' ? user : title },
    names: names.filter((one) => one !== '').map((one) => [one]),
  };
}

/**
 * Reads a schedule of PagerDuty through its instance, within `CALENDAR_READ_MS`. Raises `invalid` when there is no such instance,
 * the codes of a read (`not_found` for a schedule that is not there), and `too_large` for one with more entries than are read.
 */
export async function readPagerdutySource(
  { instance, schedule }: PagerdutySource,
  { window, now }: CalendarAsked,
  connectors: ConnectorInstances,
): Promise<CalendarFound> {
  const { connector } = connectors.of({ drill: false }).named(instance);
  const probe = connector.probes['schedule'];
  if (probe === undefined) throw new AppError('invalid', `${instance} is no PagerDuty.`);
  const input = {
    schedule,
    since: new Date(window.from).toISOString(),
    until: new Date(window.until).toISOString(),
  };
  const context = { ...healthContext(AbortSignal.timeout(CALENDAR_READ_MS)), now };
  const { value, truncated } = await probe.read(input, context);
  if (truncated) throw new AppError('too_large', 'The schedule has more entries than are read.');
  const { entries } = parseWith(scheduleValue, value, { code: 'bad_reply', name: 'schedule' });
  return { entries: entries.map(entryOf), findings: [], version: NO_VERSION };
}
