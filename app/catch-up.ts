import type { Logger } from 'pino';
import type { Intake } from '../api/dependencies.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { toAppError } from '../domain/error.ts';
import type { CatchUpState } from '../domain/self-watch.ts';
import type { Delivery, Store } from '../store/tables.ts';
import { createAlertmanagerReader, type AlertmanagerReader } from './alertmanager-reader.ts';

/** So long a webhook may still be on its way, or its group waiting for company, in milliseconds. */
const GRACE_MS = 60_000;

/** Reads the configured Alertmanagers and takes in what their webhooks missed. */
export interface CatchUp {
  round(): Promise<void>;
  states(): readonly CatchUpState[];
  close(): Promise<void>;
}

/** What catching up works on. */
export interface CatchUpDependencies {
  readonly store: Pick<Store, 'alerts'>;
  readonly intake: Intake;
  readonly sources: readonly SourceConfiguration[];
  readonly log: Logger;
  readonly now: () => Date;
}

interface Watched {
  readonly source: SourceConfiguration;
  readonly reader: AlertmanagerReader;
  state: CatchUpState;
}

/** Takes in what no webhook brought, in the way of a webhook; answers how many alerts that were. */
async function takeMissed(deps: CatchUpDependencies, { source, reader }: Watched): Promise<number> {
  const now = deps.now();
  const raw = await reader.read(now, GRACE_MS);
  if (raw === null) return 0;
  const contentType = 'application/json';
  const parsed = deps.intake.parse(source, {
    ...{ kind: source.kind, source: source.name, contentType, raw, receivedAt: now },
    headers: { 'content-type': contentType },
  });
  const incoming = parsed.flatMap((one) => (one.kind === 'alert' ? [one.incoming] : []));
  const missed = await deps.store.alerts.missedAmong(incoming);
  if (missed.length === 0) return 0;
  const delivery: Delivery = {
    ...{ source: source.name, contentType, raw, receivedAt: now.toISOString() },
    headers: { 'x-firebreak-read-from': 'GET /api/v2/alerts' },
    alerts: missed.map((one) => ({
      kind: 'alert',
      incoming: one,
      routing: deps.intake.route(one),
    })),
  };
  await deps.store.alerts.accept([delivery]);
  return missed.length;
}

/** Catching up over the sources that name their Alertmanager; without one it does nothing. */
export function createCatchUp(deps: CatchUpDependencies): CatchUp {
  const watched = deps.sources.flatMap((source): readonly Watched[] => {
    const access = source.alertmanager ?? null;
    if (access === null) return [];
    const state = { source: source.name, readAt: null, problem: null, missed: 0 };
    return [{ source, reader: createAlertmanagerReader(access), state }];
  });
  const look = async (one: Watched): Promise<void> => {
    const { source, state } = one;
    try {
      const missed = await takeMissed(deps, one);
      const readAt = deps.now().toISOString();
      one.state = { ...state, readAt, problem: null, missed: state.missed + missed };
      if (missed === 0) return;
      deps.log.warn(
        { source: source.name, missed },
        'alerts were taken in that no webhook brought',
      );
    } catch (error) {
      const { code, message } = toAppError(error);
      one.state = { ...state, problem: `${code}: ${message}` };
      deps.log.warn({ source: source.name, code }, `Alertmanager is not readable: ${message}`);
    }
  };
  return {
    round: async () => {
      await Promise.all(watched.map(look));
    },
    states: () => watched.map(({ state }) => state),
    close: async () => {
      await Promise.all(watched.map(({ reader }) => reader.close()));
    },
  };
}
