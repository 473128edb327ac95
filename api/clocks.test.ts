// Goal: what a person says about clocks reaches them as that person's word and nobody else's, and what cannot be read is
// refused before. Method: requests injected into the server; the clocks repeat what they were given.
import { afterEach, expect, test } from '@jest/globals';
import type { Declarations } from '../domain/incident-clocks.ts';
import { as, createTestApi, NOW } from './test-api.ts';

let given: ReturnType<typeof createTestApi> | null = null;
afterEach(() => given?.app.close());

async function ask(payload: object, url = '/api/v1/incidents/inc_1/clocks') {
  const seen: (readonly [string, Declarations])[] = [];
  const clocks = { asOf: NOW, facts: [], moments: [], regimes: [] };
  given = createTestApi({
    clocks: (incident, declared) => {
      seen.push([incident.id, declared]);
      return Promise.resolve({ clocks, drafts: [{ regime: 'a', version: 1, markdown: '# A' }] });
    },
  });
  const reply = await given.app.inject({ method: 'POST', url, payload, headers: as('viewer') });
  return { reply, seen };
}

test('nothing said is nothing declared', async () => {
  const { reply, seen } = await ask({});
  expect(reply.statusCode).toBe(200);
  expect(reply.json()).toMatchObject({ clocks: { asOf: NOW }, drafts: [{ markdown: '# A' }] });
  expect(seen).toEqual([['inc_1', { by: 'viewer', facts: [], moments: [], settled: [] }]]);
});

test('what is said is the caller’s word', async () => {
  const { seen } = await ask({
    facts: [{ name: 'death', holds: false }],
    moments: [{ name: 'awareness', at: '2026-11-20T10:00:00+01:00' }],
    met: [{ clock: 'eu-gdpr-33/report', at: '2026-11-21T00:00:00Z' }],
    waived: [{ clock: 'us-ny-1422/report', reason: 'not in New York' }],
  });
  const by = 'viewer';
  expect(seen[0]?.[1]).toEqual({
    by,
    facts: [{ name: 'death', holds: false }],
    moments: [{ name: 'awareness', at: '2026-11-20T10:00:00+01:00' }],
    settled: [
      {
        clock: 'eu-gdpr-33/report',
        settlement: { kind: 'met', at: '2026-11-21T00:00:00Z', by, reason: null },
      },
      {
        clock: 'us-ny-1422/report',
        settlement: { kind: 'waived', at: NOW, by, reason: 'not in New York' },
      },
    ],
  });
});

test.each([
  ['a name that is none', { facts: [{ name: 'a b', holds: true }] }],
  ['an answer that is neither', { facts: [{ name: 'death', holds: 'maybe' }] }],
  ['a time that does not exist', { moments: [{ name: 'awareness', at: '2026-02-30T00:00:00Z' }] }],
  ['a time without a zone', { moments: [{ name: 'awareness', at: '2026-02-20T00:00:00' }] }],
  ['a waiver without a reason', { waived: [{ clock: 'eu-gdpr-33/report', reason: ' ' }] }],
  ['a waiver in another’s name', { waived: [{ clock: 'a/b', reason: 'x', by: 'ada' }] }],
  ['too many', { facts: Array.from({ length: 101 }, () => ({ name: 'death', holds: true })) }],
])('%s is refused', async (_title, payload) => {
  const { reply, seen } = await ask(payload);
  expect(reply.statusCode).toBe(400);
  expect(seen).toEqual([]);
});

test('an incident that is not there is not found', async () => {
  const { reply, seen } = await ask({}, '/api/v1/incidents/inc_9/clocks');
  expect(reply.statusCode).toBe(404);
  expect(seen).toEqual([]);
});
