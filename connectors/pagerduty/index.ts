import { defineAction, defineProbe, parseWith, type Connector } from '../connector.ts';
import { createPagerdutyClient } from './client.ts';
import { pagerdutyConfig } from './manifest.ts';
import { page } from './page.ts';
import { schedule } from './schedule.ts';

/** A PagerDuty connector from its configuration. Raises `invalid` naming the field. */
export function create(config: unknown): Connector {
  const client = createPagerdutyClient(
    parseWith(pagerdutyConfig, config, { code: 'invalid', name: 'pagerduty' }),
  );
  return {
    name: 'pagerduty',
    actions: { page: defineAction(page(client)) },
    probes: { schedule: defineProbe(schedule(client)) },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
