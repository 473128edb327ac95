import { z } from 'zod';
import { isJsonObject } from '../domain/json.ts';

/** Datasets that one event may list on each side. */
export const DATASETS_MAX = 1_000;
/** Other names that one dataset may have. */
export const SYMLINKS_MAX = 20;
const NAME_MAX = 1_000;

/** Text that can be part of a node id: no control characters, no lone surrogates. */
const name = z
  .string()
  .min(1)
  .max(NAME_MAX)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'holds control characters or is no Unicode text');

/** RFC 3339; producers also send times without zone, which are taken as UTC. */
const time = z
  .string()
  .max(64)
  .regex(
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:?\d\d)?$/i,
    'is no ISO 8601 time',
  )
  .transform((text) => (/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`))
  .refine((text) => !Number.isNaN(Date.parse(text)), 'is no time that exists')
  .transform((text) => new Date(text).toISOString());

const version = z.union([name, z.int()]).transform((value) => value.toString());

/** The facets that we read; all others are left out. A facet that says `_deleted` is none. */
const facets = z
  .object({
    version: z.object({ datasetVersion: version }).optional().catch(undefined),
    symlinks: z
      .object({ identifiers: z.array(z.object({ namespace: name, name })).max(SYMLINKS_MAX) })
      .optional()
      .catch(undefined),
    /** Ours: the SHA-256 of the dataset's or model's bytes. Strict, since what it says is held against it. */
    artifactDigest: z
      .object({
        sha256: z
          .string()
          .regex(/^(sha256:)?[0-9a-f]{64}$/i, 'is no SHA-256')
          .transform((text) => text.toLowerCase().replace(/^sha256:/, '')),
      })
      .optional(),
    /** Ours: this dataset is a model version of the registry. */
    modelVersion: z.object({ name, version }).optional(),
  })
  .optional();

const OURS = ['artifactDigest', 'modelVersion'] as const;

/** Takes `firebreak_x` (the standard asks custom facets for a prefix) for `x` and drops deleted facets. */
function readableFacets(value: unknown): unknown {
  if (!isJsonObject(value)) return undefined;
  const prefixed = OURS.map((facet) => [facet, value[`firebreak_${facet}`]] as const);
  return Object.fromEntries(
    [...Object.entries(value), ...prefixed.filter(([, facet]) => facet !== undefined)].filter(
      ([, facet]) => !isJsonObject(facet) || facet['_deleted'] !== true,
    ),
  );
}

const readFacets = z.preprocess(readableFacets, facets);

/** One dataset as an event names it. */
const dataset = z.object({
  namespace: name,
  name,
  facets: readFacets,
  inputFacets: readFacets,
  outputFacets: readFacets,
});
/** One dataset as an event names it, reduced to what we read. */
export type EventDataset = z.infer<typeof dataset>;

const datasets = z.array(dataset).max(DATASETS_MAX).nullish();
const job = z.object({ namespace: name, name });

/** A run said what it read and wrote. */
export const runEvent = z.object({
  eventTime: time,
  /** START, RUNNING, COMPLETE, ABORT, FAIL, OTHER; a word that we do not know is as good as OTHER. */
  eventType: z.string().max(64).nullish(),
  run: z.object({ runId: name }),
  job,
  inputs: datasets,
  outputs: datasets,
});
/** A parsed run event. */
export type RunEvent = z.infer<typeof runEvent>;

/** A job said what it reads and writes, apart from any run. */
export const jobEvent = z.object({ eventTime: time, job, inputs: datasets, outputs: datasets });
/** A parsed job event. */
export type JobEvent = z.infer<typeof jobEvent>;

/** Something was said of one dataset. */
export const datasetEvent = z.object({ eventTime: time, dataset });
/** A parsed dataset event. */
export type DatasetEvent = z.infer<typeof datasetEvent>;
