import type { AppError } from '../domain/error.ts';
import type { Message } from '../domain/message.ts';

/** After a failure its channel rests, so that one that hangs holds nothing else up. */
const REST_MS = 5_000;
const REST_MAX_MS = 60_000;

/** What rests after a failed try. */
function restingOf({ id, channel }: Message, error: AppError | null): string {
  // A page has four tries in about a minute, and then something else takes its place: it must not wait for those of another incident.
  // Whom PagerDuty asks to wait is all of us.
  return channel === 'page' && error?.code !== 'rate_limited' ? id : channel;
}

/** What is left alone for a while, since a try failed. It is forgotten with the process. */
export class ChannelRest {
  private readonly now: () => Date;
  private readonly untilMs = new Map<string, number>();

  constructor(now: () => Date) {
    this.now = now;
  }

  /** True while a message is not tried: its channel rests, or the message alone. */
  covers({ id, channel }: Message): boolean {
    return [channel, id].some((one) => (this.untilMs.get(one) ?? 0) > this.now().getTime());
  }

  /** A try failed, or got no answer (null): as long as the far side asks for, else longer with each one. */
  after(message: Message, error: AppError | null): void {
    const backOffMs = REST_MS * 2 ** Math.min(error === null ? 0 : message.attempts, 10);
    const forMs = Math.min(error?.retryAfterMs ?? backOffMs, REST_MAX_MS);
    this.untilMs.set(restingOf(message, error), this.now().getTime() + forMs);
  }

  /** Nothing more is to be tried of a message. */
  forget(messageId: string): void {
    this.untilMs.delete(messageId);
  }
}
