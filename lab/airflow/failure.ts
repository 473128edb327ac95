import type { TwinReply } from '../twin.ts';

/** What Airflow refuses: the status and the `detail` of the body. */
export class AirflowFailure extends Error {
  override readonly name = 'AirflowFailure';
  readonly status: number;
  readonly detail: unknown;

  constructor(status: number, detail: unknown) {
    super(`Airflow answers ${status.toString()}`);
    this.status = status;
    this.detail = detail;
  }
}

/** 404 with the sentence that the API server writes. */
export function missing(detail: string): AirflowFailure {
  return new AirflowFailure(404, detail);
}

/** 422 as the validator writes it, for one field. */
export function unprocessable(
  loc: readonly (string | number)[],
  msg: string,
  type = 'value_error',
): AirflowFailure {
  return new AirflowFailure(422, [{ type, loc, msg, input: null }]);
}

/** The reply to a failure. */
export function failureReply(failure: AirflowFailure): TwinReply {
  return { status: failure.status, body: { detail: failure.detail } };
}
