import { afterEach, expect, test } from '@jest/globals';
import { as, createTestApi, NOW } from './test-api.ts';

// Goal: the report is of the days asked for, and anybody who may look may read it. Method: requests injected into the
// server over counts of one route, which say from when on they were asked.

let given: ReturnType<typeof createTestApi> | null = null;
afterEach(() => given?.app.close());

function reportOf(query: string) {
  given = createTestApi();
  const asked: string[] = [];
  Object.assign(given.dependencies.store.incidents, {
    routeCounts: (since: string) => {
      asked.push(since);
      return Promise.resolve([
        { of: 'incident', route: 'drift', name: 'confirmed', count: 1 },
        { of: 'override', route: 'drift', name: 'veto', count: 2 },
      ]);
    },
  });
  const url = `/api/v1/routes/report${query}`;
  return given.app.inject({ url, headers: as('viewer') }).then((reply) => ({ reply, asked }));
}

test.each([
  ['', 90],
  ['?days=1', 1],
])('%s looks back %i days', async (query, days) => {
  const { reply, asked } = await reportOf(query);
  const since = new Date(Date.parse(NOW) - days * 24 * 3600 * 1000).toISOString();
  expect(asked).toEqual([since]);
  expect(reply.json()).toMatchObject({
    since,
    items: [{ route: 'drift', incidents: 1, precision: 1, overrides: { veto: 2 } }],
  });
});

test.each(['?days=0', '?days=401', '?days=x', '?day=1'])('%s is refused', async (query) => {
  expect((await reportOf(query)).reply.statusCode).toBe(400);
});
