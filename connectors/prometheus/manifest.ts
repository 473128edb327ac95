import { z } from 'zod';
import type { Manifest, ProbeManifest } from '../connector.ts';
import { httpAccessConfig } from '../http-access-config.ts';

/** Configuration of one Prometheus, or of anything that answers its query API. */
export const prometheusConfig = httpAccessConfig;
/** That configuration, parsed. */
export type PrometheusConfig = z.infer<typeof prometheusConfig>;

/** Most points that Prometheus gives for one series. */
export const POINTS_MAX = 11_000;

const promql = z.string().min(1).max(4_000);
const instant = z.iso.datetime({ offset: true });

const queryInput = z.strictObject({
  query: promql,
  /** Evaluation time, RFC 3339; the server's now by default. */
  time: instant.optional(),
});
const rangeInput = z
  .strictObject({
    query: promql,
    from: instant,
    to: instant,
    stepSeconds: z.number().min(0.1).max(86_400),
  })
  .refine((input) => Date.parse(input.from) <= Date.parse(input.to), {
    message: 'ends before it begins',
    path: ['to'],
  })
  .refine(
    (input) =>
      (Date.parse(input.to) - Date.parse(input.from)) / 1000 / input.stepSeconds < POINTS_MAX,
    { message: 'gives more than 11000 points', path: ['stepSeconds'] },
  );

/** Input of `Query`. */
export type QueryInput = z.infer<typeof queryInput>;
/** Input of `Range`. */
export type RangeInput = z.infer<typeof rangeInput>;

/** Probe `query`: an expression at one moment. */
export const queryManifest: ProbeManifest<QueryInput> = {
  title: 'A PromQL expression at one moment',
  input: queryInput,
};

/** Probe `range`: an expression over a window. */
export const rangeManifest: ProbeManifest<RangeInput> = {
  title: 'A PromQL expression over a window',
  input: rangeInput,
};

/** What the Prometheus connector offers. */
export const manifest: Manifest = {
  name: 'prometheus',
  title: 'Prometheus',
  lastResort: [],
  config: prometheusConfig,
  actions: {},
  probes: { query: queryManifest, range: rangeManifest },
};
