import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { createIntake } from '../../api/intake.ts';
import {
  addPerson,
  APPROVAL,
  as,
  createTestApi,
  INCIDENT,
  PLAN_DIGEST,
} from '../../api/test-api.ts';
import { emptyMemory } from '../../api/test-memory.ts';
import { signedPart } from '../../domain/decision.ts';
import type { Actor } from '../../domain/decision.ts';
import { digestOf, sha256Hex } from '../../evidence/digest.ts';
import { createStore } from '../../store/database.ts';
import { FALLBACK_ROUTE } from '../../intake/routing.ts';
import type { Store } from '../../store/tables.ts';
import { freshDatabase, unique } from '../harness.ts';
import { SCOPES } from '../../domain/scope.ts';

// Goal: what the API promises holds over the real database: one row for one decision however often and however
// close together it is sent, the quorum settled once, a webhook in the store when its 202 is out.
// Method: the server as the API's database role over a fresh database; the rows are read back.

let app: FastifyInstance;
let store: Store;
let worker: Store;
let drop: () => Promise<void>;

const actor: Actor = { person: 'responder', name: 'r', roles: ['responder'], channel: 'api' };

beforeAll(async () => {
  const database = await freshDatabase();
  drop = () => database.drop();
  store = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 6 });
  worker = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 2 });
  const memory = emptyMemory();
  for (const [id, role] of [
    ['responder', 'responder'],
    ['sam', 'approver-security'],
    ['sue', 'approver-security'],
    ['olga', 'approver-model-owner'],
  ] as const) {
    addPerson(memory, id, [role]);
  }
  for (const person of memory.people.values()) await store.people.put(person);
  for (const [sha256, { personId }] of memory.tokens) {
    await store.people.addToken({
      personId,
      sha256,
      label: 'test',
      expiresAt: null,
      canApprove: true,
      scopes: SCOPES,
    });
  }
  const router = {
    route: () => ({
      routing: {
        incidentKey: 'model/fraud-scorer',
        incident: { ...INCIDENT, playbookName: 'model-drift' },
        reopenWindowSeconds: 0,
        claimTargets: [],
        storm: null,
      },
      explanation: {
        route: 'r',
        steps: [],
        suspect: null,
        targets: { status: 'none' as const, entry: null, candidates: [], steps: [] },
      },
      route: FALLBACK_ROUTE,
    }),
  };
  const source = {
    name: 'prometheus',
    kind: 'alertmanager' as const,
    authentication: { kind: 'bearer' as const, tokenSha256: [sha256Hex('am-token')] },
    mapping: null,
    ignoreLabels: [],
  };
  const intake = createIntake({ sources: [source], router });
  ({ app } = createTestApi({ store, intake, clock: () => new Date() }));
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await store.close();
  await worker.close();
  await drop();
});

async function openIncident(): Promise<string> {
  const { incident } = await store.incidents.open({
    requestId: unique('open'),
    incidentKey: unique('key'),
    incident: { ...INCIDENT, origin: { kind: 'person', by: actor.person, channel: 'api' } },
    reopenWindowSeconds: 0,
    openedAt: new Date().toISOString(),
  });
  return incident.id;
}

async function openApproval(): Promise<string> {
  const incidentId = await openIncident();
  const { status, statusReason, settledAt, ...approval } = APPROVAL;
  expect([status, statusReason, settledAt]).toEqual(['open', null, null]);
  const opened = await worker.approvals.open({
    ...approval,
    id: unique('apr'),
    incidentId,
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  return opened.id;
}

const answer = (approvalId: string, person: string, decisionId: string) =>
  app.inject({
    method: 'POST',
    url: `/api/v1/approvals/${approvalId}/decision`,
    headers: as(person),
    payload: { decisionId, planDigest: PLAN_DIGEST, verdict: 'approve' },
  });

describe('decisions over the real store', () => {
  test('twenty clicks of one person at once are one row; two people settle once', async () => {
    const id = await openApproval();
    const clicks = await Promise.all(
      Array.from({ length: 20 }, () => answer(id, 'sam', `${id}-sam`)),
    );
    expect(new Set(clicks.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
    expect(await store.decisions.approvalsOf(id)).toHaveLength(1);
    expect((await store.approvals.get(id))?.status).toBe('open');
    expect((await answer(id, 'olga', `${id}-olga`)).statusCode).toBe(202);
    expect((await store.approvals.get(id))?.status).toBe('approved');
    for (const decision of await store.decisions.approvalsOf(id)) {
      expect(decision.signature).toBe(digestOf(signedPart(decision)));
    }
  });

  test('all approvers at the same moment: the quorum is settled, nobody is counted twice', async () => {
    const id = await openApproval();
    const replies = await Promise.all(
      ['sam', 'sue', 'olga', 'sam', 'olga'].map((person, index) =>
        answer(id, person, `${id}-${person}-${index.toString()}`),
      ),
    );
    const decisions = await store.decisions.approvalsOf(id);
    const people = decisions.map((decision) => decision.actor.person);
    expect(new Set(people).size).toBe(people.length);
    expect((await store.approvals.get(id))?.status).toBe('approved');
    expect(replies.filter(({ statusCode }) => statusCode === 202)).toHaveLength(decisions.length);
    expect(replies.every(({ statusCode }) => statusCode === 202 || statusCode === 409)).toBe(true);
  });

  test('every command is stored with work for the relay', async () => {
    const id = await openIncident();
    const before = await worker.outbox.depth();
    const reply = await app.inject({
      method: 'POST',
      url: `/api/v1/incidents/${id}/note`,
      headers: { ...as('responder'), 'idempotency-key': `note-${id}` },
      payload: { text: 'NUL \u0000 and \u{1f4a9}' },
    });
    expect(reply.statusCode).toBe(202);
    expect(await worker.outbox.depth()).toBe(before + 1);
    expect((await store.decisions.get(`note-${id}`))?.command).toMatchObject({ kind: 'note' });
  });

  test('the outcome that the workflow gives in time is the answer', async () => {
    const id = await openIncident();
    const key = `pause-${id}`;
    const { app: waiting } = createTestApi({ store, limits: { decisionWaitMs: 10_000 } });
    const sent = waiting.inject({
      method: 'POST',
      url: `/api/v1/incidents/${id}/pause`,
      headers: { ...as('responder'), 'idempotency-key': key },
      payload: { reason: 'look first' },
    });
    const settling = (async () => {
      while ((await worker.decisions.get(key)) === null) await Promise.resolve();
      await worker.decisions.settle(key, 'accepted', null);
    })();
    const [reply] = await Promise.all([sent, settling]);
    expect([reply.statusCode, reply.json()]).toMatchObject([
      200,
      { decision: { outcome: 'accepted' } },
    ]);
    await waiting.close();
  });
});

describe('webhooks over the real store', () => {
  const acceptedSchema = z.object({
    alerts: z.array(
      z.object({ alertId: z.string(), duplicate: z.boolean(), incidentId: z.string().nullable() }),
    ),
  });
  const alert = (name: string) => ({
    status: 'firing',
    labels: { alertname: name },
    annotations: {},
    startsAt: '2026-11-23T10:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
  });
  const send = (alerts: readonly object[]) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/alerts/alertmanager',
      headers: { authorization: 'Bearer am-token' },
      payload: { version: '4', alerts },
    });

  test('a hundred deliveries at once: each gets its own receipt, repeats are told', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `alert-${(index % 50).toString()}`);
    const replies = await Promise.all(names.map((name) => send([alert(name)])));
    const receipts = replies.map((reply) => {
      expect(reply.statusCode).toBe(202);
      return acceptedSchema.parse(reply.json()).alerts[0];
    });
    expect(receipts.filter((receipt) => receipt?.duplicate === false)).toHaveLength(50);
    const incidents = new Set(receipts.map((receipt) => receipt?.incidentId));
    expect(incidents.size).toBe(1);
    expect(incidents.has(null)).toBe(false);
  });

  test('pages of the real store follow each other over the API', async () => {
    await openIncident();
    await openIncident();
    const pageSchema = z.object({
      items: z.array(z.object({ id: z.string() })),
      next: z.string().nullable(),
    });
    const seen: string[] = [];
    let query = '?limit=1';
    for (let page = 0; page < 100; page += 1) {
      const reply = await app.inject({
        url: `/api/v1/incidents${query}`,
        headers: as('responder'),
      });
      const { items, next } = pageSchema.parse(reply.json());
      seen.push(...items.map(({ id }) => id));
      if (next === null) break;
      query = `?limit=1&cursor=${next}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });
});
