import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { ApiDependencies } from '../api/dependencies.ts';
import type { Configuration, SourceConfiguration } from '../domain/configuration.ts';
import type { Store } from '../store/tables.ts';
import { createCalendarWatch } from './calendar-watch.ts';
import { createCatchUp } from './catch-up.ts';
import { createHeartbeat, createSelfChecker } from './heartbeat.ts';
import { readmit } from './readmission.ts';
import type { Live } from './live.ts';
import { createReviewWatch } from './review-watch.ts';
import type { OpenedDesk } from './rules/desk.ts';
import type { SelfWatchParts } from './self-watch.ts';
import { createWatchdogs } from './source-watchdog.ts';

/** What the watch of a process stands on. */
export interface WatchGround {
  readonly settings: {
    readonly configuration: Pick<Configuration, 'heartbeatUrl'>;
    readonly log: Logger;
  };
  readonly live: Pick<Live, 'configuration'>;
  readonly worker: Store;
  readonly activities: Pick<ActivityDependencies, 'channels' | 'newId' | 'now'>;
  readonly desk: Pick<OpenedDesk, 'round'> | null;
}

/** The parts of the watch, as far as the configuration asks for them. */
export function selfWatchParts(
  { settings, live, worker, activities, desk }: WatchGround,
  { store, intake, metrics }: Pick<ApiDependencies, 'store' | 'intake' | 'metrics'>,
  sources: readonly SourceConfiguration[],
): SelfWatchParts {
  const { log, configuration } = settings;
  const { channels, newId, now } = activities;
  const { heartbeatUrl } = configuration;
  const checker =
    heartbeatUrl === null
      ? null
      : createSelfChecker({
          ...{ store, log, now },
          heartbeat: createHeartbeat(heartbeatUrl),
          process: newId('prc'),
          newId: () => newId('chk'),
        });
  return {
    ...{ checker, metrics, log },
    watchdogs: createWatchdogs({ store, messages: worker, sources, channels, log, now }),
    calendars: createCalendarWatch(store, () => live.configuration().onCall ?? []),
    catchUp: createCatchUp({ store, intake, sources, log, now }),
    reviews: createReviewWatch({ store, messages: worker, channels, now }),
    rules: async () => desk?.round(),
    readmit: () => readmit(store, intake, now()),
  };
}
