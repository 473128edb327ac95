import type { TwinReply } from '../twin.ts';

const STATUS: Readonly<Record<string, number>> = {
  RESOURCE_DOES_NOT_EXIST: 404,
  RESOURCE_ALREADY_EXISTS: 400,
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
};

const CLASSES: Readonly<Record<string, string>> = {
  RESOURCE_DOES_NOT_EXIST: 'RESOURCE_NOT_FOUND',
  RESOURCE_ALREADY_EXISTS: 'RESOURCE_ALREADY_EXISTS',
  INVALID_PARAMETER_VALUE: 'INVALID_PARAMETER_VALUE',
  BAD_REQUEST: 'INVALID_PARAMETER_VALUE',
};

/** What MLflow refuses, as its own exception. */
export class MlflowFailure extends Error {
  override readonly name = 'MlflowFailure';
  readonly errorCode: string;

  constructor(errorCode: string, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}

/** 404 `RESOURCE_DOES_NOT_EXIST`. */
export function missing(message: string): MlflowFailure {
  return new MlflowFailure('RESOURCE_DOES_NOT_EXIST', message);
}

/** 400 `INVALID_PARAMETER_VALUE`. */
export function invalid(message: string): MlflowFailure {
  return new MlflowFailure('INVALID_PARAMETER_VALUE', message);
}

/** 400 `RESOURCE_ALREADY_EXISTS`. */
export function duplicate(message: string): MlflowFailure {
  return new MlflowFailure('RESOURCE_ALREADY_EXISTS', message);
}

/** The reply that MLflow 3.17 gives to a failure. */
export function failureReply(failure: MlflowFailure): TwinReply {
  return {
    status: STATUS[failure.errorCode] ?? 500,
    body: {
      error_code: failure.errorCode,
      message: failure.message,
      sqlstate: 'KAM00',
      error_class: CLASSES[failure.errorCode] ?? 'INTERNAL_ERROR',
    },
  };
}

/** The web framework's own page. */
export function htmlPage(status: number, title: string): TwinReply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html>\n<html lang=en>\n<title>${status.toString()} ${title}</title>\n<h1>${title}</h1>\n`,
  };
}
