import type { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { failureOfStatus } from '../http-failure.ts';
import { errorReply } from './reply-schema.ts';

/** The system's name in messages. */
export const NAME = 'Airflow';

function wordsOf(detail: z.infer<typeof errorReply>['detail']): string {
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) {
    return detail.map(({ loc, msg }) => `${loc.map(String).join('.')}: ${msg}`).join('; ');
  }
  return detail.reason ?? detail.message ?? '';
}

function parseError(text: string): z.infer<typeof errorReply> | undefined {
  try {
    const parsed = errorReply.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The meaning of an error by its status, in the words of `{detail}`; undefined leaves it to the kit. A 404 without
 * that body is no Airflow 3: `unsupported`.
 */
export function classifyAirflow(
  status: number,
  bodyText: string,
  mutating: boolean,
): AppError | undefined {
  const body = parseError(bodyText);
  if (body !== undefined)
    return failureOfStatus(status, wordsOf(body.detail), { name: NAME, mutating });
  return status === 404
    ? new AppError('unsupported', 'Airflow has no such route: is this an Airflow 3 API server?')
    : undefined;
}
