// Goal: what a person says about clocks reaches them as that person's word and nobody else's, and what cannot be read is
// refused before. Method: requests injected into the server; the clocks repeat what they were given.
import { afterEach, expect, test } from '@jest/globals';
import { ROLES } from '../domain/approval.ts';
import type { DeclaredWords } from '../domain/clock-record.ts';
import { AppError } from '../domain/error.ts';
import { as, createTestApi, NOW } from './test-api.ts';

const NOTHING: DeclaredWords = { facts: [], moments: [], met: [], waived: [], opened: [] };

let given: ReturnType<typeof createTestApi> | null = null;
afterEach(() => given?.app.close());

async function ask(payload: object, url = '/api/v1/incidents/inc_1/clocks', person = 'viewer') {
  const seen: (readonly [string, { by: string; words: DeclaredWords }])[] = [];
  const clocks = { asOf: NOW, facts: [], moments: [], regimes: [] };
  given = createTestApi({
    clocks: (incident, declared) => {
      seen.push([incident.id, declared]);
      return Promise.resolve({
        clocks,
        drafts: [{ regime: 'a', version: 1, markdown: '# A' }],
        record: [],
      });
    },
  });
  const reply = await given.app.inject({ method: 'POST', url, payload, headers: as(person) });
  return { reply, seen };
}

test('nothing said is nothing declared', async () => {
  const { reply, seen } = await ask({});
  expect(reply.statusCode).toBe(200);
  expect(reply.json()).toMatchObject({ clocks: { asOf: NOW }, drafts: [{ markdown: '# A' }] });
  expect(seen).toEqual([['inc_1', { by: 'viewer', words: NOTHING }]]);
});

test('what is said is the caller’s word', async () => {
  const { seen } = await ask({
    facts: [{ name: 'death', holds: false }],
    moments: [{ name: 'awareness', at: '2026-11-20T10:00:00+01:00' }],
    met: [{ clock: 'eu-gdpr-33/report', at: '2026-11-21T00:00:00Z' }],
    waived: [{ clock: 'us-ny-1422/report', reason: 'not in New York' }],
  });
  expect(seen[0]?.[1]).toEqual({
    by: 'viewer',
    words: {
      ...NOTHING,
      facts: [{ name: 'death', holds: false }],
      moments: [{ name: 'awareness', at: '2026-11-20T10:00:00+01:00' }],
      met: [{ clock: 'eu-gdpr-33/report', at: '2026-11-21T00:00:00Z' }],
      waived: [{ clock: 'us-ny-1422/report', reason: 'not in New York' }],
    },
  });
  expect(given?.memory.decisions.size).toBe(0);
});

const CLOCKS = '/api/v1/incidents/inc_1/clocks';

test.each(ROLES.map((role) => [role]))('%s records what the role allows', async (role) => {
  const facts = [{ name: 'death', holds: false }];
  const { reply } = await ask({ record: true, facts }, CLOCKS, role);
  const may = role === 'legal' || role === 'commander' || role === 'admin';
  expect(reply.statusCode).toBe(may ? 200 : 403);
  const stored = [...(given?.memory.decisions.values() ?? [])];
  const command = { kind: 'declare', ...NOTHING, facts };
  expect(stored.map((one) => one.command)).toEqual(may ? [command] : []);
  if (may) expect(reply.json()).toMatchObject({ decision: { id: stored[0]?.id, by: role } });
});

test('nothing is no record, and what no regime knows is refused before anything is recorded', async () => {
  expect((await ask({ record: true }, CLOCKS, 'legal')).reply.statusCode).toBe(400);
  given = createTestApi({ clocks: () => Promise.reject(new AppError('invalid', 'no such fact')) });
  const payload = { record: true, facts: [{ name: 'strange', holds: true }] };
  const headers = as('legal');
  const reply = await given.app.inject({ method: 'POST', url: CLOCKS, payload, headers });
  expect(reply.statusCode).toBe(400);
  expect(given.memory.decisions.size).toBe(0);
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
