import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketModeReceiver } from '@slack/bolt';
import type { SlackLog } from './door.ts';
import { wordOf } from './reading.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;
const RECONNECT_FIRST_MS = 250;
const RECONNECT_MAX_MS = 30_000;
/** A connection that lived so long is reconnected at once. */
const HEALTHY_MS = 10_000;
/** Slack answered, and said no: to the token, to what it may do, or to how often it was asked. */
const TOKEN_FIX =
  'firebreak doctor says what is wrong with SLACK_APP_TOKEN: it needs connections:write.';

/** Keeps one connection to Slack open; every failure is followed by a longer rest. */
export class SocketConnection {
  private readonly receiver: SocketModeReceiver;
  private readonly log: SlackLog;
  private readonly stopping: AbortSignal;
  private restMs = RECONNECT_FIRST_MS;

  constructor(receiver: SocketModeReceiver, log: SlackLog, stopping: AbortSignal) {
    this.receiver = receiver;
    this.log = log;
    this.stopping = stopping;
  }

  private stopped(): boolean {
    return this.stopping.aborted;
  }

  async run(): Promise<void> {
    while (!this.stopped()) {
      const startedMs = performance.now();
      try {
        await this.hold();
      } catch (error) {
        if (this.stopped()) return;
        const word = wordOf(error);
        const problem = word ?? (error instanceof Error ? error.name : 'closed');
        const fix = word === null ? {} : { fix: TOKEN_FIX };
        const text = word === null ? 'Slack cannot be reached' : 'Slack opens no socket for us';
        this.log.warn({ problem, ...fix, restMs: this.restMs }, text);
      }
      const healthy = performance.now() - startedMs > HEALTHY_MS;
      this.restMs = healthy ? RECONNECT_FIRST_MS : Math.min(this.restMs * 2, RECONNECT_MAX_MS);
      await sleep(this.restMs, null, { signal: this.stopping }).catch(() => null);
    }
  }

  /** Connects and resolves once the connection is gone. */
  private async hold(): Promise<void> {
    const { client } = this.receiver;
    const close = (): void => {
      void this.disconnect();
    };
    const abandon = AbortSignal.any([AbortSignal.timeout(CONNECT_TIMEOUT_MS), this.stopping]);
    abandon.addEventListener('abort', close);
    const gone = new AbortController();
    const left = (): void => {
      gone.abort();
    };
    client.on('disconnected', left);
    try {
      await this.receiver.start();
      abandon.removeEventListener('abort', close);
      if (this.stopped()) return;
      this.log.info({}, 'connected to Slack');
      this.stopping.addEventListener('abort', close, { once: true });
      if (!gone.signal.aborted) await once(gone.signal, 'abort');
    } finally {
      abandon.removeEventListener('abort', close);
      this.stopping.removeEventListener('abort', close);
      client.off('disconnected', left);
      await this.disconnect();
    }
  }

  /**
   * Closes the socket. The second call ends a handshake that the other side does not answer, and clears a timer of half a minute that
   * the library leaves when it is closed while it connects.
   */
  private async disconnect(): Promise<void> {
    const { client } = this.receiver;
    const closing = client.disconnect();
    const late = new AbortController();
    const forced = sleep(CLOSE_TIMEOUT_MS, null, { signal: late.signal }).catch(() => null);
    await Promise.race([closing, forced]);
    late.abort();
    await client.disconnect();
  }
}
