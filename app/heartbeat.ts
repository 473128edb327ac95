import type { Logger } from 'pino';
import { createHttpClient, healthContext } from '../connectors/http.ts';
import { toAppError } from '../domain/error.ts';
import type { SelfCheckState } from '../domain/self-watch.ts';
import type { SelfCheck } from '../store/self-watch-table.ts';
import type { Store } from '../store/tables.ts';
import { secretUrl } from './secret-url.ts';

const BEAT_MS = 10_000;
const REPLY_BYTES_MAX = 64 * 1024;
/** A check is still good for so long after it began: it is relayed at once and settled by the next minute's round. */
const WHOLE_MS = 180_000;

/** Sends a heartbeat to a URL outside, which raises the alarm when none comes. */
export interface Heartbeat {
  /** One GET. Raises the codes of a read; the URL is in no message. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

/** A heartbeat to one URL; what of it looks like a key is in no message. Raises `invalid` for a path that is none. */
export function createHeartbeat(text: string): Heartbeat {
  const named = { name: 'the heartbeat URL', field: 'heartbeatUrl' };
  const { baseUrl, path, secrets } = secretUrl(text, named);
  const http = createHttpClient({
    ...{ name: 'The heartbeat URL', baseUrl, secrets },
    headers: () => Promise.resolve({}),
    timeoutMs: BEAT_MS,
  });
  return {
    beat: async () => {
      const context = healthContext(AbortSignal.timeout(BEAT_MS));
      const call = { path, bytesMax: REPLY_BYTES_MAX };
      const { pieces } = await http.bytes(call, context);
      // Read to the end, so that the connection is free again.
      const reply = pieces[Symbol.asyncIterator]();
      while ((await reply.next()).done !== true);
    },
    close: () => http.close(),
  };
}

/** What the self-check works on. */
export interface SelfCheckDependencies {
  readonly store: Pick<Store, 'selfWatch'>;
  readonly heartbeat: Heartbeat;
  /** Names this process among others. */
  readonly process: string;
  readonly newId: () => string;
  readonly log: Logger;
  readonly now: () => Date;
}

/** A check through commit, relay, worker and log, and a heartbeat for each one that went the whole way. */
export interface SelfChecker {
  /** Looks at the check of the round before, sends a heartbeat when it is whole, and begins the next. */
  round(): Promise<void>;
  state(): SelfCheckState;
  close(): Promise<void>;
}

/** What a check lacks; null when it went the whole way and is fresh. */
function lackOf(check: SelfCheck | null, now: Date): string | null {
  if (check === null) return 'no check has begun yet';
  if (check.relayedAt === null) return 'the relay has not taken the check up';
  if (check.settledAt === null) return 'the worker has not settled the check in the log';
  const ageMs = now.getTime() - Date.parse(check.begunAt);
  return ageMs > WHOLE_MS ? 'the latest check is too old' : null;
}

/** The self-check of this process. */
export function createSelfChecker(deps: SelfCheckDependencies): SelfChecker {
  let state: SelfCheckState = { wholeAt: null, beatAt: null, problem: null };
  const beat = async (check: SelfCheck): Promise<void> => {
    await deps.heartbeat.beat();
    state = { wholeAt: check.begunAt, beatAt: deps.now().toISOString(), problem: null };
  };
  const begin = async (check: SelfCheck | null): Promise<void> => {
    const now = deps.now();
    const underWay = check !== null && check.settledAt === null;
    // One that is under way is given its time: beginning the next would take it back.
    if (underWay && now.getTime() - Date.parse(check.begunAt) < WHOLE_MS) return;
    await deps.store.selfWatch.begin({
      process: deps.process,
      id: deps.newId(),
      at: now.toISOString(),
    });
  };
  return {
    round: async () => {
      try {
        const check = await deps.store.selfWatch.latest(deps.process);
        const lack = lackOf(check, deps.now());
        if (check === null || lack !== null) {
          const stale =
            check !== null && deps.now().getTime() - Date.parse(check.begunAt) > WHOLE_MS;
          state = { ...state, problem: lack };
          if (stale) deps.log.error({ lack }, 'the self-check does not go the whole way');
        } else await beat(check);
        await begin(check);
      } catch (error) {
        const { code, message } = toAppError(error);
        state = { ...state, problem: `${code}: ${message}` };
        deps.log.error({ code }, `no heartbeat: ${message}`);
      }
    },
    state: () => state,
    close: () => deps.heartbeat.close(),
  };
}
