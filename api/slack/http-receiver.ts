import type { App, Receiver } from '@slack/bolt';
import { AppError } from '../../domain/error.ts';
import { isJsonObject, type JsonObject } from '../../domain/json.ts';

/** Slack gives up after 3 s; listeners acknowledge before that. */
const ACK_WITHIN_MS = 2_900;

/** What Bolt takes from us over HTTP: bodies whose signature was checked, answered by what the listeners acknowledge. */
export class HttpReceiver implements Receiver {
  private app: App | null = null;

  init(app: App): void {
    this.app = app;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.app = null;
    return Promise.resolve();
  }

  /**
   * Hands a body on and answers what its listener acknowledges; `null` is an empty answer. Raises `not_found` when nobody listens to
   * it, and `unavailable` when the door is closed or nobody acknowledges in time.
   */
  deliver(body: JsonObject): Promise<string | JsonObject | null> {
    const { app } = this;
    if (app === null) return Promise.reject(new AppError('unavailable', 'The door is closed.'));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new AppError('unavailable', 'This was not answered in time.'));
      }, ACK_WITHIN_MS);
      const ack = (answer?: unknown): Promise<void> => {
        clearTimeout(late);
        const said: unknown = answer === undefined ? null : JSON.parse(JSON.stringify(answer));
        resolve(typeof said === 'string' || isJsonObject(said) ? said : null);
        return Promise.resolve();
      };
      app.processEvent({ body, ack }).then(
        () => {
          clearTimeout(late);
          reject(new AppError('not_found', 'Nothing listens to this.'));
        },
        (error: unknown) => {
          clearTimeout(late);
          reject(new AppError('unavailable', 'This was not answered.', { cause: error }));
        },
      );
    });
  }
}
