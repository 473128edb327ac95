import {
  ON_ISOLATION,
  type InventoryEntry,
  type LoadMethod,
  type ServingObject,
} from '../domain/inventory.ts';

const PREFIX = 'firebreak.dev/';
const LOAD_METHODS: readonly LoadMethod[] = [
  'alias-at-start',
  'pinned-uri',
  'baked-image',
  'sidecar',
];
const ROLES: readonly ServingObject['role'][] = ['stable', 'canary', 'only'];
const ALIAS_DEFAULT = 'champion';
const DEPLOYMENTS_MAX = 5000;
const DATASETS_MAX = 50;
const MODEL_URI = /^models:\/([^/@:\s]+)(?:\/(\d+)|@([\w-]+))$/;

/** A Deployment as discovery saw it. */
export interface DiscoveredDeployment {
  /** Connector instance that reaches it. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly env: Readonly<Record<string, string>>;
  }[];
}

/** Entries found, and what could not be understood. */
export interface DiscoveredInventory {
  readonly entries: readonly InventoryEntry[];
  readonly problems: readonly { readonly deployment: string; readonly problem: string }[];
}

interface ModelReference {
  readonly container: string;
  readonly name: string;
  readonly version: string | null;
  readonly alias: string | null;
}

interface Part {
  readonly entry: InventoryEntry;
  readonly problems: readonly string[];
}

function known<T extends string>(value: string | undefined, allowed: readonly T[]): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

/** The first environment value of the form `models:/name/7` or `models:/name@alias`. */
function modelReferenceOf(deployment: DiscoveredDeployment): ModelReference | undefined {
  for (const container of deployment.containers) {
    for (const value of Object.values(container.env)) {
      const match = MODEL_URI.exec(value);
      if (!match?.[1]) continue;
      const [, name, version = null, alias = null] = match;
      return { container: container.name, name, version, alias };
    }
  }
  return undefined;
}

function loadOf(reference: ModelReference | undefined): LoadMethod {
  if (!reference) return 'baked-image';
  return reference.alias === null ? 'pinned-uri' : 'alias-at-start';
}

function pointerOf(text: string | undefined): InventoryEntry['datasetPointer'] {
  const [namespace, name, key, ...rest] = text?.split('/') ?? [];
  const complete = Boolean(namespace) && Boolean(name) && Boolean(key) && rest.length === 0;
  if (!complete || !namespace || !name || !key) return null;
  return { namespace, name, key };
}

function datasetsOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((dataset) => dataset.trim())
    .filter((dataset) => dataset !== '')
    .slice(0, DATASETS_MAX);
}

/** Reads one Deployment's annotations, noting those that make no sense. */
interface AnnotationReader {
  readonly text: (name: string) => string | undefined;
  readonly choice: <T extends string>(name: string, allowed: readonly T[]) => T | undefined;
  readonly pointer: () => InventoryEntry['datasetPointer'];
  readonly problems: readonly string[];
}

function annotationReader(deployment: DiscoveredDeployment): AnnotationReader {
  const problems: string[] = [];
  const text = (name: string): string | undefined => {
    const value = deployment.annotations[PREFIX + name]?.trim();
    return value === '' ? undefined : value;
  };
  const choice = <T extends string>(name: string, allowed: readonly T[]): T | undefined => {
    const value = text(name);
    const found = known(value, allowed);
    if (value !== undefined && found === undefined) {
      problems.push(`${PREFIX}${name} is none of ${allowed.join(', ')}`);
    }
    return found;
  };
  const pointer = (): InventoryEntry['datasetPointer'] => {
    const value = text('dataset-pointer');
    const found = pointerOf(value);
    if (value !== undefined && found === null) {
      problems.push(`${PREFIX}dataset-pointer is not namespace/name/key`);
    }
    return found;
  };
  return { text, choice, pointer, problems };
}

function servingOf(
  deployment: DiscoveredDeployment,
  annotations: AnnotationReader,
  reference: ModelReference | undefined,
): readonly ServingObject[] {
  const first = deployment.containers[0]?.name;
  const container = annotations.text('container') ?? reference?.container ?? first;
  if (container === undefined) return [];
  const { cluster, namespace, name } = deployment;
  const role = annotations.choice('role', ROLES) ?? 'only';
  return [{ cluster, namespace, kind: 'Deployment', name, container, role }];
}

function serviceOf(deployment: DiscoveredDeployment, text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.includes('/') ? text : `${deployment.namespace}/${text}`;
}

/** How the registry knows the model: what is annotated, then what the environment says. */
function registryOf(
  model: string,
  annotations: AnnotationReader,
  reference: ModelReference | undefined,
): Pick<InventoryEntry, 'registryName' | 'alias' | 'load'> {
  return {
    registryName: annotations.text('registry-name') ?? reference?.name ?? model,
    alias: annotations.text('alias') ?? reference?.alias ?? ALIAS_DEFAULT,
    load: annotations.choice('load', LOAD_METHODS) ?? loadOf(reference),
  };
}

/** What an annotated or discovered Deployment says of its model; undefined when it says nothing. */
function partOf(deployment: DiscoveredDeployment): Part | undefined {
  const annotations = annotationReader(deployment);
  const reference = modelReferenceOf(deployment);
  const annotated = annotations.text('model');
  const model = annotated ?? reference?.name;
  if (model === undefined) return undefined;
  const found = annotated === undefined;
  const entry: InventoryEntry = {
    model,
    ...registryOf(model, annotations, reference),
    serving: servingOf(deployment, annotations, reference),
    service: serviceOf(deployment, annotations.text('service')),
    replicas: deployment.replicas,
    pipeline: annotations.text('pipeline') ?? null,
    datasets: datasetsOf(annotations.text('datasets')),
    datasetPointer: annotations.pointer(),
    owner: annotations.text('owner') ?? 'unknown',
    onIsolation: annotations.choice('on-isolation', ON_ISOLATION) ?? null,
    source: found ? 'discovery' : 'annotation',
    confidence: found ? 'low' : 'high',
  };
  return { entry, problems: annotations.problems };
}

/** Two Deployments of one model: the annotated one speaks first, both serve. */
function joined(a: InventoryEntry, b: InventoryEntry): InventoryEntry {
  const [first, second] = a.source === 'discovery' && b.source === 'annotation' ? [b, a] : [a, b];
  return {
    ...first,
    serving: [...a.serving, ...b.serving],
    replicas: a.replicas + b.replicas,
    service: first.service ?? second.service,
    pipeline: first.pipeline ?? second.pipeline,
    datasets: [...new Set([...first.datasets, ...second.datasets])],
    datasetPointer: first.datasetPointer ?? second.datasetPointer,
    owner: first.owner === 'unknown' ? second.owner : first.owner,
    onIsolation: first.onIsolation ?? second.onIsolation,
  };
}

/**
 * Inventory entries from Deployments: from `firebreak.dev/*` annotations (high confidence), else from environment
 * values `models:/…` (low confidence: a person confirms). Deployments of one model become one entry.
 */
export function entriesFromDeployments(
  deployments: readonly DiscoveredDeployment[],
): DiscoveredInventory {
  const entries = new Map<string, InventoryEntry>();
  const problems: { deployment: string; problem: string }[] = [];
  for (const deployment of deployments.slice(0, DEPLOYMENTS_MAX)) {
    const part = partOf(deployment);
    if (!part) continue;
    const name = `${deployment.cluster}/${deployment.namespace}/${deployment.name}`;
    problems.push(...part.problems.map((problem) => ({ deployment: name, problem })));
    const other = entries.get(part.entry.model);
    entries.set(part.entry.model, other ? joined(other, part.entry) : part.entry);
  }
  return { entries: [...entries.values()], problems };
}

/** The entries of the file, then those that it does not have: what people wrote wins. */
export function mergeInventory(
  file: readonly InventoryEntry[],
  discovered: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const names = new Set(file.map(({ model }) => model));
  return [...file, ...discovered.filter(({ model }) => !names.has(model))];
}
