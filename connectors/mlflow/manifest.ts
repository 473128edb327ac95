import { z } from 'zod';
import {
  actionManifest,
  type ActionManifest,
  type Manifest,
  type ProbeManifest,
} from '../connector.ts';
import { httpAccessConfig } from '../http-access-config.ts';

/** Configuration of one MLflow server; `username` and `password` are those of MLflow's own authentication. */
export const mlflowConfig = httpAccessConfig;
/** That configuration, parsed. */
export type MlflowConfig = z.infer<typeof mlflowConfig>;

/** A name that can be a part of a target: MLflow itself allows more. */
const modelName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^/:\p{Cc}]+$/u, 'is not a model name');
const aliasName = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9_-]+$/, 'is not an alias')
  .refine((alias) => alias !== 'latest' && !/^v\d+$/i.test(alias), 'is a reserved alias');
const versionNumber = z.string().regex(/^[1-9]\d{0,17}$/, 'is not a model version');
const tagKey = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[\w./ :-]+$/, 'is not a tag key');
const tagValue = z.string().max(5_000);

const pageInput = z.strictObject({
  /** What the page before answered as `next`; null for the first. */
  page: z.string().min(1).max(4_096).nullable(),
});
const modelInput = z.strictObject({ name: modelName });
const versionInput = z.strictObject({ name: modelName, version: versionNumber });
const listingInput = versionInput.extend({
  /** The version's `source` as this registry just listed it: where it names the files, nobody has to be asked. */
  source: z.string().max(4_096).nullable().optional(),
});
const aliasInput = z.strictObject({ name: modelName, alias: aliasName });
const runInput = z.strictObject({ runId: z.string().regex(/^[\w-]{1,64}$/, 'is not a run id') });
const findVersionInput = z.strictObject({ name: modelName, tag: tagKey, value: tagValue.min(1) });
const moveAliasInput = z.strictObject({
  name: modelName,
  alias: aliasName,
  version: versionNumber,
});
const setTagInput = z.strictObject({
  name: modelName,
  version: versionNumber,
  key: tagKey,
  value: tagValue,
});

/** Input of `Models` and `ModelVersions`. */
export type PageInput = z.infer<typeof pageInput>;
/** Input of `Model`. */
export type ModelInput = z.infer<typeof modelInput>;
/** Input of `Version`. */
export type VersionInput = z.infer<typeof versionInput>;
/** Input of `ArtifactListing`. */
export type ListingInput = z.infer<typeof listingInput>;
/** Input of `Alias`. */
export type AliasInput = z.infer<typeof aliasInput>;
/** Input of `Run`. */
export type RunInput = z.infer<typeof runInput>;
/** Input of `FindVersion`. */
export type FindVersionInput = z.infer<typeof findVersionInput>;
/** Input of `MoveAlias`. */
export type MoveAliasInput = z.infer<typeof moveAliasInput>;
/** Input of `SetTag`. */
export type SetTagInput = z.infer<typeof setTagInput>;

/** Probe `model`: a registered model with its aliases and tags. */
export const modelManifest: ProbeManifest<ModelInput> = {
  title: 'A registered model, its aliases and tags',
  input: modelInput,
};

/** Probe `versions`: every version of a model, newest first. */
export const versionsManifest: ProbeManifest<ModelInput> = {
  title: 'Versions of a model, newest first',
  input: modelInput,
};

/** Probe `version`: one model version. */
export const versionManifest: ProbeManifest<VersionInput> = {
  title: 'One model version',
  input: versionInput,
};

/** Probe `alias`: where an alias points. */
export const aliasManifest: ProbeManifest<AliasInput> = {
  title: 'The version that an alias names',
  input: aliasInput,
};

/** Probe `run`: a run with metrics, parameters and the datasets that went in. */
export const runManifest: ProbeManifest<RunInput> = {
  title: 'A run, its metrics and its datasets',
  input: runInput,
};

/** Probe `find-version`: the newest version that carries a tag. */
export const findVersionManifest: ProbeManifest<FindVersionInput> = {
  title: 'The newest version with a tag',
  input: findVersionInput,
};

/** Probe `artifact-digest`: SHA-256 of the bytes as they are served now. */
export const artifactDigestManifest: ProbeManifest<VersionInput> = {
  title: 'SHA-256 of the stored files of a model version',
  input: versionInput,
};

/** Probe `artifact-listing`: names and sizes of the stored files, without reading them. */
export const artifactListingManifest: ProbeManifest<ListingInput> = {
  title: 'Names and sizes of the stored files of a model version',
  input: listingInput,
};

/** Probe `models`: one page of the registry's models. */
export const modelsManifest: ProbeManifest<PageInput> = {
  title: 'A page of registered models, their aliases and tags',
  input: pageInput,
};

/** Probe `model-versions`: one page of the registry's versions. */
export const modelVersionsManifest: ProbeManifest<PageInput> = {
  title: 'A page of the versions of all models, oldest first',
  input: pageInput,
};

/** Action `move-alias`: point an alias at a version. */
export const moveAliasManifest: ActionManifest<MoveAliasInput> = {
  title: 'Move a registry alias',
  input: moveAliasInput,
  approvalClass: 'R3',
  claim: 'exclusive',
  reversible: true,
  destroys: 'nothing',
  target: (input) => `Alias/${input.name}/${input.alias}`,
};

/** Action `hold-alias`: keep an alias where it is, watched and restored. */
export const holdAliasManifest: ActionManifest<AliasInput> = {
  title: 'Hold a registry alias',
  input: aliasInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: 'nothing',
  target: (input) => `Alias/${input.name}/${input.alias}`,
};

/** Action `set-tag`: one tag of a model version. */
export const setTagManifest: ActionManifest<SetTagInput> = {
  title: 'Tag a model version',
  input: setTagInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: 'nothing',
  target: (input) => `ModelVersion/${input.name}/${input.version}`,
};

/** What the MLflow connector offers. */
export const manifest: Manifest = {
  name: 'mlflow',
  title: 'MLflow model registry and tracking',
  lastResort: [
    `curl -u <administrator> -X DELETE {url}/api/2.0/mlflow/users/delete --json '{"username": "{username}"}'`,
  ],
  config: mlflowConfig,
  actions: {
    'move-alias': actionManifest(moveAliasManifest),
    'hold-alias': actionManifest(holdAliasManifest),
    'set-tag': actionManifest(setTagManifest),
  },
  probes: {
    model: modelManifest,
    versions: versionsManifest,
    version: versionManifest,
    alias: aliasManifest,
    run: runManifest,
    'find-version': findVersionManifest,
    'artifact-digest': artifactDigestManifest,
    'artifact-listing': artifactListingManifest,
    models: modelsManifest,
    'model-versions': modelVersionsManifest,
  },
};
