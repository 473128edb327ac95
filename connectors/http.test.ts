// Goal: every failure of an HTTP exchange gets the one code that decides what happens next, and no secret gets out.
// Method: a loopback server whose answers a fault plan chooses; refused and lost connections are real ones.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { isAppError, type AppError, type ErrorCode } from '../domain/error.ts';
import { createFaultPlan, type Fault } from '../lab/fault.ts';
import { startTwin, type Twin } from '../lab/twin.ts';
import type { CallContext } from './connector.ts';
import { retryAfterOf } from './http-failure.ts';
import {
  createHttpClient,
  type HttpCall,
  type HttpClient,
  type HttpClientOptions,
} from './http.ts';

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

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => new Error('no failure'),
    (caught: unknown) => caught,
  );
  if (!isAppError(error)) throw error;
  return error;
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

interface FailureCase {
  readonly what: string;
  readonly fault: Fault;
  readonly read: ErrorCode;
  readonly write: ErrorCode;
}

function replying(status: number, codes: readonly [ErrorCode, ErrorCode]): FailureCase {
  const reply = { status, body: { message: `because ${SECRET}` } };
  const [read, write] = codes;
  return { what: `status ${status.toString()}`, fault: { kind: 'reply', reply }, read, write };
}

const FAILURES: readonly FailureCase[] = [
  {
    what: 'cut before',
    fault: { kind: 'cut-before' },
    read: 'unavailable',
    write: 'outcome_unknown',
  },
  {
    what: 'cut after',
    fault: { kind: 'cut-after' },
    read: 'unavailable',
    write: 'outcome_unknown',
  },
  {
    what: 'too slow',
    fault: { kind: 'delay', delayMs: 600 },
    read: 'unavailable',
    write: 'outcome_unknown',
  },
  {
    what: 'no JSON',
    fault: { kind: 'replace', reply: { status: 200, body: '<html>' } },
    read: 'bad_reply',
    write: 'bad_reply',
  },
  {
    what: 'a redirect',
    fault: { kind: 'reply', reply: { status: 302, headers: { location: 'http://127.0.0.1:1/' } } },
    read: 'bad_reply',
    write: 'bad_reply',
  },
  {
    what: 'a flood',
    fault: { kind: 'replace', reply: { status: 200, body: 'x'.repeat(5_000) } },
    read: 'too_large',
    write: 'too_large',
  },
  replying(400, ['invalid', 'invalid']),
  replying(401, ['unauthorized', 'unauthorized']),
  replying(403, ['unauthorized', 'unauthorized']),
  replying(404, ['not_found', 'not_found']),
  replying(409, ['conflict', 'conflict']),
  replying(412, ['conflict', 'conflict']),
  replying(422, ['invalid', 'invalid']),
  replying(429, ['rate_limited', 'rate_limited']),
  replying(500, ['unavailable', 'outcome_unknown']),
  replying(501, ['unsupported', 'unsupported']),
  replying(503, ['unavailable', 'outcome_unknown']),
  replying(505, ['unsupported', 'unsupported']),
];

describe('failures', () => {
  test.each(FAILURES)(
    '$what: $read for a read, $write for a change',
    async ({ fault, read, write }) => {
      const client = clientOf({ timeoutMs: 300, replyBytesMax: 4_096 });
      for (const [call, code] of [
        [READ, read],
        [WRITE, write],
      ] as const) {
        twin.faults.add(fault);
        const error = await failureOf(
          client.call({ ...call, permission: 'things: write' }, contextOf()),
        );
        expect(error.code).toBe(code);
        expect(error.message).not.toContain(SECRET);
        expect(error.permission).toBe(code === 'unauthorized' ? 'things: write' : undefined);
      }
    },
  );

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

  test('map a refusal like any other answer', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 403, body: SECRET } });
    const error = await failureOf(clientOf().bytes({ path: ['f'], bytesMax: 1 }, contextOf()));
    expect(error.code).toBe('unauthorized');
    expect(error.message).not.toContain(SECRET);
  });
});

describe('Retry-After', () => {
  test.each([
    ['3', 3_000],
    ['0.5', 500],
    ['Mon, 23 Nov 2026 12:00:09 GMT', 9_000],
    ['Mon, 23 Nov 2020 12:00:09 GMT', 0],
    ['99999999', 300_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterOf(header, new Date('2026-11-23T12:00:00Z'))).toBe(ms);
  });

  test('travels on a rate_limited error', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 429, headers: { 'retry-after': '7' } } });
    const error = await failureOf(clientOf().call(READ, contextOf()));
    expect([error.code, error.retryAfterMs]).toEqual(['rate_limited', 7_000]);
  });
});
