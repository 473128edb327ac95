import type { Logger } from 'pino';
import { messagesFor } from '../activities/message-rows.ts';
import { toAppError } from '../domain/error.ts';
import { newFact, type Fact, type NewFact } from '../domain/fact.ts';
import type { ClockView, IncidentClocks, RegimeView } from '../domain/incident-clocks.ts';
import type { Incident } from '../domain/incident.ts';
import { clockPurpose } from '../domain/message.ts';
import type { Store } from '../store/tables.ts';
import { factsOf } from './incident-facts.ts';

/** So many incidents with recorded words are looked at in one round, newest first. */
const INCIDENTS_MAX = 1_000;

/** What reminding of clocks needs. */
export interface ClockRemindersOptions {
  readonly store: Pick<Store, 'decisions' | 'incidents' | 'facts' | 'transaction'>;
  /** The clocks of an incident from its log alone. */
  readonly clocksOf: (incident: Incident, facts: readonly Fact[]) => IncidentClocks;
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly now: () => Date;
  readonly log: Pick<Logger, 'warn'>;
}

/** One moment at which people are told. */
interface Rung {
  readonly kind: 'reminder' | 'overdue';
  /** RFC 3339. */
  readonly at: string;
}

/** The newest rung that has come: of several that passed while nobody had said anything, one is told. */
function rungOf({ reminders, limitAt, settlement }: ClockView, now: Date): Rung | null {
  if (settlement !== null) return null;
  const rungs: readonly Rung[] = [
    ...reminders.map((at) => ({ kind: 'reminder' as const, at })),
    ...(limitAt === null ? [] : [{ kind: 'overdue' as const, at: limitAt }]),
  ];
  return rungs.findLast(({ at }) => Date.parse(at) <= now.getTime()) ?? null;
}

/** Something to tell, with the fact that it was told. */
interface Reminder {
  readonly fact: NewFact;
  readonly message: { readonly purpose: string; readonly subject: string; readonly text: string };
}

function dueText({ dueAt, limitAt, atOnceSince }: ClockView): string {
  if (atOnceSince !== null && dueAt === atOnceSince) {
    return `owed at once since ${atOnceSince}${limitAt === null ? '' : `, at the latest ${limitAt}`}`;
  }
  return `due ${limitAt ?? dueAt ?? 'at a time that is not known'}`;
}

function textOf({ id, number }: Incident, regime: RegimeView, clock: ClockView): string {
  const worth =
    regime.confirmed === null
      ? 'not law: to be checked by counsel'
      : `confirmed by ${regime.confirmed.by} on ${regime.confirmed.on}`;
  const unsure =
    clock.answer === 'unknown'
      ? [`It may not be owed. Not known: ${clock.missing.join(', ')}.`]
      : [];
  const key = `${regime.id}/${clock.name}`;
  return [
    `Incident #${number.toString()}: ${clock.title} is ${dueText(clock)}.`,
    `${regime.title}: ${regime.says} (${regime.basis}) [${worth}]`,
    ...unsure,
    `Draft: firebreak incident clocks ${id} --draft ${regime.id}`,
    `Sent: firebreak incident clocks ${id} --record --met ${key}=TIME`,
    `Not owed: firebreak incident clocks ${id} --record --waived ${key}="WHY"`,
  ].join('\n');
}

function reminderOf(
  incident: Incident,
  { regime, clock }: { readonly regime: RegimeView; readonly clock: ClockView },
  { kind, at }: Rung,
): Reminder {
  const name = `${regime.id}/${clock.name}`;
  const purpose = clockPurpose(name, kind, at);
  const subject = `${kind === 'overdue' ? 'OVERDUE' : 'Reminder'}: ${name} is ${dueText(clock)}`;
  const fact = newFact({
    key: purpose,
    kind: 'clock.reminded',
    occurredAt: at,
    summary: `People are told: clock ${name}, ${kind === 'overdue' ? 'overdue since' : 'reminder of'} ${at}.`,
    data: { clock: name, regimeVersion: regime.version, rung: kind, at },
  });
  return { fact, message: { purpose, subject, text: textOf(incident, regime, clock) } };
}

async function remind(options: ClockRemindersOptions, incidentId: string): Promise<number> {
  const { store, clocksOf, channels, now } = options;
  const incident = await store.incidents.get(incidentId);
  if (incident === null) return 0;
  const facts = await factsOf(store, incidentId);
  const told = new Set(facts.filter(({ kind }) => kind === 'clock.reminded').map(({ key }) => key));
  const reminders = clocksOf(incident, facts).regimes.flatMap((regime) =>
    regime.clocks.flatMap((clock): readonly Reminder[] => {
      const rung = rungOf(clock, now());
      if (rung === null) return [];
      const reminder = reminderOf(incident, { regime, clock }, rung);
      return told.has(reminder.fact.key) ? [] : [reminder];
    }),
  );
  if (reminders.length === 0) return 0;
  const messages = reminders.map(({ message }) => ({ ...message, mail: true }));
  await store.transaction(async (tables) => {
    await tables.messages.put(messagesFor({ channels }, incidentId, messages));
    await tables.facts.append(
      incidentId,
      reminders.map(({ fact }) => fact),
    );
  });
  return reminders.length;
}

/**
 * One round over the incidents with recorded words, closed ones too: each rung of a clock that nobody settled is told once, message
 * and fact in one transaction. Answers how many were told; what goes wrong with one incident keeps no other from being looked
 * at.
 */
export async function remindOfClocks(options: ClockRemindersOptions): Promise<number> {
  let told = 0;
  for (const id of await options.store.decisions.declaredIncidents(INCIDENTS_MAX)) {
    try {
      told += await remind(options, id);
    } catch (error) {
      options.log.warn({ incident: id }, `not reminded of clocks: ${toAppError(error).message}`);
    }
  }
  return told;
}
