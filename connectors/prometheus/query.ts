import type { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { PrometheusClient } from './client.ts';
import { queryManifest } from './manifest.ts';
import { queryReply } from './reply-schema.ts';

/** Samples that one probe gives. */
const SAMPLES_MAX = 5_000;

/** One sample; the value is null when it is no finite number. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

function samplesOf(data: z.infer<typeof queryReply>['data']): readonly Sample[] {
  switch (data.resultType) {
    case 'vector':
      return data.result.map(({ metric, value }) => ({ labels: metric, value: value[1] }));
    case 'scalar':
      return [{ labels: {}, value: data.result[1] }];
    case 'matrix':
    case 'string':
      throw new AppError('invalid', `This expression gives a ${data.resultType}, no samples.`, {
        field: 'query',
      });
  }
}

/**
 * Probe `query`: `{samples: [{labels, value}], value}`; `value` is the single sample's, null when there are none or
 * several, so that a missing series never passes as zero. Raises `invalid` for a wrong expression.
 */
export function createQueryProbe(client: PrometheusClient): AnyProbe {
  return defineProbe({
    manifest: queryManifest,
    read: async (input, context) => {
      const query = { query: input.query, time: input.time };
      const reply = await client.get({ path: ['query'], query, schema: queryReply }, context);
      const samples = samplesOf(reply.data);
      const [only] = samples;
      return {
        value: {
          samples: samples.slice(0, SAMPLES_MAX).map((sample) => ({ ...sample })),
          value: samples.length === 1 && only !== undefined ? only.value : null,
        },
        truncated: samples.length > SAMPLES_MAX,
      };
    },
  });
}
