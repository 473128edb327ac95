import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { signedPart } from '../domain/decision.ts';
import { digestOf } from '../evidence/digest.ts';
import { COMMAND_NAMES, decisionSchema } from './schema/decision.ts';
import { problemSchema } from './schema/problem.ts';
import { addPerson, APPROVAL, as, createTestApi, INCIDENT, NOW, PLAN_DIGEST } from './test-api.ts';

// Goal: a decision becomes exactly one signed row or a refusal, whoever repeats it, at once or later. Method: the
// server over a store in memory whose transactions run one after the other.

let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi();
});
afterEach(() => given.app.close());

const replySchema = z.object({ decision: decisionSchema });

interface Post {
  readonly url: string;
  readonly person: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

function post({ url, person, body, headers = {} }: Post) {
  return given.app.inject({
    method: 'POST',
    url: `/api/v1${url}`,
    headers: { ...as(person), ...headers },
    payload: body,
  });
}

const approve = (person: string, change: object = {}) =>
  post({
    url: '/approvals/apr_1/decision',
    person,
    body: { planDigest: PLAN_DIGEST, verdict: 'approve', decisionId: `d-${person}`, ...change },
  });

describe('approving', () => {
  test('two people of the two roles: the second settles the approval, each row is signed', async () => {
    const first = await approve('approver-security');
    expect(first.statusCode).toBe(202);
    expect(replySchema.parse(first.json()).decision.outcome).toBe('pending');
    expect(given.memory.approvals.get('apr_1')?.status).toBe('open');
    expect((await approve('approver-model-owner')).statusCode).toBe(202);
    expect(given.memory.approvals.get('apr_1')?.status).toBe('approved');
    for (const decision of given.memory.decisions.values()) {
      expect(decision.signature).toBe(digestOf(signedPart(decision)));
    }
  });

  test('a double click and a replay answer the one decision', async () => {
    const [one, two] = await Promise.all([
      approve('approver-security'),
      approve('approver-security'),
    ]);
    expect([one.statusCode, two.statusCode]).toEqual([202, 202]);
    expect(one.json()).toEqual(two.json());
    expect(given.memory.decisions.size).toBe(1);
    const later = await approve('approver-security');
    expect(later.json()).toEqual(one.json());
  });

  test('the same person under another id counts no second time', async () => {
    await approve('approver-security');
    const again = await approve('approver-security', { decisionId: 'another' });
    expect(again.statusCode).toBe(409);
    expect(given.memory.decisions.size).toBe(1);
    expect(given.memory.approvals.get('apr_1')?.status).toBe('open');
  });

  test('an id used by somebody else, or for something else, is a conflict', async () => {
    await approve('approver-security', { decisionId: 'shared' });
    expect((await approve('approver-model-owner', { decisionId: 'shared' })).statusCode).toBe(409);
    const other = await approve('approver-security', {
      decisionId: 'shared',
      verdict: 'reject',
      reason: 'no',
    });
    expect(other.statusCode).toBe(409);
    expect(given.memory.decisions.size).toBe(1);
  });

  test('two at once of the same role: both admitted, the quorum is not met by them', async () => {
    addPerson(given.memory, 'sue', ['approver-security']);
    await Promise.all([approve('approver-security'), approve('sue')]);
    expect(given.memory.decisions.size).toBe(2);
    expect(given.memory.approvals.get('apr_1')?.status).toBe('open');
  });

  test.each<readonly [string, object, number, string]>([
    ['a plan that changed', { planDigest: 'b'.repeat(64) }, 409, 'conflict'],
    ['a digest that is none', { planDigest: 'xyz' }, 400, 'invalid'],
    ['no digest', { planDigest: undefined }, 400, 'invalid'],
    ['an unknown verdict', { verdict: 'maybe' }, 400, 'invalid'],
    ['a rejection without a reason', { verdict: 'reject' }, 400, 'invalid'],
    ['fields that the client may not set', { outcome: 'accepted' }, 400, 'invalid'],
    ['an id with a path', { decisionId: '../x' }, 400, 'invalid'],
  ])('%s', async (...[, change, status, code]) => {
    const reply = await approve('approver-security', change);
    expect(reply.statusCode).toBe(status);
    expect(problemSchema.parse(reply.json()).code).toBe(code);
    expect(given.memory.decisions.size).toBe(0);
  });

  test('after expiry nothing is admitted', async () => {
    await given.app.close();
    given = createTestApi({ clock: () => new Date(APPROVAL.expiresAt) });
    const reply = await approve('approver-security');
    expect([reply.statusCode, given.memory.decisions.size]).toEqual([403, 0]);
  });

  test('a person who is deactivated between the request and the lock has no say', async () => {
    const { store } = given.dependencies;
    await given.app.close();
    given = createTestApi({
      store: {
        ...store,
        people: {
          ...store.people,
          get: async (id) => {
            const person = await store.people.get(id);
            return person === null ? null : { ...person, active: false };
          },
        },
        transaction: (work) =>
          store.transaction((tables) =>
            work({
              ...tables,
              people: {
                ...tables.people,
                get: async (id) => {
                  const person = await tables.people.get(id);
                  return person === null ? null : { ...person, active: false };
                },
              },
            }),
          ),
      },
    });
    expect((await approve('approver-security')).statusCode).toBe(403);
  });

  test('the bootstrap token approves nothing, also when its person may', async () => {
    const person = { roles: ['admin', 'approver-security'] as const };
    addPerson(given.memory, 'root', person.roles);
    const reply = await approve('root');
    expect([reply.statusCode, given.memory.decisions.size]).toEqual([403, 0]);
  });

  test('a rejection settles at once and says why', async () => {
    const reply = await approve('approver-security', { verdict: 'reject', reason: 'Wrong model.' });
    expect(reply.statusCode).toBe(202);
    expect(given.memory.approvals.get('apr_1')).toMatchObject({
      status: 'rejected',
      statusReason: 'Wrong model.',
    });
    expect((await approve('approver-model-owner')).statusCode).toBe(409);
  });
});

describe('commands', () => {
  const BODIES: Readonly<Record<(typeof COMMAND_NAMES)[number], object>> = {
    acknowledge: {},
    note: { text: 'seen' },
    severity: { severity: 'sev1', reason: 'r' },
    'hand-over': { to: 'responder' },
    veto: { reason: 'r' },
    pause: { reason: 'r' },
    resume: {},
    retry: {},
    skip: { operation: 'check', reason: 'r' },
    'mark-done': { operation: 'check', reason: 'r' },
    targets: { model: 'fraud-scorer', reason: 'r' },
    reroute: { playbook: 'model-drift', reason: 'r' },
    'target-add': { cluster: 'kubernetes', namespace: 'ml', name: 'shadow', reason: 'r' },
    'target-remove': { cluster: 'kubernetes', namespace: 'ml', name: 'canary', reason: 'r' },
    cancel: { reason: 'r' },
    'stand-down': { reason: 'r' },
    close: { verdict: 'false_positive', reason: 'r' },
  };

  test.each(COMMAND_NAMES)('%s becomes a decision row of the person', async (name) => {
    given.memory.incidents.set('inc_1', { ...INCIDENT, state: name === 'pause' ? 'open' : 'held' });
    const reply = await post({
      url: `/incidents/inc_1/${name}`,
      person: 'responder',
      body: BODIES[name],
      headers: { 'idempotency-key': 'key-1', 'x-firebreak-channel': 'cli' },
    });
    expect(reply.statusCode).toBe(202);
    expect(given.memory.decisions.get('key-1')).toMatchObject({
      incidentId: 'inc_1',
      command: { kind: name },
      actor: { person: 'responder', channel: 'cli' },
      decidedAt: NOW,
      outcome: 'pending',
    });
  });

  test.each(COMMAND_NAMES)('%s of a viewer is 403 and leaves nothing', async (name) => {
    const reply = await post({
      url: `/incidents/inc_1/${name}`,
      person: 'viewer',
      body: BODIES[name],
    });
    expect([reply.statusCode, given.memory.decisions.size]).toEqual([403, 0]);
  });

  test('an outcome that is known in time answers 200', async () => {
    await given.app.close();
    given = createTestApi({ limits: { decisionWaitMs: 5_000 } });
    const { memory } = given;
    const { store } = given.dependencies;
    const settling = (async () => {
      while (memory.decisions.size === 0) await new Promise((resolve) => setImmediate(resolve));
      await store.decisions.settle('key-1', 'refused', 'Nothing is waiting.');
    })();
    const reply = await post({
      url: '/incidents/inc_1/retry',
      person: 'responder',
      body: { decisionId: 'key-1' },
    });
    await settling;
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      decision: { outcome: 'refused', reason: 'Nothing is waiting.' },
    });
  });

  test('header and body may not name different ids', async () => {
    const reply = await post({
      url: '/incidents/inc_1/retry',
      person: 'responder',
      body: { decisionId: 'a' },
      headers: { 'idempotency-key': 'b' },
    });
    expect(problemSchema.parse(reply.json()).field).toBe('idempotency-key');
  });

  test('an incident is handed to active people only', async () => {
    const reply = await post({
      url: '/incidents/inc_1/hand-over',
      person: 'responder',
      body: { to: 'nobody' },
    });
    expect(reply.statusCode).toBe(400);
    expect(problemSchema.parse(reply.json()).field).toBe('body.to');
  });

  test('a decision can be looked at again', async () => {
    await post({
      url: '/incidents/inc_1/note',
      person: 'responder',
      body: { text: 't', decisionId: 'n-1' },
    });
    const reply = await given.app.inject({ url: '/api/v1/decisions/n-1', headers: as('viewer') });
    expect(reply.json()).toMatchObject({ decision: { id: 'n-1', kind: 'note', by: 'responder' } });
  });
});
