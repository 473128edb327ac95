import { z } from 'zod';
import { nameSchema } from './name-schema.ts';
import {
  FIELD_SOURCES,
  REGIME_STATUSES,
  SPAN_UNITS,
  type Regime,
  type RegimeVocabulary,
  type Span,
} from './regime.ts';
import { isTimeZone } from './zoned-time.ts';

/** Most clocks of one regime. */
const CLOCKS_MAX = 10;
/** Most readings of one clock. */
const READINGS_MAX = 10;
/** Most reminders of one kind. */
const REMINDERS_MAX = 12;
/** Most facts, moments or fields that the vocabulary holds. */
const WORDS_MAX = 100;

const SPAN = /^([1-9]\d{0,2}) (hour|day|working day)s?$/;
const AT_ONCE = 'at once';

function spanOf(text: string): Span | null {
  const [, count = '', name] = SPAN.exec(text) ?? [];
  const unit = SPAN_UNITS.find((one) => one === name);
  return unit === undefined ? null : { count: Number(count), unit };
}

const line = (charactersMax: number) => z.string().trim().min(1).max(charactersMax);
const camelName = z
  .string()
  .max(64)
  .regex(/^[a-z][A-Za-z0-9]*$/, 'is not a camelCase name such as personalData');
const rule = z.string().trim().min(1).max(2_000);
const date = z.iso.date('is not a day such as 2027-12-02');

const within = z.string().transform((text, context): Span | null => {
  const span = spanOf(text);
  if (span === null && text !== AT_ONCE) {
    const message = 'is not a time such as at once, 72 hours, 15 days or 2 working days';
    context.addIssue({ code: 'custom', message });
  }
  return span;
});

const elapsed = z.string().transform((text, context): Span => {
  const span = spanOf(text);
  if (span !== null && span.unit !== 'working day') return span;
  context.addIssue({ code: 'custom', message: 'is not a time such as 4 hours or 2 days' });
  return z.NEVER;
});

const reading = z.strictObject({ from: camelName, within, says: line(300) });

const clock = z.strictObject({
  name: nameSchema,
  title: line(200),
  to: line(200).nullable(),
  when: rule.nullable(),
  readings: z.array(reading).min(1).max(READINGS_MAX),
});

/** One file of `regimes/`. Its rules and names are checked by the loader, which knows the vocabulary. */
export const regimeSchema: z.ZodType<Regime> = z
  .strictObject({
    id: nameSchema,
    version: z.int().min(1).max(1_000),
    title: line(200),
    source: line(300),
    says: line(1_000),
    basis: line(500),
    status: z.enum(REGIME_STATUSES),
    confirmed: z.strictObject({ by: line(200), on: date }).nullable(),
    inForce: z.strictObject({ from: date.nullable(), until: date.nullable() }),
    zone: z.string().max(64).refine(isTimeZone, { error: 'is not an IANA time zone' }),
    when: rule.nullable(),
    clocks: z.array(clock).max(CLOCKS_MAX),
    reminders: z.strictObject({
      before: z.array(elapsed).max(REMINDERS_MAX),
      after: z.array(elapsed).max(REMINDERS_MAX),
    }),
    report: z.array(nameSchema).max(WORDS_MAX),
    note: line(1_000).nullable(),
  })
  .superRefine(({ status, confirmed, inForce, when, clocks }, context) => {
    const say = (path: readonly (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if ((status === 'confirmed') !== (confirmed !== null)) {
      say(['confirmed'], 'names who confirmed it, exactly when the status is confirmed');
    }
    if (when === null && clocks.length > 0) {
      say(['when'], 'is needed where there are clocks');
    }
    const { from, until } = inForce;
    if (from !== null && until !== null && until <= from) {
      say(['inForce', 'until'], 'is not after the day on which it begins');
    }
    const names = clocks.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index) say(['clocks', index, 'name'], 'is given twice');
    }
  });

const fact = z.strictObject({ name: camelName, question: line(300) });
const moment = z.strictObject({
  name: camelName,
  question: line(300),
  fromIncident: z.boolean(),
});
const field = z.strictObject({
  name: nameSchema,
  title: line(200),
  from: z.enum(FIELD_SOURCES).nullable(),
  common: z.boolean(),
});

/** The file `regimes/vocabulary.yaml`. */
export const vocabularySchema: z.ZodType<RegimeVocabulary> = z.strictObject({
  facts: z.array(fact).max(WORDS_MAX),
  moments: z.array(moment).max(WORDS_MAX),
  fields: z.array(field).max(WORDS_MAX),
});
