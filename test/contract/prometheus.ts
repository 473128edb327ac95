import { createFaultPlan } from '../../lab/fault.ts';
import { createPrometheusTwin } from '../../lab/prometheus/twin.ts';
import { startTwin } from '../../lab/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-prometheus-2f8a61';

/** Prometheus: probes only, over one scraped page. */
export const fixture: ContractFixture = {
  connector: 'prometheus',
  start: async () => {
    const page = await startTwin({
      name: 'metrics-page',
      faults: createFaultPlan(),
      handler: () => ({ status: 200, body: 'model_anomaly_score{model="fraud-scorer"} 0.71\n' }),
    });
    const twin = await createPrometheusTwin({
      token: CANARY,
      targets: [{ url: `${page.url}/metrics`, job: 'serving' }],
    });
    await twin.scrape();
    const now = Date.now();
    return {
      config: { url: twin.url, token: CANARY },
      canary: CANARY,
      twin,
      actions: [],
      probes: [
        { probe: 'query', input: { query: 'model_anomaly_score' } },
        {
          probe: 'range',
          input: {
            query: 'max(model_anomaly_score)',
            from: new Date(now - 10_000).toISOString(),
            to: new Date(now + 10_000).toISOString(),
            stepSeconds: 1,
          },
        },
      ],
      stop: async () => {
        await twin.close();
        await page.close();
      },
    };
  },
};
