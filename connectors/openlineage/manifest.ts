import { z } from 'zod';
import type { Manifest, ProbeManifest } from '../connector.ts';
import { httpAccessConfig } from '../http-access-config.ts';

/** Configuration of one Marquez. */
export const openlineageConfig = httpAccessConfig;
/** A parsed configuration of one Marquez. */
export type OpenlineageConfig = z.infer<typeof openlineageConfig>;

/** Most events that one probe reads in all. */
export const EVENTS_MAX = 5_000;
/** Events read when the input names no limit. */
export const EVENTS_DEFAULT = 1_000;

const eventsInput = z.strictObject({
  /** Events at or after this time, RFC 3339. */
  after: z.iso.datetime({ offset: true }),
  /** Events before this time, RFC 3339. */
  before: z.iso.datetime({ offset: true }),
  limit: z.int().min(1).max(EVENTS_MAX).optional(),
});
/** Input of `events`. */
export type EventsInput = z.infer<typeof eventsInput>;

const lineageInput = z.strictObject({
  /** `dataset:<namespace>:<name>`, `job:<namespace>:<name>` or `run:<id>`. */
  nodeId: z
    .string()
    .max(1_000)
    .regex(/^(dataset|job|run):\S/, 'is not a Marquez node id'),
  /** Hops to walk; small first, since a hub reaches everything. */
  depth: z.int().min(1).max(20).optional(),
});
/** Input of `lineage`. */
export type LineageInput = z.infer<typeof lineageInput>;

/** Probe `events`: the OpenLineage events of a window. */
export const eventsManifest: ProbeManifest<EventsInput> = {
  title: 'OpenLineage events of a window',
  input: eventsInput,
};

/** Probe `lineage`: the graph around a node, as Marquez sees it. */
export const lineageManifest: ProbeManifest<LineageInput> = {
  title: 'Lineage graph around a node',
  input: lineageInput,
};

/** What the OpenLineage connector offers. */
export const manifest: Manifest = {
  name: 'openlineage',
  title: 'OpenLineage (Marquez)',
  lastResort: [],
  config: openlineageConfig,
  actions: {},
  probes: { events: eventsManifest, lineage: lineageManifest },
};
