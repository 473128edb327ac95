import { z } from 'zod';

/** 64-bit integers come as numbers or, from stricter writers of protobuf JSON, as text. */
const int64 = z.union([z.number(), z.string().regex(/^-?\d{1,15}$/)]).transform(Number);

/** Protobuf JSON writes what is no number as text; it becomes null. */
const double = z
  .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
  .transform((value) => (typeof value === 'number' ? value : null));

const pairs = z
  .array(z.object({ key: z.string(), value: z.string().default('') }))
  .default([])
  .transform((items): Readonly<Record<string, string>> =>
    Object.fromEntries(items.map((item) => [item.key, item.value])),
  );

const modelVersion = z.object({
  name: z.string(),
  version: z.union([z.string(), z.int()]).transform(String),
  creation_timestamp: int64.optional(),
  last_updated_timestamp: int64.optional(),
  run_id: z.string().optional(),
  source: z.string().optional(),
  status: z.string().default('READY'),
  tags: pairs,
});
/** One model version as MLflow says it; its `aliases` are left out since searches answer them empty. */
export type ModelVersion = z.infer<typeof modelVersion>;

const registeredModel = z.object({
  name: z.string(),
  tags: pairs,
  aliases: z
    .array(
      z.object({ alias: z.string(), version: z.union([z.string(), z.int()]).transform(String) }),
    )
    .default([])
    .transform((items): Readonly<Record<string, string>> =>
      Object.fromEntries(items.map((item) => [item.alias, item.version])),
    ),
});
/** A registered model with aliases and tags as maps. */
export type RegisteredModel = z.infer<typeof registeredModel>;

/** Reply of `registered-models/get`. */
export const registeredModelReply = z.object({ registered_model: registeredModel });

/** Reply of `model-versions/get` and of `registered-models/alias`. */
export const modelVersionReply = z.object({ model_version: modelVersion });

const nextPage = z.string().optional();

/**
 * Reply of `model-versions/search`. An empty list is left out: then nothing else may be there, or some other answer
 * would pass for "none found".
 */
export const modelVersionsReply = z.union([
  z.object({ model_versions: z.array(modelVersion), next_page_token: nextPage }),
  z
    .strictObject({ next_page_token: nextPage })
    .transform((reply) => ({ ...reply, model_versions: [] })),
]);

/** Reply of `registered-models/search`; an empty list is left out, as among versions. */
export const registeredModelsReply = z.union([
  z.object({ registered_models: z.array(registeredModel), next_page_token: nextPage }),
  z
    .strictObject({ next_page_token: nextPage })
    .transform((reply) => ({ ...reply, registered_models: [] })),
]);

const metrics = z
  .array(z.object({ key: z.string(), value: double }))
  .default([])
  .transform((items): Readonly<Record<string, number | null>> =>
    Object.fromEntries(items.map((item) => [item.key, item.value])),
  );

/** Reply of `runs/get`. */
export const runReply = z.object({
  run: z.object({
    info: z.object({
      run_id: z.string(),
      status: z.string().default('RUNNING'),
      artifact_uri: z.string().optional(),
    }),
    data: z
      .object({ metrics, params: pairs, tags: pairs })
      .default({ metrics: {}, params: {}, tags: {} }),
    inputs: z
      .object({
        dataset_inputs: z
          .array(
            z.object({
              tags: pairs,
              dataset: z.object({
                name: z.string(),
                digest: z.string(),
                source_type: z.string().default(''),
                source: z.string().default(''),
              }),
            }),
          )
          .default([]),
      })
      .default({ dataset_inputs: [] }),
  }),
});

/** A run with metrics, parameters and tags as maps. */
export type Run = z.infer<typeof runReply>['run'];

/** Reply of `model-versions/get-download-uri`. */
export const downloadUriReply = z.object({ artifact_uri: z.string() });

/** Reply of `logged-models/{id}`. */
export const loggedModelReply = z.object({
  model: z.object({ info: z.object({ artifact_uri: z.string() }) }),
});

/** Reply of a listing by the artefact proxy; paths are relative to what was asked. An empty list may be left out. */
export const artifactListReply = z.union([
  z.object({
    files: z.array(
      z.object({ path: z.string(), is_dir: z.boolean(), file_size: int64.optional() }),
    ),
  }),
  z.strictObject({}).transform(() => ({ files: [] })),
]);

/** Replies that say nothing: `{}` or no body. */
export const emptyReply = z.unknown();

/** Body of an error; newer servers add `sqlstate` and `error_class`. */
export const errorReply = z.object({ error_code: z.string(), message: z.string().default('') });
