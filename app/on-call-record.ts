import type { Logger } from 'pino';
import { toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import {
  ageOf,
  onCallAt,
  type KnownCalendars,
  type OnCall,
  type OnCallSchedule,
} from '../domain/on-call.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';

/** So many incidents are looked at in one round. */
const INCIDENTS_MAX = 10_000;

/** What putting on record who was on call needs. */
export interface OnCallRecordOptions {
  readonly store: Pick<Store, 'escalations' | 'incidents' | 'people' | 'transaction'>;
  readonly schedules: () => readonly OnCallSchedule[];
  /** What is known of calendars outside. */
  readonly calendars: KnownCalendars;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'warn'>;
}

function wordsOf(onCall: OnCall, known: readonly Person[]): string {
  const { schedule, people, reason } = onCall;
  if (people.length === 0) return `nobody by ${schedule} (${reason ?? 'no reason given'})`;
  const names = people.map((id) => {
    const person = known.find((one) => one.id === id);
    if (person === undefined) return `${id} (not known)`;
    return `${person.name} (${id}${person.active ? '' : ', deactivated'})`;
  });
  return `${names.join(', ')} by ${schedule}${ageOf(onCall)}`;
}

function factOf(
  { openedAt }: Incident,
  onCall: readonly OnCall[],
  known: readonly Person[],
): NewFact {
  return newFact({
    key: 'on-call/opened',
    kind: 'on-call.recorded',
    occurredAt: openedAt,
    summary: `On call when it opened: ${onCall.map((one) => wordsOf(one, known)).join('; ')}.`,
    data: {
      schedules: onCall.map(({ schedule, people, until, reason, source }) => ({
        ...{ schedule, people, until, reason },
        source: { ...source },
      })),
    },
  });
}

/**
 * Puts on the timeline of each open incident who was on call when it opened, once, by the schedules as they are when it is first
 * looked at. Answers how many were put down; without schedules none.
 */
export async function recordOnCall(options: OnCallRecordOptions): Promise<number> {
  const { store, now, log, calendars } = options;
  const schedules = options.schedules();
  if (schedules.length === 0) return 0;
  const [incidents, known] = await Promise.all([
    store.incidents.unfinished(INCIDENTS_MAX),
    store.people.list(),
  ]);
  const rungs = await store.escalations.takenAmong(incidents.map(({ id }) => id));
  const done = new Set(
    rungs.flatMap(({ subject }) => (subject.kind === 'on-call' ? [subject.id] : [])),
  );
  let recorded = 0;
  for (const incident of incidents.filter(({ id }) => !done.has(id))) {
    const { id, openedAt } = incident;
    const onCall = schedules.map((schedule) => onCallAt(schedule, Date.parse(openedAt), calendars));
    const people = [...new Set(onCall.flatMap((one) => one.people))];
    try {
      const isOurs = await store.transaction(async (tables) => {
        const row = { subject: { kind: 'on-call', id }, rung: 1, incidentId: id } as const;
        const reached = people.length > 0;
        const taken = { ...row, people, reached, takenAt: now().toISOString() };
        if (!(await tables.escalations.take(taken))) return false;
        await tables.facts.append(id, [factOf(incident, onCall, known)]);
        return true;
      });
      if (isOurs) recorded += 1;
    } catch (error) {
      log.warn({ incident: id }, `on call not recorded: ${toAppError(error).message}`);
    }
  }
  return recorded;
}
