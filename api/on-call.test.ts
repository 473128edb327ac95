// Goal: everybody who may look sees who is on call, by name, and that somebody is nobody we know. Method: the route over memory.
import { afterEach, expect, test } from '@jest/globals';
import { addPerson, as, createTestApi, NOW } from './test-api.ts';

let api: ReturnType<typeof createTestApi> | null = null;
afterEach(() => api?.app.close());

async function show(at?: string) {
  api ??= createTestApi();
  const query = at === undefined ? '' : `?at=${encodeURIComponent(at)}`;
  return api.app.inject({ url: `/api/v1/on-call${query}`, headers: as('sam') });
}

test('now, at another time, and at none', async () => {
  api = createTestApi();
  addPerson(api.memory, 'sam', ['viewer']);
  const now = await show();
  expect(now.json()).toMatchObject({
    at: NOW,
    schedules: [{ schedule: 'ml', people: [{ id: 'sam', active: true }], reason: null }],
  });
  const tomorrow = await show('2026-11-24T12:00:00+01:00');
  expect(tomorrow.json()).toMatchObject({
    at: '2026-11-24T11:00:00.000Z',
    schedules: [{ people: [{ id: 'x', name: 'x', active: false }] }],
  });
  expect((await show('soon')).statusCode).toBe(400);
});
