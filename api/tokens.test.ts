// Goal: a token is for what it says and no more, ends, and a source's token is good for that source alone. Method: tokens made through
// the API over memory, used on the routes that they are for and on others.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sha256Hex } from '../evidence/digest.ts';
import { addPerson, APPROVAL, as, createTestApi, limitToken, PLAN_DIGEST } from './test-api.ts';

const TOMORROW = '2026-11-24T10:00:00.000Z';
let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi();
});
afterEach(() => given.app.close());

const make = (by: string, whom: string, body: object = {}) =>
  given.app.inject({
    method: 'POST',
    url: `/api/v1/people/${whom}/tokens`,
    headers: as(by),
    payload: { label: 'x', expiresAt: TOMORROW, ...body },
  });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function made(by: string, whom: string, scopes: readonly string[]): Promise<string> {
  return (await make(by, whom, { scopes })).json<{ token: string }>().token;
}

test('a new token only looks, unless more was said', async () => {
  const reply = await make('admin', 'responder');
  expect(reply.json()).toMatchObject({ scopes: ['read'], canApprove: false, expiresAt: TOMORROW });
});

test.each([
  ['that never ends', { expiresAt: null }],
  ['that has ended', { expiresAt: '2026-11-23T10:00:00.000Z' }],
  ['that ends after more than a year', { expiresAt: '2027-11-25T10:00:00.000Z' }],
  ['for nothing', { scopes: [] }],
  ['for what there is not', { scopes: ['everything'] }],
])('there is no token %s', async (_what, body) => {
  expect((await make('admin', 'responder', body)).statusCode).toBe(400);
});

test('a token without `decide` approves nothing, whatever its person may', async () => {
  const token = await made('approver-security', 'approver-security', ['read', 'steer', 'account']);
  const url = `/api/v1/approvals/${APPROVAL.id}/decision`;
  const answer = (headers: object) =>
    given.app.inject({
      ...{ method: 'POST', url, headers: { ...headers } },
      payload: { planDigest: PLAN_DIGEST, verdict: 'approve' },
    });
  expect((await answer(bearer(token))).json()).toMatchObject({
    status: 403,
    permission: 'a token with the scope decide',
  });
  // Nor does what is made with it: a password of theirs, or another token.
  const password = await given.app.inject({
    ...{ method: 'POST', url: '/api/v1/people/approver-security/password', payload: {} },
    headers: bearer(token),
  });
  expect(password.json()).toMatchObject({ canApprove: false });
  given.memory.approvals.set(APPROVAL.id, APPROVAL);
  expect((await answer(as('approver-security'))).statusCode).toBeLessThan(300);
});

test('a token makes none of its person’s that is for more; others’ only with `admin`', async () => {
  addPerson(given.memory, 'small', ['admin']);
  limitToken(given.memory, 'small', ['read', 'account']);
  expect((await make('small', 'small', { scopes: ['read', 'decide'] })).json()).toMatchObject({
    status: 403,
    permission: 'a token with decide',
  });
  expect((await make('small', 'small', { scopes: ['account'] })).statusCode).toBe(201);
  expect((await make('small', 'responder')).statusCode).toBe(403);
  expect((await make('responder', 'viewer')).statusCode).toBe(403);
});

const SOURCE = '/api/v1/sources/monitor/tokens';
const post = (url: string, headers: Readonly<Record<string, string>>, payload: object = {}) =>
  given.app.inject({ method: 'POST', url, headers: { ...headers }, payload });
const sourceToken = async (): Promise<string> =>
  (await post(SOURCE, as('admin'), { label: 'prod', expiresAt: TOMORROW })).json<{
    token: string;
  }>().token;

test('a source’s token posts to its source, and opens nothing else', async () => {
  const token = await sourceToken();
  const alerts = '/api/v1/alerts';
  expect((await post(`${alerts}/alertmanager`, bearer(token))).statusCode).toBe(202);
  expect((await post(`${alerts}/alertmanager?source=monitor`, bearer(token))).statusCode).toBe(202);
  expect(given.memory.deliveries.map(({ source }) => source)).toEqual(['monitor', 'monitor']);
  for (const url of [
    `${alerts}/alertmanager?source=other`,
    `${alerts}/generic/monitor`,
    `${alerts}/cloudevents`,
    '/api/v1/incidents',
    '/api/v1/halts',
    '/api/v1/lineage',
  ]) {
    expect((await post(url, bearer(token))).statusCode).toBe(401);
  }
  expect((await post(`${alerts}/alertmanager`, as('responder'))).statusCode).toBe(401);
});

test('a source’s token ends at once, and is made for a source that there is, by an administrator', async () => {
  const token = await sourceToken();
  const id = sha256Hex(token).slice(0, 16);
  expect((await post(`${SOURCE}/${id}/revoke`, as('responder'))).statusCode).toBe(403);
  expect((await post(`${SOURCE}/${id}/revoke`, as('admin'))).statusCode).toBe(200);
  expect((await post('/api/v1/alerts/alertmanager', bearer(token))).statusCode).toBe(401);
  expect((await post(`${SOURCE}/${id}/revoke`, as('admin'))).statusCode).toBe(404);
  const body = { label: 'x', expiresAt: TOMORROW };
  const none = '/api/v1/sources/nothing/tokens';
  expect((await post(none, as('admin'), body)).statusCode).toBe(404);
  expect((await post(SOURCE, as('responder'), body)).statusCode).toBe(403);
});
