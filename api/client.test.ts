import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../domain/error.ts';
import { api, createClient, type ApiClient } from './client.ts';
import { createTestApi, factOf, PLAN_DIGEST } from './test-api.ts';

// Goal: the client speaks the server's contract, keeps its error codes, and loses no fact when a connection breaks.
// Method: the real server on a free port over a store in memory.

let given: ReturnType<typeof createTestApi>;
let url: string;
let ended: AbortController;

const clientOf = (person: string | null): ApiClient =>
  createClient({
    url,
    token: person === null ? null : `fb_${person}`,
    channel: 'cli',
    signal: ended.signal,
  });

beforeEach(async () => {
  ended = new AbortController();
  given = createTestApi();
  url = await given.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  ended.abort();
  await given.app.close();
});

describe('client', () => {
  test('replies are typed and parsed; paths and queries are encoded', async () => {
    const { items } = await clientOf('viewer').call(api.incidents.list, {
      querystring: { state: 'open,held', limit: 5 },
    });
    expect(items.map(({ id }) => id)).toEqual(['inc_1']);
    await expect(
      clientOf('viewer').call(api.incidents.show, { params: { id: '../people' } }),
    ).rejects.toMatchObject({ code: 'invalid' });
  });

  test('a decision goes through its door and comes back', async () => {
    const { decision } = await clientOf('approver-security').call(api.approvals.answer, {
      params: { id: 'apr_1' },
      body: { decisionId: 'd-1', planDigest: PLAN_DIGEST, verdict: 'approve' },
    });
    expect(decision).toMatchObject({ id: 'd-1', kind: 'approve', outcome: 'pending' });
    expect(given.memory.decisions.get('d-1')?.actor.channel).toBe('cli');
  });

  test.each([
    ['unauthorized', null, 'inc_1'],
    ['not_found', 'viewer', 'nothing'],
  ])('%s keeps its code and the request id', async (code, person, id) => {
    const call = clientOf(person).call(api.incidents.show, { params: { id } });
    await expect(call).rejects.toMatchObject({ code, details: { requestId: expect.any(String) } });
  });

  test('a status that the contract lists is a reply, not an error', async () => {
    given.memory.trouble = new AppError('unavailable', 'down');
    const reply = await clientOf(null).call(api.status.ready, {});
    expect(reply.ready).toBe(false);
  });

  test('nobody there is `unavailable`, told apart from a server that says so', async () => {
    await given.app.close();
    const call = clientOf('viewer').call(api.incidents.list, { querystring: {} });
    await expect(call).rejects.toMatchObject({
      code: 'unavailable',
      details: { reason: 'unreachable' },
    });
  });

  test('facts go on where they broke, without gap or repeat', async () => {
    given.memory.facts.push(factOf(1), factOf(2));
    const { port } = new URL(url);
    const seen: number[] = [];
    for await (const { sequence } of clientOf('viewer').facts('inc_1', 0)) {
      seen.push(sequence);
      if (sequence === 2) {
        const { memory } = given;
        await given.app.close();
        given = createTestApi();
        given.memory.facts.push(...memory.facts, factOf(3));
        await given.app.listen({ host: '127.0.0.1', port: Number(port) });
      }
      if (sequence === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  test('following what may not be followed fails at once', async () => {
    const facts = clientOf('viewer').facts('nothing', 0);
    await expect(facts.next()).rejects.toMatchObject({ code: 'not_found' });
  });
});
