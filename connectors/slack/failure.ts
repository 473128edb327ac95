import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRequestError } from '@slack/web-api';
import { AppError, isAppError, type ErrorCode } from '../../domain/error.ts';
import { failureOfSilence, failureOfStatus } from '../http-failure.ts';
import { refusal } from './reply-schema.ts';

const NAME = 'Slack';
const RATE_LIMITED = 429;

/** Slack's own words for failures; a word that is not here means that our request was refused as it is. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  not_authed: 'unauthorized',
  invalid_auth: 'unauthorized',
  account_inactive: 'unauthorized',
  token_revoked: 'unauthorized',
  token_expired: 'unauthorized',
  missing_scope: 'unauthorized',
  no_permission: 'unauthorized',
  not_allowed_token_type: 'unauthorized',
  not_in_channel: 'unauthorized',
  restricted_action: 'unauthorized',
  access_denied: 'unauthorized',
  team_access_not_granted: 'unauthorized',
  ekm_access_denied: 'unauthorized',
  channel_not_found: 'not_found',
  message_not_found: 'not_found',
  thread_not_found: 'not_found',
  cannot_reply_to_message: 'not_found',
  is_archived: 'conflict',
  user_not_found: 'not_found',
  no_user: 'not_found',
  msg_too_long: 'too_large',
  msg_blocks_too_long: 'too_large',
  metadata_too_large: 'too_large',
  ratelimited: 'rate_limited',
  rate_limited: 'rate_limited',
  message_limit_exceeded: 'rate_limited',
  unknown_method: 'unsupported',
  method_deprecated: 'unsupported',
};

/** Slack did or did not do it: it does not say. */
const UNDECIDED: ReadonlySet<string> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

const PERMISSIONS: Readonly<Record<string, string>> = {
  not_in_channel: 'membership of the channel',
};

function failureOfRefusal(error: WebAPIPlatformError, mutating: boolean): AppError {
  const said = refusal.safeParse(error.data);
  const word = said.success ? said.data.error : '';
  // The client puts a body that is no JSON here.
  if (!/^[a-z0-9_]{1,80}$/.test(word)) {
    return new AppError('bad_reply', 'Slack answered something that is not JSON.');
  }
  const details = { slackError: word };
  if (UNDECIDED.has(word)) {
    const code = mutating ? 'outcome_unknown' : 'unavailable';
    return new AppError(code, `Slack answered ${word}.`, { details, cause: error });
  }
  const code = CODES[word] ?? 'invalid';
  const needed = said.success ? said.data.needed : undefined;
  const permission = needed ?? PERMISSIONS[word];
  const named = code === 'unauthorized' && permission !== undefined ? { permission } : {};
  return new AppError(code, `Slack answered ${word}.`, { details, ...named, cause: error });
}

function failureOfLimit({
  retryAfterMs,
}: {
  readonly retryAfterMs?: number | undefined;
}): AppError {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new AppError('rate_limited', 'Slack asks to wait.', options);
}

/**
 * What a failure of Slack's client means: `outcome_unknown` when a change may have happened, else the code of its kind.
 */
export function failureOf(
  error: unknown,
  call: {
    readonly mutating: boolean;
    readonly status: number | null;
    readonly retryAfterMs?: number | undefined;
  },
): AppError {
  if (isAppError(error)) return error;
  const failed = { name: NAME, mutating: call.mutating };
  if (error instanceof WebAPIPlatformError) return failureOfRefusal(error, call.mutating);
  // The client's own error depends on whether Retry-After is a number.
  if (call.status === RATE_LIMITED) return failureOfLimit(call);
  if (error instanceof WebAPIHTTPError) return failureOfStatus(error.statusCode, '', failed);
  if (error instanceof WebAPIRequestError) {
    return isAppError(error.original) ? error.original : failureOfSilence(error.original, failed);
  }
  // The client stumbles over an answer that is no object: to a read, that is an answer, not silence.
  if (!call.mutating && call.status !== null) {
    return new AppError('bad_reply', 'Slack answered something else than expected.', {
      cause: error,
    });
  }
  return failureOfSilence(error, failed);
}
