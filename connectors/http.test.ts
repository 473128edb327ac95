// Goal: every failure of an HTTP exchange gets the one code that decides what happens next, and no secret gets out.
// Method: a loopback server whose answers a fault plan chooses; refused and lost connections are real ones.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { isAppError, type ErrorCode } from '../domain/error.ts';
import { createFaultPlan } from '../lab/fault.ts';
import { startTwin, type Twin } from '../lab/twin.ts';
import type { CallContext } from './connector.ts';
import {
  createHttpClient,
  type HttpCall,
  type HttpClient,
  type HttpClientOptions,
} from './http.ts';
import { sendOver, type Send } from './http-transport.ts';
import { failureOf } from './test-connector.ts';

const SECRET = 's3cr3t/token+value';
const anything = z.unknown();

let twin: Twin;
let clients: HttpClient[];
let permits: number;

beforeEach(async () => {
  clients = [];
  permits = 0;
  twin = await startTwin({
    name: 'echo',
    faults: createFaultPlan(),
    handler: (request) => ({
      status: 200,
      changed: request.method !== 'GET',
      body: {
        path: request.url.pathname,
        query: request.url.search,
        auth: request.headers.authorization,
      },
    }),
  });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await twin.close();
});

function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({
    name: 'Echo',
    baseUrl: twin.url,
    headers: () => Promise.resolve({ authorization: `Bearer ${SECRET}` }),
    secrets: [SECRET],
    ...options,
  });
  clients.push(client);
  return client;
}

function contextOf(given: Partial<CallContext> = {}): CallContext {
  return {
    idempotencyKey: 'key',
    incidentId: 'incident',
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    permit: () => {
      permits += 1;
      return Promise.resolve();
    },
    now: () => new Date('2026-11-23T12:00:00Z'),
    ...given,
  };
}

function codeOf(error: unknown): ErrorCode {
  if (!isAppError(error)) throw error;
  return error.code;
}

const READ: HttpCall<unknown> = { method: 'GET', path: ['a'], schema: anything };
const WRITE: HttpCall<unknown> = { method: 'POST', path: ['a'], json: { b: 1 }, schema: anything };

describe('addresses', () => {
  test('encode segments, keep the prefix of the base address and send the query', async () => {
    const client = clientOf({ baseUrl: `${twin.url}/prefix/` });
    const reply = await client.call(
      {
        method: 'GET',
        path: ['a/b', 'ü?#', '%2e'],
        query: { x: '1&2', y: undefined, z: 3 },
        schema: z.object({ path: z.string(), query: z.string(), auth: z.string() }),
      },
      contextOf(),
    );
    expect(reply.value).toEqual({
      path: '/prefix/a%2Fb/%C3%BC%3F%23/%252e',
      query: '?x=1%262&z=3',
      auth: `Bearer ${SECRET}`,
    });
  });

  test.each([[['..']], [['a', '.']], [['']], [['\ud800']]])('refuse the path %j', async (path) => {
    const error = await failureOf(clientOf().call({ ...READ, path }, contextOf()));
    expect(error.code).toBe('invalid');
    expect(twin.ledger).toHaveLength(0);
  });
});

describe('permits', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each([
    ['in time', 2_400, 1],
    ['too late', 2_600, 0],
  ])('that come %s are used accordingly', async (_when, waitedMs, sent) => {
    // A process that is stopped between its permit and its request sees this when it goes on.
    const permit = (): Promise<void> => {
      jest.spyOn(performance, 'now').mockReturnValue(performance.now() + waitedMs);
      return Promise.resolve();
    };
    const code = await clientOf()
      .call(WRITE, contextOf({ permit }))
      .then(() => null, codeOf);
    expect(code).toBe(sent === 1 ? null : 'unavailable');
    expect(twin.ledger).toHaveLength(sent);
  });

  test('of a process that stops while it connects are not used after its deadline', async () => {
    const send = sendOver();
    const slow: Send = (url, request) => {
      const answered = send(url, request);
      // Nothing of this process runs meanwhile, timers included.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      return answered;
    };
    const error = await failureOf(
      clientOf({ timeoutMs: 300, send: slow }).call(WRITE, contextOf()),
    );
    expect(error.code).toBe('outcome_unknown');
    expect(twin.ledger).toHaveLength(0);
  });

  test('are asked right before every change and never for a read', async () => {
    const client = clientOf();
    await client.call(READ, contextOf());
    await client.call({ ...WRITE, readOnly: true }, contextOf());
    expect(permits).toBe(0);
    await client.call(WRITE, contextOf());
    expect(permits).toBe(1);
  });

  test('stop the change when refused', async () => {
    const permit = (): Promise<void> => Promise.reject(new Error('no'));
    await expect(clientOf().call(WRITE, contextOf({ permit }))).rejects.toThrow('no');
    expect(twin.ledger).toHaveLength(0);
  });
});

describe('failures', () => {
  test('a refused connection is unavailable, also for a change', async () => {
    const baseUrl = twin.url;
    await twin.close();
    const error = await failureOf(clientOf({ baseUrl }).call(WRITE, contextOf()));
    expect(error.code).toBe('unavailable');
  });

  test('a shape that the schema does not know is bad_reply and names the field', async () => {
    const schema = z.object({ path: z.number() });
    const error = await failureOf(clientOf().call({ ...READ, schema }, contextOf()));
    expect([error.code, error.field]).toEqual(['bad_reply', 'path']);
  });

  test('an accepted status is an answer, JSON or not', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 404, body: 'gone' } });
    const reply = await clientOf().call({ ...READ, accept: [404] }, contextOf());
    expect([reply.status, reply.value]).toEqual([404, 'gone']);
  });

  test('an empty reply is undefined', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 204 } });
    const reply = await clientOf().call({ ...READ, schema: z.undefined() }, contextOf());
    expect(reply.status).toBe(204);
  });

  test('a credential that cannot be a header is not quoted', async () => {
    const headers = (): Promise<Record<string, string>> =>
      Promise.resolve({ authorization: `${SECRET}\nx` });
    const error = await failureOf(clientOf({ headers }).call(READ, contextOf()));
    expect(error.code).toBe('invalid');
    expect(`${error.message}${String(error.cause)}`).not.toContain(SECRET);
  });

  test('words of the system are cut to one short line', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 400, body: 'x\n\u0007'.repeat(4_000) } });
    const error = await failureOf(clientOf().call(READ, contextOf()));
    expect(error.message.length).toBeLessThan(400);
    expect(error.message.split('\n').length + error.message.split('\u0007').length).toBe(2);
  });
});

describe('a credential that is refused', () => {
  const refusal = { kind: 'reply', reply: { status: 401 } } as const;

  /** A client whose credential is another one each time it is asked for, up to the last. */
  function renewing(credentials: readonly string[]): { client: HttpClient; asked: () => number } {
    let asked = 0;
    const headers = (): Promise<Record<string, string>> => {
      const authorization = credentials[Math.min(asked, credentials.length - 1)] ?? '';
      asked += 1;
      return Promise.resolve({ authorization });
    };
    return { client: clientOf({ headers }), asked: () => asked };
  }

  test('is read again once; with a newer one the change is sent again, under a permit of its own', async () => {
    twin.faults.add(refusal);
    const { client } = renewing(['Bearer old', 'Bearer new']);
    const schema = z.object({ auth: z.string() });
    const reply = await client.call({ ...WRITE, schema }, contextOf());
    expect(reply.value.auth).toBe('Bearer new');
    expect([permits, twin.ledger.filter(({ changed }) => changed).length]).toEqual([2, 1]);
  });

  test.each([
    ['the same one is not tried twice', ['Bearer old'], 1],
    ['newer ones are not tried for ever', ['Bearer 1', 'Bearer 2', 'Bearer 3'], 2],
  ])('%s', async (_what, credentials, calls) => {
    twin.faults.add(refusal, { times: 10 });
    const { client, asked } = renewing(credentials);
    expect((await failureOf(client.call(WRITE, contextOf()))).code).toBe('unauthorized');
    expect([twin.ledger.length, asked()]).toEqual([calls, 2]);
  });
});

describe('stopping', () => {
  test('an abort ends a call within a second', async () => {
    const controller = new AbortController();
    twin.faults.add({ kind: 'delay', delayMs: 3_000 });
    const work = failureOf(clientOf().call(READ, contextOf({ signal: controller.signal })));
    const started = Date.now();
    controller.abort();
    expect((await work).code).toBe('unavailable');
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  test('a stopped call is never sent', async () => {
    const signal = AbortSignal.abort();
    expect((await failureOf(clientOf().call(WRITE, contextOf({ signal })))).code).toBe(
      'unavailable',
    );
    expect(twin.ledger).toHaveLength(0);
  });

  test('a closed client sends nothing', async () => {
    const client = clientOf();
    await client.close();
    expect((await failureOf(client.call(WRITE, contextOf()))).code).toBe('unavailable');
    expect(twin.ledger).toHaveLength(0);
  });
});

describe('streams', () => {
  async function sizeOf(pieces: AsyncIterable<Uint8Array>): Promise<number> {
    let size = 0;
    for await (const piece of pieces) size += piece.byteLength;
    return size;
  }

  test('give all bytes up to the cap and too_large beyond it', async () => {
    const body = Buffer.alloc(300_000, 1);
    twin.faults.add({ kind: 'reply', reply: { status: 200, body } }, { times: 2 });
    const client = clientOf();
    const whole = await client.bytes({ path: ['f'], bytesMax: 300_000 }, contextOf());
    expect(await sizeOf(whole.pieces)).toBe(300_000);
    const cut = await client.bytes({ path: ['f'], bytesMax: 299_999 }, contextOf());
    expect((await failureOf(sizeOf(cut.pieces))).code).toBe('too_large');
  });

  test('that never fall silent end all the same', async () => {
    twin.faults.add({ kind: 'damage', damage: 'dripping' });
    const client = clientOf({ streamTimeoutMs: 300 });
    const reply = await client.bytes({ path: ['f'], bytesMax: 1_000 }, contextOf());
    expect((await failureOf(sizeOf(reply.pieces))).code).toBe('unavailable');
  });

  test('map a refusal like any other answer', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 403, body: SECRET } });
    const error = await failureOf(clientOf().bytes({ path: ['f'], bytesMax: 1 }, contextOf()));
    expect(error.code).toBe('unauthorized');
    expect(error.message).not.toContain(SECRET);
  });
});
