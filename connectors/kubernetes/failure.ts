import { AppError, isAppError, type ErrorCode } from '../../domain/error.ts';
import { quote } from '../http-failure.ts';
import { statusReply } from './reply-schema.ts';

/** Reasons of a Status that say more than its HTTP code. */
const CODES_BY_REASON: Readonly<Record<string, ErrorCode>> = {
  NotFound: 'not_found',
  AlreadyExists: 'conflict',
  Conflict: 'conflict',
  Gone: 'not_found',
  Expired: 'not_found',
  Unauthorized: 'unauthorized',
  Forbidden: 'unauthorized',
  Invalid: 'invalid',
  BadRequest: 'invalid',
  UnsupportedMediaType: 'unsupported',
  NotAcceptable: 'unsupported',
  MethodNotAllowed: 'unsupported',
  TooManyRequests: 'rate_limited',
  RequestEntityTooLarge: 'too_large',
};

function parseStatus(bodyText: string): ReturnType<typeof statusReply.safeParse> {
  try {
    return statusReply.safeParse(JSON.parse(bodyText));
  } catch {
    return statusReply.safeParse(undefined);
  }
}

/** The reason of a Status that an error of this connector carries; empty when it has none. */
export function reasonOf(error: AppError): string {
  const reason = error.details?.['reason'];
  return typeof reason === 'string' ? reason : '';
}

/** True when an error says that just this object does not exist (an unknown path has no name). */
export function isMissing(error: unknown, name: string): boolean {
  if (!isAppError(error) || reasonOf(error) !== 'NotFound') return false;
  return error.details?.['name'] === name;
}

/** Maps a `Status` object by its reason; undefined for other bodies and for server trouble. */
export function classifyStatus(status: number, bodyText: string): AppError | undefined {
  const parsed = parseStatus(bodyText);
  if (!parsed.success) return undefined;
  const reason = parsed.data.reason ?? '';
  const code = CODES_BY_REASON[reason];
  if (code === undefined) return undefined;
  const said = quote(parsed.data.message ?? reason);
  return new AppError(code, `Kubernetes answered ${status.toString()} ${reason}: ${said}`, {
    details: { reason, name: parsed.data.details?.name ?? null },
  });
}
