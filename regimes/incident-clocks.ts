import { AppError, invariant } from '../domain/error.ts';
import type {
  ClockView,
  Declarations,
  FactView,
  IncidentClocks,
  RegimeView,
} from '../domain/incident-clocks.ts';
import type { Regime, RegimeClock } from '../domain/regime.ts';
import {
  deadlineOf,
  earliestOf,
  inForceAt,
  remindersOf,
  standingOf,
  type Applicability,
  type Sighting,
  type Sightings,
} from '../domain/regulatory-clock.ts';
import { applicabilityOf, bothOf, type StatedFacts } from './applicability.ts';
import type { RegimeCatalogue } from './loader.ts';

/** What the clocks of an incident are read from. */
export interface Situation {
  /** When the incident's own log shows that we knew; at least one. */
  readonly awareness: readonly Sighting[];
  readonly declared: Declarations;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Reading {
  readonly situation: Situation;
  readonly stated: StatedFacts;
  readonly sightings: Sightings;
  /** The earliest moment at which we knew, RFC 3339. */
  readonly knownAt: string;
}

const UNKNOWN: Applicability = { answer: 'unknown', missing: [] };
const NO: Applicability = { answer: 'no', missing: [] };

function requireName(name: string, known: readonly string[], field: string): void {
  if (known.includes(name)) return;
  const message = `There is no ${JSON.stringify(name.slice(0, 64))}; there are ${known.join(', ')}.`;
  throw new AppError('invalid', message, { field });
}

function requirePast(at: string, now: number, field: string): void {
  if (Date.parse(at) <= now) return;
  throw new AppError('invalid', 'This moment has not come yet.', { field });
}

function checkDeclared(
  { vocabulary, regimes }: RegimeCatalogue,
  { declared, now }: Situation,
): void {
  const facts = vocabulary.facts.map(({ name }) => name);
  const moments = vocabulary.moments.map(({ name }) => name);
  const clocks = regimes.flatMap(({ id, clocks: own }) => own.map(({ name }) => `${id}/${name}`));
  for (const { name } of declared.facts) requireName(name, facts, 'facts');
  for (const { name, at } of declared.moments) {
    requireName(name, moments, 'moments');
    requirePast(at, now, 'moments');
  }
  for (const { clock, settlement } of declared.settled) {
    requireName(clock, [...new Set(clocks)], 'settled');
    requirePast(settlement.at, now, 'settled');
  }
}

function answersTo({ declared }: Situation, name: string): readonly boolean[] {
  const answers = declared.facts.filter((one) => one.name === name).map(({ holds }) => holds);
  return [...new Set(answers)];
}

/** What is said both ways is not known: a clock is not stopped by a contradiction. */
function factView(situation: Situation, fact: Pick<FactView, 'name' | 'question'>): FactView {
  const [answer, other] = answersTo(situation, fact.name);
  if (answer === undefined) return { ...fact, answer: 'not said' };
  if (other !== undefined) return { ...fact, answer: 'said both ways' };
  return { ...fact, answer: answer ? 'yes' : 'no' };
}

function statedOf(facts: readonly FactView[]): StatedFacts {
  return new Map(
    facts
      .filter(({ answer }) => answer === 'yes' || answer === 'no')
      .map(({ name, answer }) => [name, answer === 'yes']),
  );
}

function sightingsOf({ vocabulary }: RegimeCatalogue, situation: Situation): Sightings {
  const { awareness, declared } = situation;
  return new Map(
    vocabulary.moments.map(({ name, fromIncident }) => [
      name,
      [
        ...(fromIncident ? awareness : []),
        ...declared.moments
          .filter((one) => one.name === name)
          .map(({ at, by = declared.by, fact = null }) => ({ at, says: `${by} says so`, fact })),
      ],
    ]),
  );
}

function clockView(reading: Reading, regime: Regime, clock: RegimeClock): ClockView {
  const { situation, stated, sightings } = reading;
  const { name, title, to } = clock;
  invariant(regime.when !== null, 'a regime with clocks says when it applies');
  const deadline = deadlineOf(clock, regime.zone, sightings);
  const key = `${regime.id}/${name}`;
  const settlement =
    situation.declared.settled.find((one) => one.clock === key)?.settlement ?? null;
  return {
    name,
    title,
    to,
    ...applicabilityOf(bothOf(regime.when, clock.when), stated),
    ...deadline,
    ...standingOf(deadline, regime.reminders, { now: situation.now, settlement }),
    reminders: remindersOf(deadline, regime.reminders),
    settlement,
  };
}

function regimeView(reading: Reading, regime: Regime): RegimeView {
  const { id, version, title, source, says, basis, status, confirmed, report, note } = regime;
  const then = inForceAt(regime.inForce, regime.zone, reading.knownAt);
  const ruled = regime.when === null ? UNKNOWN : applicabilityOf(regime.when, reading.stated);
  const applicability = then === 'no' ? NO : ruled;
  const clocks = applicability.answer === 'no' ? [] : regime.clocks;
  return {
    ...{ id, version, title, source, says, basis, status, confirmed, report, note },
    ...applicability,
    inForce: { ...regime.inForce, then },
    clocks: clocks
      .map((clock) => clockView(reading, regime, clock))
      .filter(({ answer }) => answer !== 'no'),
  };
}

const RANKS: Readonly<Record<Applicability['answer'], number>> = { yes: 0, unknown: 1, no: 2 };

/** The next deadline that nobody has settled; regimes without one come last. */
function nextDue({ clocks }: RegimeView): number {
  const open = clocks.filter(({ settlement, dueAt }) => settlement === null && dueAt !== null);
  return Math.min(...open.map(({ dueAt }) => Date.parse(dueAt ?? '')), Number.MAX_SAFE_INTEGER);
}

/**
 * Which regimes apply to an incident, which clocks run, and how they stand. Missing facts make an answer unknown, with their
 * names; an unknown one runs like one that applies. Raises `invalid` naming the field for a fact, moment or clock that
 * does not exist, and for a moment that has not come yet.
 */
export function incidentClocks(catalogue: RegimeCatalogue, situation: Situation): IncidentClocks {
  checkDeclared(catalogue, situation);
  // Of the log alone: no person's word may put a version out of force.
  const knownAt = earliestOf(situation.awareness)?.at;
  invariant(knownAt !== undefined, 'an incident was known at some moment');
  const facts = catalogue.vocabulary.facts.map((fact) => factView(situation, fact));
  const sightings = sightingsOf(catalogue, situation);
  const reading: Reading = { situation, stated: statedOf(facts), sightings, knownAt };
  const regimes = catalogue.regimes.map((regime) => regimeView(reading, regime));
  return {
    asOf: new Date(situation.now).toISOString(),
    facts,
    moments: catalogue.vocabulary.moments.map(({ name, question }) => ({
      name,
      question,
      sighting: earliestOf(sightings.get(name) ?? []),
    })),
    regimes: regimes.toSorted(
      (a, b) => RANKS[a.answer] - RANKS[b.answer] || nextDue(a) - nextDue(b),
    ),
  };
}
