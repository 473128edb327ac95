import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { keyText } from '../domain/operation.ts';
import { digestOf, sha256Hex } from '../evidence/digest.ts';
import { problemSchema } from './schema/problem.ts';
import { APPROVAL, as, createTestApi, factOf, INCIDENT, NOW, ROW } from './test-api.ts';
import { SCOPES } from '../domain/scope.ts';

// Goal: what people look at is complete, paged, and says what can be done next. Method: requests injected into the
// server over a filled store in memory.

let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi();
});
afterEach(() => given.app.close());

const get = (url: string, person = 'viewer') =>
  given.app.inject({ url: `/api/v1${url}`, headers: as(person) });

const pageSchema = z.object({
  items: z.array(z.object({ id: z.string() })),
  next: z.string().nullable(),
});

describe('lists', () => {
  test('pages follow each other without gap or repeat, and a tampered cursor is refused', async () => {
    for (let n = 2; n <= 7; n += 1) {
      const id = `inc_${n.toString()}`;
      given.memory.incidents.set(id, { ...INCIDENT, id });
    }
    const seen: string[] = [];
    let query = '?limit=3';
    for (let page = 0; page < 5; page += 1) {
      const { items, next } = pageSchema.parse((await get(`/incidents${query}`)).json());
      seen.push(...items.map(({ id }) => id));
      if (next === null) break;
      query = `?limit=3&cursor=${next}`;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `inc_${n.toString()}`));
    const foreign = await get(`/approvals${query}`);
    expect(problemSchema.parse(foreign.json())).toMatchObject({ code: 'invalid', field: 'cursor' });
  });

  test.each([
    ['?state=open,held', 200],
    ['?state=nonsense', 400],
    ['?limit=201', 400],
    ['?limit=-1', 400],
    ['?limit=1e400', 400],
    ['?unknown=1', 400],
    ['?limit=1&limit=2', 400],
  ])('query %s is %i', async (query, status) => {
    expect((await get(`/incidents${query}`)).statusCode).toBe(status);
  });
});

describe('one incident', () => {
  test('says what can be done now, in the words of CLI and HTTP', async () => {
    given.memory.incidents.set('inc_1', { ...INCIDENT, state: 'held' });
    given.memory.results.push({
      incidentId: 'inc_1',
      step: 'isolate',
      operation: 'probe-traffic',
      round: 1,
      outcome: 'inconclusive',
      reason: 'no data',
      value: null,
      startedAt: NOW,
      settledAt: NOW,
    });
    const reply = await get('/incidents/inc_1');
    expect(reply.statusCode).toBe(200);
    const { now } = z
      .object({
        now: z.array(z.object({ command: z.string(), cli: z.string(), http: z.string() })),
      })
      .parse(reply.json());
    expect(now[0]).toEqual({
      command: 'approve',
      cli: `firebreak approval approve apr_1 --plan-digest ${APPROVAL.planDigest}`,
      http: 'POST /api/v1/approvals/apr_1/decision',
    });
    expect(now.map(({ cli }) => cli)).toContain(
      'firebreak incident skip inc_1 probe-traffic --reason "WHY"',
    );
    expect(now.map(({ command }) => command)).not.toContain('pause');
  });

  test('what does not exist is 404 everywhere', async () => {
    const paths = ['', '/plans', '/timeline', '/events', '/evidence', '/postmortem.md'];
    for (const path of paths) {
      expect((await get(`/incidents/nothing${path}`)).statusCode).toBe(404);
    }
  });

  test('plans show exactly what they change', async () => {
    given.memory.operations.push(ROW);
    const reply = await get('/incidents/inc_1/plans');
    expect(reply.json()).toMatchObject({
      items: [{ operation: 'scale-canary', changes: [{ path: 'replicas', before: 2, after: 0 }] }],
    });
  });
});

describe('opening by hand', () => {
  test.each([
    ['says so', { drill: true }, { status: 201, drill: true }],
    ['says no', { drill: false }, { status: 201, drill: false }],
    ['says nothing', {}, { status: 201, drill: false }],
    ['says so in other words', { drill: 'yes' }, { status: 400, drill: null }],
  ])('is a drill for who %s', async (_, asked, { status, drill }) => {
    const reply = await given.app.inject({
      method: 'POST',
      url: '/api/v1/incidents',
      headers: as('responder'),
      payload: { text: 'fraud-scorer is odd drill=true', ...asked },
    });
    expect(reply.statusCode).toBe(status);
    if (drill !== null) expect(reply.json()).toMatchObject({ created: true, incident: { drill } });
  });

  test('a drill wants the role of every opening', async () => {
    const reply = await given.app.inject({
      method: 'POST',
      url: '/api/v1/incidents',
      headers: as('viewer'),
      payload: { text: 'fraud-scorer is odd', drill: true },
    });
    expect(reply.statusCode).toBe(403);
  });

  test('the same request opens once; who asked is on the incident', async () => {
    const open = () =>
      given.app.inject({
        method: 'POST',
        url: '/api/v1/incidents',
        headers: { ...as('responder'), 'idempotency-key': 'open-1' },
        payload: { text: 'fraud-scorer is odd' },
      });
    const first = await open();
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({
      created: true,
      incident: { origin: { kind: 'person', by: 'responder', channel: 'api' } },
    });
    const again = await open();
    expect(again.statusCode).toBe(200);
    expect(given.memory.incidents.size).toBe(2);
  });
});

describe('one approval', () => {
  test('shows each plan and change; an undo is shown the way it would go', async () => {
    given.memory.operations.push(ROW);
    const line = {
      target: ROW.target,
      round: 1,
      summary: 's',
      action: 'kubernetes.scale',
      approvalClass: 'R3' as const,
      undo: 'u',
    };
    given.memory.approvals.set('apr_1', {
      ...APPROVAL,
      plans: [
        { ...line, operation: 'scale-canary', digest: ROW.planDigest },
        {
          ...line,
          operation: 'lift',
          digest: digestOf({ undo: keyText(ROW), planDigest: ROW.planDigest }),
        },
        { ...line, operation: 'gone', digest: 'e'.repeat(64), target: 'other' },
      ],
    });
    const reply = await get('/approvals/apr_1');
    expect(reply.json()).toMatchObject({
      plans: [
        { changes: [{ path: 'replicas', before: 2, after: 0 }] },
        { changes: [{ path: 'replicas', before: 0, after: 2 }] },
        { plan: null, changes: [] },
      ],
      approvedBy: [],
    });
  });
});

describe('evidence', () => {
  const BYTES = new Uint8Array([1, 2, 3]);
  beforeEach(() => {
    given.memory.evidence.set('ev_1', {
      id: 'ev_1',
      incidentId: 'inc_1',
      title: '"><script>alert(1)</script>',
      operation: 'seal',
      sha256: sha256Hex(BYTES),
      bytes: 3,
      mediaType: 'text/html',
      source: 'kubernetes.pods',
      collectedAt: NOW,
      truncated: false,
      moment: 'before-containment',
    });
  });

  test('bytes come as an attachment of no type, and the reading is recorded', async () => {
    const reply = await get('/evidence/ev_1/bytes', 'responder');
    expect(reply.rawPayload).toEqual(Buffer.from(BYTES));
    expect(reply.headers['content-type']).toBe('application/octet-stream');
    expect(reply.headers['content-disposition']).toMatch(
      /^attachment; filename="[0-9a-f]{64}\.bin"$/,
    );
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(given.memory.custody).toMatchObject([{ action: 'read', by: 'responder' }]);
  });

  test('bytes that are not those sealed are never served', async () => {
    await given.app.close();
    const evidence = [...given.memory.evidence.values()];
    given = createTestApi({ evidenceBytes: () => Promise.resolve(new Uint8Array([9])) });
    for (const one of evidence) given.memory.evidence.set(one.id, one);
    const reply = await get('/evidence/ev_1/bytes', 'responder');
    expect(reply.statusCode).toBe(502);
    expect(given.memory.custody).toEqual([]);
  });
});

describe('people', () => {
  const expiresAt = '2026-11-24T10:00:00.000Z';
  const call = (method: 'PUT' | 'POST', url: string, payload: object) =>
    given.app.inject({ method, url: `/api/v1${url}`, headers: as('admin'), payload });

  test('a new person’s token works at once and is stored only as a digest', async () => {
    const person = { name: 'Olga', roles: ['approver-model-owner'] };
    expect((await call('PUT', '/people/olga', person)).statusCode).toBe(200);
    const made = await call('POST', '/people/olga/tokens', { label: 'laptop', expiresAt });
    expect(made.statusCode).toBe(201);
    const { token } = z.object({ token: z.string() }).parse(made.json());
    expect([...given.memory.tokens.keys()]).toContain(sha256Hex(token));
    const reply = await given.app.inject({
      url: '/api/v1/incidents',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(reply.statusCode).toBe(200);
  });

  test('a bootstrap token makes no approving token for itself, and nobody locks themself out', async () => {
    await call('POST', '/people/admin/tokens', { label: 'mine', scopes: ['decide'], expiresAt });
    expect(
      [...given.memory.tokens.values()].filter(({ personId }) => personId === 'admin'),
    ).toEqual([
      { personId: 'admin', canApprove: false, scopes: SCOPES },
      { personId: 'admin', canApprove: false, scopes: ['decide'] },
    ]);
    const out = await call('PUT', '/people/admin', { name: 'a', roles: ['viewer'] });
    expect(out.statusCode).toBe(403);
  });
});

describe('timeline', () => {
  test('facts come page by page with the head of the chain', async () => {
    for (let n = 1; n <= 5; n += 1) given.memory.facts.push(factOf(n));
    const schema = z.object({
      items: z.array(z.object({ sequence: z.number() })),
      next: z.string().nullable(),
      head: z.object({ sequence: z.number() }),
    });
    const first = schema.parse((await get('/incidents/inc_1/timeline?limit=3')).json());
    expect(first.items.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(first.head.sequence).toBe(5);
    const url = `/incidents/inc_1/timeline?limit=3&cursor=${first.next ?? ''}`;
    const second = schema.parse((await get(url)).json());
    expect(second.items.map(({ sequence }) => sequence)).toEqual([4, 5]);
    expect(second.next).toBeNull();
  });
});
