import { createLokiTwin } from '../../lab/loki/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-loki-7d1f0c';

/** Loki: probes only. */
export const fixture: ContractFixture = {
  connector: 'loki',
  start: async () => {
    const twin = await createLokiTwin({ token: CANARY });
    const now = Date.now();
    const values = [0, 1, 2].map((index) => [
      `${(now - 1_000 + index).toString()}000000`,
      `line ${index.toString()}`,
    ]);
    await fetch(`${twin.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${CANARY}` },
      body: JSON.stringify({ streams: [{ stream: { app: 'fraud-scorer' }, values }] }),
    });
    return {
      config: { url: twin.url, token: CANARY },
      canary: CANARY,
      twin,
      actions: [],
      probes: [
        {
          probe: 'query-range',
          input: {
            labels: { app: 'fraud-scorer' },
            from: new Date(now - 60_000).toISOString(),
            to: new Date(now + 60_000).toISOString(),
          },
        },
      ],
      stop: () => twin.close(),
    };
  },
};
