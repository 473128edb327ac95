import { createPagerdutyTwin } from '../../lab/pagerduty/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-pagerduty-7be215';
const START = '2026-11-20T00:00:00Z';
const END = '2026-11-21T00:00:00Z';

/** PagerDuty: one irreversible action and one probe, by one secret at both addresses. */
export const fixture: ContractFixture = {
  connector: 'pagerduty',
  start: async () => {
    const twin = await createPagerdutyTwin({
      ...{ token: CANARY, routingKey: CANARY },
      users: [{ id: 'PMONA', name: 'Mona', email: 'mona@lab.test' }],
      shifts: [{ schedule: 'PSCHED', user: 'PMONA', start: START, end: END }],
    });
    return {
      config: { url: twin.url, token: CANARY, eventsUrl: twin.url, routingKey: CANARY },
      canary: CANARY,
      twin,
      actions: [
        {
          action: 'page',
          input: { summary: 'Nobody answers', severity: 'critical', source: 'fraud-scorer' },
          // A key that is there is there: nobody can meddle with it.
          meddle: null,
          snapshot: () =>
            Promise.resolve(twin.alerts().map(({ dedupKey, summary }) => [dedupKey, summary])),
        },
      ],
      probes: [{ probe: 'schedule', input: { schedule: 'PSCHED', since: START, until: END } }],
      stop: () => twin.close(),
    };
  },
};
