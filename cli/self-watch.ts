import type { SelfWatchState } from '../domain/self-watch.ts';
import { visibleCut } from '../render/visible.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

const TEXT_MAX = 300;

function lines(state: SelfWatchState): readonly string[] {
  const { selfCheck, watchdogs, alertmanagers, overdueReviews, calendars } = state;
  return [
    selfCheck === null
      ? 'self-check: not configured (no heartbeat URL)'
      : `self-check: whole at ${selfCheck.wholeAt ?? 'never'}, heartbeat at ${selfCheck.beatAt ?? 'never'}` +
        (selfCheck.problem === null ? '' : `; ${selfCheck.problem}`),
    ...watchdogs.map(
      ({ source, alertname, lastSeenAt, missing }) =>
        `${source}: ${alertname} ${missing ? 'MISSING' : 'seen'}, last ${lastSeenAt ?? 'never'}`,
    ),
    ...alertmanagers.map(
      ({ source, readAt, problem, missed }) =>
        `${source}: read ${readAt ?? 'never'}, ${missed.toString()} alerts that no webhook brought` +
        (problem === null ? '' : `; ${problem}`),
    ),
    ...overdueReviews.map(
      ({ id, incidentId, dueAt }) =>
        `break-glass: the review of ${id} (${incidentId}) was due ${dueAt}; firebreak break-glass reviews`,
    ),
    ...calendars.map(
      ({ schedule, readAt, problem }) =>
        `${schedule}: calendar read ${readAt ?? 'never'}${problem === null ? '' : `; ${problem}`}`,
    ),
  ];
}

function isWell(state: SelfWatchState): boolean {
  const { selfCheck, watchdogs, alertmanagers, overdueReviews, calendars } = state;
  return (
    (selfCheck?.problem ?? null) === null &&
    watchdogs.every(({ missing }) => !missing) &&
    [...alertmanagers, ...calendars].every(({ problem }) => problem === null) &&
    overdueReviews.length === 0
  );
}

/** `firebreak self-watch`: exit code 1 when something is not well. */
export function registerSelfWatch({ program, run }: Registrar): void {
  run(
    program
      .command('self-watch')
      .description(
        'show the self-check, the watchdogs of the sources, what webhooks missed and calendars',
      ),
    async (session) => {
      const { api } = await import('../api/client.ts');
      const state = await (await session.client()).call(api.selfWatch.show, {});
      session.result(state, () =>
        lines(state)
          .map((line) => visibleCut(line, TEXT_MAX))
          .join('\n'),
      );
      return isWell(state) ? EXIT.ok : EXIT.failed;
    },
  );
}
