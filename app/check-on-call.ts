import { connectorModules } from '../connectors/registry.ts';
import type { Configuration } from '../domain/configuration.ts';
import { counted } from '../domain/counted.ts';
import { toAppError } from '../domain/error.ts';
import {
  answerAt,
  calendarOf,
  type KnownCalendars,
  type OnCallSchedule,
} from '../domain/on-call.ts';
import type { KnownCalendar } from '../domain/on-call-calendar.ts';
import { createStore } from '../store/database.ts';
import { loadInstances } from './connector-instances.ts';
import { bad, good, type Check } from './finding.ts';
import { calendarWindow, knownCalendars, readCalendar, readingOf } from './read-calendars.ts';

/** What the look at who is on call needs. */
export interface OnCallExamination {
  /** The systems by which schedules are read. */
  readonly instances: Configuration['instances'];
  readonly now: () => Date;
  /** What a running engine has read; empty where its database cannot be asked. */
  readonly known: () => Promise<KnownCalendars>;
}

/** What was read of calendars, by the database of this address; empty when it is null or does not answer. */
export async function storedCalendars(databaseUrl: string | null): Promise<KnownCalendars> {
  if (databaseUrl === null) return new Map();
  try {
    const store = await createStore({ databaseUrl, role: 'api', poolSize: 1 });
    try {
      return await knownCalendars(store);
    } finally {
      await store.close();
    }
  } catch {
    // That the database does not answer is a finding of its own.
    return new Map();
  }
}

/** A calendar as it is read now, through the instance that it names. Raises what reading it raises. */
async function readNow(
  schedule: OnCallSchedule,
  { now, instances }: OnCallExamination,
): ReturnType<typeof readCalendar> {
  const named = instances.filter(({ name }) => name === schedule.pagerduty?.instance);
  const connectors = await loadInstances(connectorModules, named);
  try {
    const window = calendarWindow(now());
    return await readCalendar({ schedule, window, version: null, now }, connectors);
  } finally {
    await connectors.close();
  }
}

/** A calendar as it is now; when it cannot be read what was read before, with the reason. */
async function lookAt(
  schedule: OnCallSchedule,
  examination: OnCallExamination,
): Promise<KnownCalendar> {
  const { now, known } = examination;
  const at = now();
  const { name } = schedule;
  try {
    const found = await readNow(schedule, examination);
    if (found === 'unchanged') return { schedule: name, reading: null, problem: 'it says nothing' };
    return { schedule: name, reading: readingOf(schedule, found, at), problem: null };
  } catch (error) {
    const { code, message } = toAppError(error);
    const reading = (await known()).get(name)?.reading ?? null;
    return { schedule: name, reading, problem: `${code}: ${message}` };
  }
}

const CALENDAR_FIX =
  'Check where it is read, with which key, and what its people are called there (docs/on-call.md).';

/** How the calendar of a schedule is: whether it can be read, how old what counts is, and whom it names in vain. */
function checkCalendar(
  { schedule, reading, problem }: KnownCalendar,
  findings: readonly string[],
): Check {
  const name = `calendar of ${schedule}`;
  if (problem !== null) {
    const counts =
      reading === null
        ? 'no earlier reading is found here; `firebreak on-call` asks the running engine'
        : `what was read at ${reading.readAt} counts`;
    return bad(name, `${problem} (${counts})`, CALENDAR_FIX);
  }
  if (findings.length > 0) return bad(name, findings.join('; '), CALENDAR_FIX);
  const entries = counted(reading?.entries.length ?? 0, 'entry', 'entries');
  return good(name, `read now, ${entries}, all understood`);
}

/** Who is on call now by one schedule, and whether a message could reach them. */
function checkWho(
  { people, until, reason, next, schedule, source }: ReturnType<typeof answerAt>,
  known: Configuration['people'],
): Check {
  const name = `on call by ${schedule}`;
  if (people.length === 0) {
    const isRotation = source.kind === 'rotation';
    const fix = isRotation ? 'Begin the rotation earlier.' : 'Fill the gap in the calendar.';
    return bad(name, `nobody: ${reason ?? 'no reason given'}`, fix);
  }
  const then = next === null ? '' : `, then ${next.people.join(', ')}`;
  const detail = `${people.join(', ')} until ${until ?? 'an unknown time'}${then}`;
  const deaf = known.filter(
    ({ id, mail, slackUser }) => people.includes(id) && mail === null && slackUser === null,
  );
  if (deaf.length === 0) return good(name, detail);
  const ids = deaf.map(({ id }) => id).join(', ');
  return bad(name, `${detail}; ${ids} has neither mail nor slackUser`, 'Give one under people.');
}

/** Who is on call now by each schedule of the file, whether a message could reach them, and how calendars are. Never raises. */
export async function checkOnCall(
  { onCall = [], people }: Pick<Configuration, 'onCall' | 'people'>,
  examination: OnCallExamination,
): Promise<readonly Check[]> {
  const at = examination.now().getTime();
  const checks = await Promise.all(
    onCall.map(async (schedule): Promise<readonly Check[]> => {
      if (calendarOf(schedule) === null) return [checkWho(answerAt(schedule, at), people)];
      const known = await lookAt(schedule, examination);
      const answer = answerAt(schedule, at, new Map([[schedule.name, known]]));
      const calendar = checkCalendar(known, answer.findings);
      // Who is on call by a calendar that was never read nobody knows: that is one fault, and not a gap beside it.
      const isUnknown = known.reading === null && answer.people.length === 0;
      return isUnknown ? [calendar] : [calendar, checkWho(answer, people)];
    }),
  );
  return checks.flat();
}
