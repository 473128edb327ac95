import { defineProbe, type AnyProbe } from '../connector.ts';
import type { PrometheusClient } from './client.ts';
import { rangeManifest } from './manifest.ts';
import { rangeReply } from './reply-schema.ts';

/** Series that one probe gives. */
const SERIES_MAX = 200;

/**
 * Probe `range`: `{series: [{labels, points: [[seconds, value]]}]}`, with the same and the question as evidence.
 * Raises `invalid` for a wrong expression.
 */
export function createRangeProbe(client: PrometheusClient): AnyProbe {
  return defineProbe({
    manifest: rangeManifest,
    read: async (input, context) => {
      const { query, from, to, stepSeconds } = input;
      const reply = await client.get(
        {
          path: ['query_range'],
          query: { query, start: from, end: to, step: stepSeconds },
          schema: rangeReply,
        },
        context,
      );
      const series = reply.data.result
        .slice(0, SERIES_MAX)
        .map(({ metric, values }) => ({ labels: metric, points: values }));
      const { warnings } = reply;
      const all = { query, from, to, stepSeconds, warnings, series };
      return {
        value: { series },
        evidence: {
          bytes: Buffer.from(`${JSON.stringify(all, null, 2)}\n`),
          mediaType: 'application/json',
        },
        truncated: reply.data.result.length > SERIES_MAX,
      };
    },
  });
}
