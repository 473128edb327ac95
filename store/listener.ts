import pg from 'pg';
import { toStoreError } from './database-error.ts';

/** What may be listened to. */
export type Channel = 'outbox' | 'facts';

type Notify = (payload: string) => void;

const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 5000;

/** Notifications over one connection of their own, made on first use, which comes back when it breaks. */
export class Listener {
  readonly #config: pg.ClientConfig;
  readonly #listeners = new Map<Channel, Set<Notify>>();
  #current: Promise<pg.Client> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delayMs = RECONNECT_MS_MIN;
  #closed = false;

  constructor(config: pg.ClientConfig) {
    this.#config = config;
  }

  /**
   * Calls `notify` for each notification, and with an empty payload after a broken connection came back, when
   * some may have been missed. Resolves when it listens, to a function that stops. Raises `unavailable` when
   * the database cannot be reached.
   */
  async listen(channel: Channel, notify: Notify): Promise<() => Promise<void>> {
    const notifies = this.#listeners.get(channel) ?? new Set<Notify>();
    this.#listeners.set(channel, notifies);
    notifies.add(notify);
    try {
      const client = await this.#connection();
      // A connection that was made before knows nothing of this channel; to listen twice is harmless.
      await client.query(`listen ${channel}`);
    } catch (error) {
      notifies.delete(notify);
      throw toStoreError(error);
    }
    return () => {
      notifies.delete(notify);
      return Promise.resolve();
    };
  }

  /** Stops for good. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = await this.#current?.catch(() => null);
    await client?.end().catch(() => undefined);
  }

  #connection(): Promise<pg.Client> {
    this.#current ??= this.#connect().catch((error: unknown) => {
      this.#current = null;
      throw error;
    });
    return this.#current;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    // A broken connection ends as well; that is where we come back.
    client.on('error', () => undefined);
    client.on('notification', ({ channel, payload }) => {
      for (const [name, notifies] of this.#listeners) {
        if (name === channel) for (const notify of notifies) notify(payload ?? '');
      }
    });
    try {
      await client.connect();
      for (const channel of this.#listeners.keys()) await client.query(`listen ${channel}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.once('end', () => {
      this.#current = null;
      this.#reconnectLater();
    });
    return client;
  }

  #reconnectLater(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#reconnect();
    }, this.#delayMs);
  }

  async #reconnect(): Promise<void> {
    try {
      await this.#connection();
      this.#delayMs = RECONNECT_MS_MIN;
      for (const notifies of this.#listeners.values()) for (const notify of notifies) notify('');
    } catch {
      // Still away: whoever needs the database meanwhile is told so by its own statement.
      this.#delayMs = Math.min(this.#delayMs * 2, RECONNECT_MS_MAX);
      this.#reconnectLater();
    }
  }
}
