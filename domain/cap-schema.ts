import { z } from 'zod';
import { DEFAULT_CAPS, type IsolationCaps } from './cap.ts';
import { nameSchema } from './name-schema.ts';

/** Most models that one source may be let loose on by name. */
const MODELS_MAX = 5000;

const percent = z.number().min(0).max(100);
const isolationCaps = (defaults: IsolationCaps) =>
  z
    .strictObject({
      targets: z
        .int()
        .min(0)
        .max(10_000)
        .default(defaults.targets)
        .describe('Deployments of one model.'),
      modelPercent: percent
        .default(defaults.modelPercent)
        .describe('Percent of the replicas of one model; one replica at least, unless 0.'),
      totalPercent: percent
        .default(defaults.totalPercent)
        .describe('Percent of the replicas of all models; one replica at least, unless 0.'),
    })
    .prefault({});
const sourceCaps = z
  .strictObject({
    models: z
      .array(z.string().min(1).max(1000))
      .max(MODELS_MAX)
      .nullable()
      .default(null)
      .describe('Models that its alerts may touch without a person; null: every one.'),
    highestClass: z
      .enum(['R0', 'R1'])
      .default(DEFAULT_CAPS.source.highestClass)
      .describe('The highest class of effect that goes on by itself.'),
    incidentsPerHour: z
      .int()
      .min(0)
      .max(1_000)
      .nullable()
      .default(DEFAULT_CAPS.source.incidentsPerHour)
      .describe('Incidents within an hour; null: as many as come.'),
  })
  .prefault({});

/** Beyond a cap an effect needs an approval of R2. */
export const capsSchema = z
  .strictObject({
    atOnce: isolationCaps(DEFAULT_CAPS.atOnce).describe('Isolated at one time.'),
    perHour: isolationCaps(DEFAULT_CAPS.perHour).describe('Isolated within an hour.'),
    source: sourceCaps.describe('What the alerts of each source may lead to.'),
    sources: z.record(nameSchema, sourceCaps).default({}).describe('The same for single sources.'),
  })
  .prefault({});
