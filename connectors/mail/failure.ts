import { z } from 'zod';
import { AppError, isAppError } from '../../domain/error.ts';
import { quote } from '../http-failure.ts';

/** What nodemailer says of a failure, as far as we read it. */
const nodemailerError = z.object({
  code: z.string().optional(),
  command: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.int().optional(),
  permanent: z.boolean().optional(),
  originalCode: z.string().optional(),
  timeoutType: z.string().optional(),
});
const rejections = z.object({
  rejected: z.array(z.string()),
  rejectedErrors: z.array(nodemailerError.extend({ recipient: z.string().optional() })).default([]),
});

/** A recipient whom the relay did not take. */
export interface Rejection {
  readonly address: string;
  /** False when the relay may take them later, or said nothing of it. */
  readonly permanent: boolean;
  /** What it said, quoted. */
  readonly said: string;
}

/** Every recipient whom the relay refused, from a result or a failure of nodemailer; none when it speaks of none. */
export function rejectionsOf(
  result: unknown,
  redact: (text: string) => string,
): readonly Rejection[] {
  const parsed = rejections.safeParse(result);
  if (!parsed.success) return [];
  const { rejected, rejectedErrors } = parsed.data;
  return rejected.map((address) => {
    const error = rejectedErrors.find(({ recipient }) => recipient === address);
    const said = redact(quote(error?.response ?? 'no reason was given'));
    return { address, permanent: error?.permanent ?? false, said };
  });
}

type NodemailerFailure = z.infer<typeof nodemailerError>;

/** Failures that come before the first command of a mail. */
const UNSENT_CODES: ReadonlySet<string> = new Set(['EDNS', 'ETLS', 'EREQUIRETLS', 'EPROXY']);
const UNSENT_TIMEOUTS: ReadonlySet<string> = new Set([
  'CONNECT_TIMEOUT',
  'GREETING_TIMEOUT',
  'UPGRADE_TIMEOUT',
]);
const UNSENT_SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);
/** A certificate is refused in the handshake, before the first command. */
const CERTIFICATE_CODE = /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_)/;
const CREDENTIAL_CODES: ReadonlySet<string> = new Set(['EAUTH', 'ENOAUTH', 'EOAUTH2']);
const OUR_FAULT_CODES: ReadonlySet<string> = new Set([
  'ECONFIG',
  'EENVELOPE',
  'EMAXRECIPIENTS',
  'EFILEACCESS',
  'EURLACCESS',
]);

/** SMTP: authentication required, or its credentials invalid. */
const AUTHENTICATION_REPLIES: ReadonlySet<number> = new Set([530, 534, 535, 538]);
const TOO_LARGE_REPLY = 552;

function neverSent(failure: NodemailerFailure): boolean {
  return (
    UNSENT_CODES.has(failure.code ?? '') ||
    UNSENT_TIMEOUTS.has(failure.timeoutType ?? '') ||
    UNSENT_SOCKET_CODES.has(failure.originalCode ?? '') ||
    CERTIFICATE_CODE.test(failure.originalCode ?? '')
  );
}

/** What an SMTP reply that says no means: the mail was not taken. */
function failureOfReply(
  failure: NodemailerFailure,
  rejected: readonly Rejection[],
  cause: unknown,
): AppError {
  const { responseCode = 0 } = failure;
  const said = `The mail relay answered ${quote(failure.response ?? responseCode.toString())}.`;
  const recipients = rejected.length === 0 ? {} : { accepted: [], rejected };
  const details = { smtp: responseCode, ...recipients };
  if (AUTHENTICATION_REPLIES.has(responseCode)) {
    return new AppError('unauthorized', said, { permission: 'mail submission', details, cause });
  }
  if (failure.permanent !== true || rejected.some(({ permanent }) => !permanent)) {
    return new AppError('unavailable', said, { details, cause });
  }
  if (responseCode === TOO_LARGE_REPLY && failure.command !== 'RCPT TO') {
    return new AppError('too_large', said, { details, cause });
  }
  const field = failure.command === 'RCPT TO' ? { field: 'with.to' } : {};
  return new AppError('invalid', said, { ...field, details, cause });
}

/**
 * What a failure of nodemailer means; when it is about recipients, `details` names each (`accepted`, `rejected`). A connection that ends without a reply is `outcome_unknown`, also before the text was
 * sent: the library does not tell the two apart.
 */
export function failureOf(error: unknown, redact: (text: string) => string): AppError {
  if (isAppError(error)) return error;
  const parsed = nodemailerError.safeParse(error);
  const failure = parsed.success ? parsed.data : {};
  const { code = '' } = failure;
  if (failure.responseCode !== undefined) {
    return failureOfReply(failure, rejectionsOf(error, redact), error);
  }
  const why = failure.originalCode ?? code;
  if (neverSent(failure)) {
    return new AppError('unavailable', `The mail relay cannot be reached (${why}).`, {
      cause: error,
    });
  }
  if (CREDENTIAL_CODES.has(code)) {
    return new AppError('unauthorized', `The mail relay wants other credentials (${why}).`, {
      permission: 'mail submission',
      cause: error,
    });
  }
  if (OUR_FAULT_CODES.has(code)) {
    return new AppError('invalid', `This mail cannot be sent (${why}).`, { cause: error });
  }
  return new AppError(
    'outcome_unknown',
    `The mail relay did not answer${why === '' ? '' : ` (${why})`}; the mail may or may not have been sent.`,
    { cause: error },
  );
}
