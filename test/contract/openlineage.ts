import { createMarquezTwin } from '../../lab/marquez/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-marquez-51b09e';

/** OpenLineage (Marquez): probes only. */
export const fixture: ContractFixture = {
  connector: 'openlineage',
  start: async () => {
    const twin = await createMarquezTwin({ token: CANARY });
    await fetch(`${twin.url}/api/v1/lineage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${CANARY}` },
      body: JSON.stringify({
        eventTime: '2026-11-20T02:00:00Z',
        eventType: 'COMPLETE',
        producer: 'https://example.test',
        run: { runId: '0196f3f0-0000-7000-8000-000000000001' },
        job: { namespace: 'airflow', name: 'retrain' },
        inputs: [{ namespace: 'warehouse', name: 'transactions' }],
        outputs: [{ namespace: 'mlflow://models', name: 'fraud-scorer' }],
      }),
    });
    return {
      config: { url: twin.url, token: CANARY },
      canary: CANARY,
      twin,
      actions: [],
      probes: [
        {
          probe: 'events',
          input: { after: '2026-11-20T00:00:00Z', before: '2026-11-21T00:00:00Z' },
        },
        { probe: 'lineage', input: { nodeId: 'dataset:warehouse:transactions' } },
      ],
      stop: () => twin.close(),
    };
  },
};
