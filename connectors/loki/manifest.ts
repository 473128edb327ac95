import { z } from 'zod';
import type { Manifest, ProbeManifest } from '../connector.ts';
import { checkHttpAccess, httpAccessFields } from '../http-access-config.ts';

/** Configuration of one Loki. */
export const lokiConfig = z
  .strictObject({
    ...httpAccessFields,
    tenant: z
      .string()
      .regex(/^[A-Za-z0-9!_.*'()|-]{1,150}$/, 'is not a tenant id')
      .optional()
      .describe('Sent as X-Scope-OrgID.'),
  })
  .superRefine(checkHttpAccess);
/** A parsed configuration of one Loki. */
export type LokiConfig = z.infer<typeof lokiConfig>;

/** Most lines that one probe reads in all. */
export const LINES_MAX = 50_000;
/** Lines read when the input names no limit. */
export const LINES_DEFAULT = 10_000;

const queryRangeInput = z.strictObject({
  /** Stream selector: every label must equal its value. */
  labels: z
    .record(
      z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,199}$/, 'is not a label name'),
      z.string().min(1).max(2_000),
    )
    .refine((labels) => Object.keys(labels).length > 0, 'needs at least one label')
    .refine((labels) => Object.keys(labels).length <= 20, 'has more than 20 labels'),
  /** Only lines holding this text, case-sensitive. */
  contains: z.string().min(1).max(2_000).optional(),
  /** Inclusive, RFC 3339. */
  from: z.iso.datetime({ offset: true }),
  /** Exclusive, RFC 3339. */
  to: z.iso.datetime({ offset: true }),
  limit: z.int().min(1).max(LINES_MAX).optional(),
});
/** Input of `query-range`. */
export type QueryRangeInput = z.infer<typeof queryRangeInput>;

/** Probe `query-range`: the lines of a window. */
export const queryRangeManifest: ProbeManifest<QueryRangeInput> = {
  title: 'Log lines of a window, oldest first',
  input: queryRangeInput,
};

/** What the Loki connector offers. */
export const manifest: Manifest = {
  name: 'loki',
  title: 'Grafana Loki',
  lastResort: [],
  config: lokiConfig,
  actions: {},
  probes: { 'query-range': queryRangeManifest },
};
