import type { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import { nodeId, type LineageEdge, type LineageNode } from '../domain/lineage.ts';
import {
  datasetEvent,
  jobEvent,
  runEvent,
  type DatasetEvent,
  type EventDataset,
  type JobEvent,
  type RunEvent,
} from './openlineage-schema.ts';

/** A dataset of this namespace is a model version: its name is the registry's, its version facet the version. */
export const MODEL_NAMESPACE = 'mlflow://models';
/** Version of a dataset whose producer named none: what was read cannot be told. */
export const UNVERSIONED = 'unversioned';

const SOURCE = 'openlineage';

/** What one event says about lineage. */
export interface EventLineage {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

function parse<T>(schema: z.ZodType<T>, event: unknown): T {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = (issue?.path ?? []).reduce<string>(
    (path, part) =>
      typeof part === 'number'
        ? `${path}[${part.toString()}]`
        : `${path}${path === '' ? '' : '.'}${String(part)}`,
    '',
  );
  throw new AppError('invalid', `${field}: ${issue?.message ?? 'not understood'}`, {
    field,
    cause: parsed.error,
  });
}

/** What is known of a dataset beside its own words: from which side of which event it comes. */
interface Side {
  readonly createdAt: string | null;
  /** True when the ancestry of a model version on this side is told. */
  readonly modelComplete: boolean;
}

function digestOf(dataset: EventDataset): string | null {
  const facets = [dataset.facets, dataset.outputFacets, dataset.inputFacets];
  return facets.find((facet) => facet?.artifactDigest)?.artifactDigest?.sha256 ?? null;
}

function modelOf(dataset: EventDataset): { name: string; version: string | null } | null {
  const facets = [dataset.facets, dataset.outputFacets, dataset.inputFacets];
  const named = facets.find((facet) => facet?.modelVersion)?.modelVersion;
  if (named) return named;
  if (dataset.namespace !== MODEL_NAMESPACE) return null;
  return { name: dataset.name, version: dataset.facets?.version?.datasetVersion ?? null };
}

/**
 * The nodes of a dataset: one per name, since a reader may use another name (facet `symlinks`) than the writer did.
 * A versioned dataset is complete: what may be missing is told by the run that wrote it.
 */
function nodesOf(dataset: EventDataset, side: Side): readonly LineageNode[] {
  const digest = digestOf(dataset);
  const model = modelOf(dataset);
  if (model) {
    const version = model.version ?? UNVERSIONED;
    return [
      {
        id: nodeId.model(model.name, version),
        kind: 'model',
        name: model.name,
        version,
        digest,
        createdAt: side.createdAt,
        complete: side.modelComplete && model.version !== null,
      },
    ];
  }
  const named = dataset.facets?.version?.datasetVersion;
  const version = named ?? UNVERSIONED;
  const names = [dataset, ...(dataset.facets?.symlinks?.identifiers ?? [])];
  return names.map(({ namespace, name }) => ({
    id: nodeId.dataset(namespace, name, version),
    kind: 'dataset',
    name: `${namespace}/${name}`,
    version,
    digest,
    createdAt: side.createdAt,
    complete: named !== undefined,
  }));
}

function lineageOfRun(event: RunEvent): EventLineage {
  const inputs = event.inputs ?? [];
  const complete = event.eventType?.toUpperCase() === 'COMPLETE' && inputs.length > 0;
  const run: LineageNode = {
    id: nodeId.run(event.run.runId),
    kind: 'run',
    name: `${event.job.namespace}/${event.job.name}`,
    version: null,
    digest: null,
    createdAt: event.eventTime,
    complete,
  };
  const read = inputs.flatMap((dataset) =>
    nodesOf(dataset, { createdAt: null, modelComplete: false }),
  );
  const written = (event.outputs ?? []).flatMap((dataset) =>
    nodesOf(dataset, { createdAt: event.eventTime, modelComplete: complete }),
  );
  return {
    nodes: [...read, run, ...written],
    edges: [
      ...read.map(({ id }) => ({ from: id, to: run.id, source: SOURCE })),
      ...written.map(({ id }) => ({ from: run.id, to: id, source: SOURCE })),
    ],
  };
}

/** Without a run each input may have gone into each output: too much is safe, too little is not. */
function lineageOfJob(event: JobEvent): EventLineage {
  const side: Side = { createdAt: null, modelComplete: false };
  const read = (event.inputs ?? []).flatMap((dataset) => nodesOf(dataset, side));
  const written = (event.outputs ?? []).flatMap((dataset) => nodesOf(dataset, side));
  if (read.length * written.length > EDGES_MAX) {
    throw new AppError('too_large', 'A job event relates too many datasets.', { field: 'inputs' });
  }
  return {
    nodes: [...read, ...written],
    edges: read.flatMap((from) =>
      written.map((to) => ({ from: from.id, to: to.id, source: SOURCE })),
    ),
  };
}

const EDGES_MAX = 20_000;

function lineageOfDataset(event: DatasetEvent): EventLineage {
  return { nodes: nodesOf(event.dataset, { createdAt: null, modelComplete: false }), edges: [] };
}

/** The same node said twice becomes one: what is known wins over what is not. */
function unique(lineage: EventLineage): EventLineage {
  const nodes = new Map<string, LineageNode>();
  for (const node of lineage.nodes) {
    const known = nodes.get(node.id);
    nodes.set(node.id, {
      ...node,
      digest: known?.digest ?? node.digest,
      createdAt: known?.createdAt ?? node.createdAt,
      complete: (known?.complete ?? false) || node.complete,
    });
  }
  const edges = new Map(lineage.edges.map((edge) => [JSON.stringify([edge.from, edge.to]), edge]));
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/**
 * The nodes and edges that an OpenLineage event tells (RunEvent, JobEvent, DatasetEvent); storing them again changes
 * nothing. Facets that we do not read are left out. Raises `invalid` naming the field, and `too_large`.
 */
export function lineageOf(event: unknown): EventLineage {
  if (!isJsonObject(event)) {
    throw new AppError('invalid', 'An OpenLineage event is a JSON object.', { field: 'body' });
  }
  if ('run' in event) return unique(lineageOfRun(parse(runEvent, event)));
  if ('job' in event) return unique(lineageOfJob(parse(jobEvent, event)));
  if ('dataset' in event) return unique(lineageOfDataset(parse(datasetEvent, event)));
  throw new AppError('invalid', 'An OpenLineage event holds run, job or dataset.', {
    field: 'run',
  });
}
