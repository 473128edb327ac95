import type { Logger } from 'pino';
import { messagesFor } from '../activities/message-rows.ts';
import type { SourceConfiguration, WatchdogExpectation } from '../domain/configuration.ts';
import type { WatchdogState } from '../domain/self-watch.ts';
import type { Store } from '../store/tables.ts';

/** What the look at the watchdogs works on. */
export interface WatchdogDependencies {
  readonly store: Pick<Store, 'selfWatch'>;
  /** Writes messages: the worker's rights. */
  readonly messages: Pick<Store, 'messages'>;
  readonly sources: readonly SourceConfiguration[];
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly log: Logger;
  readonly now: () => Date;
}

/** Looks whether each source with a watchdog is alive, and tells people when that changes. */
export interface Watchdogs {
  round(): Promise<void>;
  states(): readonly WatchdogState[];
}

interface Expected extends WatchdogExpectation {
  readonly source: string;
}

function messageOf(expected: Expected, state: WatchdogState, gap: string) {
  const { source, alertname, withinSeconds } = expected;
  return state.missing
    ? {
        purpose: `watchdog/${source}/missing/${gap}`,
        subject: `No ${alertname} from ${source}: alerts may not reach Firebreak`,
        text:
          `${source} was expected to send ${alertname} at least every ${withinSeconds.toString()} seconds; ` +
          `the last one came ${state.lastSeenAt ?? 'never'}. Look at the monitor, its route to Firebreak, and the network between.`,
        mail: true,
      }
    : {
        purpose: `watchdog/${source}/back/${gap}`,
        subject: `${alertname} from ${source} is back`,
        text: `${source} sends ${alertname} again, since ${state.lastSeenAt ?? 'now'}.`,
        mail: true,
      };
}

/** The look at the watchdogs of some sources. One that never spoke is missed from the first round on counted. */
export function createWatchdogs(deps: WatchdogDependencies): Watchdogs {
  const expectations = deps.sources.flatMap(({ name, watchdog }): readonly Expected[] =>
    watchdog ? [{ source: name, ...watchdog }] : [],
  );
  const beganAt = deps.now().toISOString();
  const states = new Map<string, WatchdogState>();
  const tell = async (expected: Expected, state: WatchdogState, gap: string): Promise<void> => {
    const message = messageOf(expected, state, gap);
    const { source } = expected;
    if (state.missing) deps.log.error({ source, lastSeenAt: state.lastSeenAt }, message.subject);
    else deps.log.warn({ source }, message.subject);
    // The purpose names the gap: told once, whoever else looks and however often we start.
    await deps.messages.messages.put(messagesFor(deps, null, [message]));
  };
  const look = async (expected: Expected, lastSeenAt: string | null): Promise<void> => {
    const { source, alertname, withinSeconds } = expected;
    const since = lastSeenAt ?? beganAt;
    const missing = deps.now().getTime() - Date.parse(since) > withinSeconds * 1000;
    const before = states.get(source);
    const state = { source, alertname, lastSeenAt, missing };
    if (missing !== (before?.missing ?? false)) {
      // A gap is known by what was said before it, at both of its sides.
      const gap = missing ? lastSeenAt : (before?.lastSeenAt ?? null);
      await tell(expected, state, gap ?? 'never');
    }
    states.set(source, state);
  };
  return {
    round: async () => {
      if (expectations.length === 0) return;
      const seen = await deps.store.selfWatch.watchdogs();
      const last = new Map(seen.map(({ source, lastSeenAt }) => [source, lastSeenAt]));
      for (const one of expectations) await look(one, last.get(one.source) ?? null);
    },
    states: () => [...states.values()],
  };
}
