import type { Json, JsonObject } from '../../domain/json.ts';

/** A refusal as the API server words it: a `Status` object with its HTTP code. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly status: JsonObject;

  constructor(code: number, reason: string, options: { message: string; details?: Json }) {
    super(options.message);
    this.code = code;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: options.message,
      reason,
      ...(options.details === undefined ? {} : { details: options.details }),
      code,
    };
  }
}

/** What a message is about. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly name: string;
}

function qualified(subject: Subject): string {
  return subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`;
}

function detailsOf(subject: Subject): JsonObject {
  return {
    name: subject.name,
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.plural,
  };
}

/** 404: no such object. */
export function notFound(subject: Subject): StatusError {
  return new StatusError(404, 'NotFound', {
    message: `${qualified(subject)} "${subject.name}" not found`,
    details: detailsOf(subject),
  });
}

/** 404: no such path. */
export function noSuchPath(): StatusError {
  return new StatusError(404, 'NotFound', {
    message: 'the server could not find the requested resource',
    details: {},
  });
}

/** 409: the name is taken. */
export function alreadyExists(subject: Subject): StatusError {
  return new StatusError(409, 'AlreadyExists', {
    message: `${qualified(subject)} "${subject.name}" already exists`,
    details: detailsOf(subject),
  });
}

/** 409: the object changed since it was read, or a precondition failed. */
export function conflict(subject: Subject, why?: string): StatusError {
  const said =
    why ??
    'the object has been modified; please apply your changes to the latest version and try again';
  return new StatusError(409, 'Conflict', {
    message: `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${said}`,
    details: { ...detailsOf(subject), ...(why === undefined ? {} : { kind: subject.kind }) },
  });
}

/** 422: the object breaks a rule; each cause names its field. */
export function invalid(
  subject: Subject,
  causes: readonly { readonly field: string; readonly message: string }[],
): StatusError {
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`).join(', ');
  return new StatusError(422, 'Invalid', {
    message: `${subject.kind} "${subject.name}" is invalid: ${list}`,
    details: {
      ...detailsOf(subject),
      kind: subject.kind,
      causes: causes.map((cause) => ({ reason: 'FieldValueInvalid', ...cause })),
    },
  });
}

/** 422: a patch could not be applied to the object. */
export function unprocessable(message: string): StatusError {
  return new StatusError(422, 'Invalid', { message, details: {} });
}

/** 400. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', { message });
}

/** 403: the user lacks the right. */
export function forbidden(
  subject: Subject,
  who: { user: string; verb: string; scope: string },
): StatusError {
  const quotedName = subject.name === '' ? '' : ` "${subject.name}"`;
  return new StatusError(403, 'Forbidden', {
    message:
      `${qualified(subject)}${quotedName} is forbidden: User "${who.user}" cannot ${who.verb} ` +
      `resource "${subject.plural}" in API group "${subject.group}" ${who.scope}`,
    details: detailsOf(subject),
  });
}

/** 401. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', { message: 'Unauthorized' });
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', {
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

/** 415: a patch with a content type that the server does not take. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', {
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}
