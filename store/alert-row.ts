import { z } from 'zod';
import type { IncomingAlert } from '../domain/alert.ts';
import { document, timestamp } from './column.ts';
import type { StoredAlert } from './tables.ts';

/** A stored alert with its place in the order of arrival. */
export const alertRow = z
  .object({
    sequence: z.number(),
    id: z.string(),
    incidentId: z.string().nullable(),
    incoming: document<IncomingAlert | null>(),
    problem: z.string().nullable(),
    receivedAt: timestamp,
  })
  .transform(({ sequence, ...stored }): { sequence: number; stored: StoredAlert } => ({
    sequence,
    stored,
  }));
