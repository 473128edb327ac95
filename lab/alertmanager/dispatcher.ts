import { deliver, type Receiver } from './delivery.ts';
import {
  groupKeyOf,
  groupLabelsOf,
  isResolved,
  newsOf,
  storeAlert,
  webhookBody,
  type Group,
  type PostedAlert,
  type StoredAlert,
} from './group.ts';

/** How groups are told. */
export interface Dispatch {
  readonly receivers: readonly Receiver[];
  readonly groupBy: readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly resolveTimeoutMs: number;
  readonly alertsMax: number;
  readonly retryScale: number;
  readonly now: () => number;
}

/** Groups alerts and tells receivers of what is new. */
export interface Dispatcher {
  take(alert: PostedAlert): void;
  /** Alerts that are not over. */
  active(): readonly StoredAlert[];
  stop(): Promise<void>;
}

/** What one receiver knows of a group. */
interface Told {
  news: string;
  at: number;
}

interface Round {
  readonly group: Group;
  readonly told: Map<Receiver, Told>;
  timer: NodeJS.Timeout | undefined;
}

/** True when a receiver has to hear of a group: news, or firing and long not told. */
function isDue(
  told: Told | undefined,
  news: string,
  time: { now: number; repeatMs: number },
): boolean {
  // Nobody is told that something is over which they never heard of.
  if (told === undefined || told.news === '') return news.includes(':firing');
  if (told.news !== news) return news !== '';
  return news.includes(':firing') && time.now - told.at >= time.repeatMs;
}

/** Tells a receiver what is due; true when it knows everything now. */
async function tellReceiver(
  teller: { readonly how: Dispatch; readonly run: Parameters<typeof deliver>[2] },
  round: Round,
  receiver: Receiver,
): Promise<boolean> {
  const { how, run } = teller;
  const now = how.now();
  const alerts = [...round.group.alerts.values()];
  const news = newsOf(alerts, now);
  const time = { now, repeatMs: how.repeatIntervalMs };
  if (!isDue(round.told.get(receiver), news, time)) return true;
  const body = webhookBody(round.group, alerts, { now, alertsMax: how.alertsMax });
  if (!(await deliver(receiver, body, run))) return false;
  const left = alerts.filter((alert) => !isResolved(alert, now));
  round.told.set(receiver, { news: newsOf(left, now), at: now });
  return true;
}

/** A dispatcher with one route. Each group is told after `groupWaitMs` and then looked at every `groupIntervalMs`. */
export function createDispatcher(how: Dispatch, statuses: number[]): Dispatcher {
  const rounds = new Map<string, Round>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const run = { statuses, signal: stopping.signal, retryScale: how.retryScale };

  const tell = async (round: Round): Promise<void> => {
    const over = [...round.group.alerts.values()].filter((alert) => isResolved(alert, how.now()));
    const taken = await Promise.all(
      how.receivers.map((receiver) => tellReceiver({ how, run }, round, receiver)),
    );
    if (taken.includes(false)) return;
    for (const alert of over) {
      if (round.group.alerts.get(alert.fingerprint) === alert) {
        round.group.alerts.delete(alert.fingerprint);
      }
    }
  };
  const schedule = (round: Round, delayMs: number): void => {
    if (stopping.signal.aborted) return;
    round.timer = setTimeout(() => {
      const work = tell(round).finally(() => {
        running.delete(work);
        if (round.group.alerts.size === 0) rounds.delete(round.group.key);
        else schedule(round, how.groupIntervalMs);
      });
      running.add(work);
    }, delayMs);
  };
  const roundOf = (alert: PostedAlert): Round => {
    const labels = groupLabelsOf(alert.labels, how.groupBy);
    const key = groupKeyOf(labels);
    const known = rounds.get(key);
    if (known) return known;
    const group: Group = { key, labels, alerts: new Map() };
    const round: Round = { group, told: new Map(), timer: undefined };
    rounds.set(key, round);
    schedule(round, how.groupWaitMs);
    return round;
  };
  return {
    take: (alert) => {
      const { resolveTimeoutMs } = how;
      storeAlert(roundOf(alert).group, alert, { now: how.now(), resolveTimeoutMs });
    },
    active: () =>
      [...rounds.values()]
        .flatMap(({ group }) => [...group.alerts.values()])
        .filter((alert) => !isResolved(alert, how.now())),
    stop: async () => {
      stopping.abort();
      for (const { timer } of rounds.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
