import { z } from 'zod';

const labels = z.record(z.string(), z.string());

/** Values come as text; what JSON cannot hold (`NaN`, `+Inf`, `-Inf`) becomes null. */
const value = z
  .string()
  .refine((text) => /^[+-]?Inf$|^NaN$/.test(text) || Number.isFinite(Number(text)), 'is no number')
  .transform((text) => (Number.isFinite(Number(text)) ? Number(text) : null));

const point = z.tuple([z.number(), value]);

const vector = z.object({
  resultType: z.literal('vector'),
  result: z.array(z.object({ metric: labels, value: point })),
});
const scalar = z.object({ resultType: z.literal('scalar'), result: point });
const matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: labels, values: z.array(point) })),
});
const text = z.object({ resultType: z.literal('string'), result: z.unknown() });

/** Reply of `query`. */
export const queryReply = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [vector, scalar, matrix, text]),
  warnings: z.array(z.string()).default([]),
});

/** Reply of `query_range`. */
export const rangeReply = z.object({
  status: z.literal('success'),
  data: matrix,
  warnings: z.array(z.string()).default([]),
});

/** Reply of `status/buildinfo`. */
export const buildInfoReply = z.object({ data: z.object({ version: z.string() }) });

/** Body of an error. */
export const errorReply = z.object({
  status: z.literal('error'),
  errorType: z.string(),
  error: z.string().default(''),
});
