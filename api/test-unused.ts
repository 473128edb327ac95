import { AppError } from '../domain/error.ts';
import type { Tables } from '../store/tables.ts';

/** A table of which the API uses no more than `used`; the rest raises, so that a new use is seen. */
export function unused(name: string): () => never {
  return () => {
    throw new AppError('internal', `The memory store has no ${name}.`);
  };
}

/** What the API does not do with incidents. */
export function quietIncidents(): Pick<
  Tables['incidents'],
  'nextGeneration' | 'unfinished' | 'routeCounts' | 'stopAccepting'
> {
  const no = unused;
  return {
    nextGeneration: no('incidents.nextGeneration'),
    unfinished: no('incidents.unfinished'),
    routeCounts: no('incidents.routeCounts'),
    stopAccepting: no('incidents.stopAccepting'),
  };
}

/** What tells people, and is no matter of the API. */
function quietTelling(): Pick<
  Tables,
  'calendars' | 'escalations' | 'statusCards' | 'incidentChannels'
> {
  const no = unused;
  return {
    calendars: {
      list: no('calendars.list'),
      read: no('calendars.read'),
      failed: no('calendars.failed'),
    },
    escalations: {
      take: no('escalations.take'),
      reachedNobody: no('escalations.reachedNobody'),
      takenAmong: no('escalations.takenAmong'),
      get: no('escalations.get'),
    },
    incidentChannels: {
      get: no('incidentChannels.get'),
      put: no('incidentChannels.put'),
      invited: no('incidentChannels.invited'),
      incidentIn: () => Promise.resolve(null),
    },
    statusCards: {
      look: no('statusCards.look'),
      take: no('statusCards.take'),
      shown: no('statusCards.shown'),
      failed: no('statusCards.failed'),
    },
  };
}

/** The tables that tests of the API over memory leave alone; those over the real store use them. */
export function quietTables(): Pick<
  Tables,
  | 'calendars'
  | 'escalations'
  | 'silences'
  | 'selfWatch'
  | 'observations'
  | 'findings'
  | 'isolations'
  | 'rules'
  | 'statusCards'
  | 'incidentChannels'
> {
  const no = unused;
  return {
    ...quietTelling(),
    silences: {
      put: no('silences.put'),
      get: no('silences.get'),
      list: no('silences.list'),
      end: no('silences.end'),
      alertsOf: no('silences.alertsOf'),
      stillFiring: no('silences.stillFiring'),
      readmitted: no('silences.readmitted'),
      snooze: no('silences.snooze'),
      snoozedUntil: no('silences.snoozedUntil'),
    },
    observations: {
      record: no('observations.record'),
      heads: no('heads'),
      current: no('current'),
      history: no('history'),
      looked: no('looked'),
    },
    findings: { stand: no('stand'), untold: no('untold'), tell: no('tell') },
    isolations: { standing: no('isolations.standing'), reserve: no('isolations.reserve') },
    rules: {
      head: no('rules.head'),
      revisions: no('rules.revisions'),
      revision: no('rules.revision'),
      withPlaybook: no('rules.withPlaybook'),
      lock: no('rules.lock'),
      add: no('rules.add'),
      propose: no('rules.propose'),
      change: no('rules.change'),
      changes: no('rules.changes'),
      settle: no('rules.settle'),
      answer: no('rules.answer'),
      answers: no('rules.answers'),
    },
    selfWatch: {
      begin: no('selfWatch.begin'),
      latest: no('selfWatch.latest'),
      relayed: no('selfWatch.relayed'),
      settle: no('selfWatch.settle'),
      watchdogSeen: no('selfWatch.watchdogSeen'),
      watchdogs: no('selfWatch.watchdogs'),
    },
  };
}
