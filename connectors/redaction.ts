import { AppError } from '../domain/error.ts';

/** The text as one URL path segment; empty when it is no Unicode text. */
export function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '';
  }
}

/** A function that takes every form of the secrets out of a text. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .flatMap((secret) => [
      secret,
      encoded(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64'),
    ])
    .filter((form) => form !== '')
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((kept, form) => kept.replaceAll(form, '[redacted]'), text);
}

/** The same error with every secret taken out of its message; its cause goes when it had one. */
export function redacted(error: AppError, redact: (text: string) => string): AppError {
  const message = redact(error.message);
  if (message === error.message) return error;
  return new AppError(error.code, message, {
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.permission === undefined ? {} : { permission: error.permission }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}
