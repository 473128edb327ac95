import type { JsonObject } from './json.ts';
import { nodeId, type LineageNodeId } from './lineage.ts';
import { subjectOf } from './observation.ts';

/** What the sync can find wrong. */
export const FINDING_KINDS = [
  'unregistered-serving',
  'alias-moved',
  'artifact-changed',
  'lineage-gap',
] as const;
/** One of `FINDING_KINDS`. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Something wrong in what was seen; it is told once when it begins and once when it is over. */
export interface Finding {
  /** The same as long as it is the same thing. */
  readonly key: string;
  readonly kind: FindingKind;
  /** Labels of the alert, `alertname` among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** One sentence for people; names from outside are data. */
  readonly summary: string;
}

/** A model that a serving object names in its environment. */
export interface ModelReference {
  readonly name: string;
  readonly version: string | null;
  readonly alias: string | null;
}

/** What one object serves, as far as it can be told from outside. */
export interface ServingSight {
  /** Connector instance that reaches it. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly references: readonly ModelReference[];
  /** Registry name that the inventory gives it; null when it has no entry. */
  readonly inventoried: string | null;
  /** What makes it look like a model server (an image or the name of a variable); null when nothing does. */
  readonly looksLike: string | null;
  /** Model versions that its replicas say they run: numbers only, other labels are versions of something else. */
  readonly running: readonly string[];
}

/** What the registries hold. */
export interface RegistrySight {
  /** Names of registered models. */
  readonly models: ReadonlySet<string>;
  /** `subjectOf.version` of every version. */
  readonly versions: ReadonlySet<string>;
  /** Version by `subjectOf.alias`. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** The last move of an alias. */
export interface AliasMove {
  readonly instance: string;
  readonly name: string;
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  /** The observation that saw it. */
  readonly observation: number;
  /** Who said why: a change's reference, or an operation of ours; null when nobody did. */
  readonly record: string | null;
}

/** Stored bytes that are not those that were seen first. */
export interface ArtifactChange {
  readonly instance: string;
  readonly name: string;
  readonly version: string;
  /** SHA-256, hex. */
  readonly first: string;
  readonly now: string;
}

function placeLabels({ cluster, namespace, name }: ServingSight): Readonly<Record<string, string>> {
  return { cluster, namespace, deployment: name };
}

function isRegistered({ name, version, alias }: ModelReference, registry: RegistrySight): boolean {
  if (version !== null) return registry.versions.has(subjectOf.version(name, version));
  if (alias !== null) return registry.aliases.has(subjectOf.alias(name, alias));
  return registry.models.has(name);
}

function textOf({ name, version, alias }: ModelReference): string {
  return `models:/${name}${version === null ? `@${alias ?? ''}` : `/${version}`}`;
}

/** Why an object's model is not one that a registry knows; null when it is, or when it serves none. */
function strangeness(sight: ServingSight, registry: RegistrySight): string | null {
  const { references, inventoried, looksLike, running } = sight;
  const strange = references.find((one) => !isRegistered(one, registry));
  if (strange) return `loads ${textOf(strange)}, which no registry knows`;
  const model = inventoried ?? references[0]?.name ?? null;
  if (model === null) {
    return looksLike === null ? null : `serves a model that no registry knows (${looksLike})`;
  }
  if (!registry.models.has(model)) return `serves ${model}, which no registry knows`;
  const unknown = running.find(
    (version) => !registry.versions.has(subjectOf.version(model, version)),
  );
  return unknown === undefined
    ? null
    : `runs version ${unknown} of ${model}, which no registry knows`;
}

/** Serving objects whose model, or version, no registry knows: shadow AI. */
export function unregisteredServing(
  sights: readonly ServingSight[],
  registry: RegistrySight,
): readonly Finding[] {
  return sights.flatMap((sight) => {
    const strange = strangeness(sight, registry);
    if (strange === null) return [];
    const place = `${sight.cluster}/${sight.namespace}/${sight.name}`;
    const model = sight.inventoried ?? sight.references[0]?.name;
    return [
      {
        key: `unregistered-serving/${place}`,
        kind: 'unregistered-serving' as const,
        labels: {
          alertname: 'UnregisteredModelServing',
          ...placeLabels(sight),
          ...(model === undefined ? {} : { model }),
        },
        summary: `Deployment ${place} ${strange}.`,
      },
    ];
  });
}

/** Moves of an alias for which nobody gave a reason. */
export function unexplainedMoves(moves: readonly AliasMove[]): readonly Finding[] {
  return moves
    .filter(({ record }) => record === null)
    .map(({ instance, name, alias, from, to, observation }) => ({
      key: `alias-moved/${instance}/${subjectOf.alias(name, alias)}/${observation.toString()}`,
      kind: 'alias-moved' as const,
      labels: { alertname: 'AliasMovedWithoutRecord', model: name, alias, version: to },
      summary: `Alias ${alias} of ${name} moved from version ${from} to ${to} without a change record.`,
    }));
}

/** Artefacts that were replaced in place. */
export function changedArtifacts(changes: readonly ArtifactChange[]): readonly Finding[] {
  return changes
    .filter(({ first, now }) => first !== now)
    .map(({ instance, name, version, first, now }) => ({
      key: `artifact-changed/${instance}/${subjectOf.version(name, version)}/${now}`,
      kind: 'artifact-changed' as const,
      labels: { alertname: 'ModelArtifactChanged', model: name, version },
      summary: `The stored bytes of ${name} version ${version} are ${now}; first seen were ${first}.`,
    }));
}

/** Versions in use of which lineage knows nothing: nobody can say what is in them. */
export function lineageGaps(
  inUse: readonly { readonly name: string; readonly version: string }[],
  known: ReadonlySet<LineageNodeId>,
): readonly Finding[] {
  return inUse
    .filter(({ name, version }) => !known.has(nodeId.model(name, version)))
    .map(({ name, version }) => ({
      key: `lineage-gap/${subjectOf.version(name, version)}`,
      kind: 'lineage-gap' as const,
      labels: { alertname: 'LineageGap', model: name, version },
      summary: `Version ${version} of ${name} is in use and lineage does not know what it was made from.`,
    }));
}

const MODEL_URI = /^models:\/([^/@:\s]+)(?:\/(\d{1,18})|@([\w-]+))?$/;
const REFERENCES_MAX = 20;
/** Servers that exist to serve models, by a part of their image's path. */
const SERVER_IMAGE =
  /(?:^|\/)(?:vllm-openai|vllm|tritonserver|text-generation-inference|text-embeddings-inference|torchserve|mlserver|ollama|sglang|tensorflow\/serving)(?:[:@-]|$)/;
/** Variables by which model servers are told what to load. */
const SERVER_VARIABLE =
  /^(?:MODEL_(?:URI|ID|NAME|PATH|DIR)|HF_MODEL_ID|STORAGE_URI|MLFLOW_MODEL_URI)$/;

/** A container as a listing shows it. */
export interface ContainerSight {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The models that containers name, and what makes them look like a model server. Values of variables stay out. */
export function servedBy(
  containers: readonly ContainerSight[],
): Pick<ServingSight, 'references' | 'looksLike'> {
  const references = containers
    .flatMap(({ env }) => Object.values(env))
    .flatMap((value): readonly ModelReference[] => {
      const match = MODEL_URI.exec(value);
      if (!match?.[1]) return [];
      const [, name, version = null, alias = null] = match;
      return [{ name, version, alias }];
    })
    .slice(0, REFERENCES_MAX);
  const image = containers.find((one) => SERVER_IMAGE.test(one.image))?.image;
  const variable = containers
    .flatMap(({ env }) => Object.keys(env))
    .find((name) => SERVER_VARIABLE.test(name));
  const looksLike =
    image === undefined
      ? variable === undefined
        ? null
        : `variable ${variable}`
      : `image ${image}`;
  return { references, looksLike };
}

/** A reference as plain JSON. */
export function referenceJson({ name, version, alias }: ModelReference): JsonObject {
  return { name, version, alias };
}
