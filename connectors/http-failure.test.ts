// Goal: whatever an answer is, and however it arrives, it gets the one code that decides what happens next, for a read and
// for a change. Method: a loopback server whose answers a fault plan chooses; a client with a short deadline.
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { isAppError, type AppError, type ErrorCode } from '../domain/error.ts';
import { createFaultPlan, type Damage, type Fault } from '../lab/fault.ts';
import { startTwin, type Twin } from '../lab/twin.ts';
import { retryAfterOf } from './http-failure.ts';
import { createHttpClient, type HttpClient } from './http.ts';

const SECRET = 's3cr3t/token+value';
/** Enough for every whole answer of a busy machine, too little for one that drips. */
const TIMEOUT_MS = 1_000;
const NOW = new Date('2026-11-23T12:00:00Z');

let twin: Twin;
let client: HttpClient;

function quietTwin(): Promise<Twin> {
  const handler = () => ({ status: 200, body: { auth: SECRET, more: '-'.repeat(200) } });
  return startTwin({ name: 'quiet', faults: createFaultPlan(), handler });
}

beforeEach(async () => {
  twin = await quietTwin();
  client = createHttpClient({
    name: 'Quiet',
    baseUrl: twin.url,
    headers: () => Promise.resolve({ authorization: `Bearer ${SECRET}` }),
    secrets: [SECRET],
    timeoutMs: TIMEOUT_MS,
    replyBytesMax: 4_096,
  });
});
afterEach(async () => {
  await client.close();
  await twin.close();
});

/** How a call fails. */
async function failureOf(method: 'GET' | 'POST'): Promise<AppError> {
  const call = { method, path: ['a'], schema: z.unknown(), permission: 'things: write' };
  const context = {
    idempotencyKey: 'key',
    incidentId: 'incident',
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    permit: () => Promise.resolve(),
    now: () => NOW,
  };
  const error: unknown = await client.call(call, context).then(
    () => new Error('no failure'),
    (caught: unknown) => caught,
  );
  if (!isAppError(error)) throw error;
  return error;
}

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

/** An answer of status 200 whose body is wrong, to be told by the same code for a read and for a change. */
function saying(
  what: string,
  code: ErrorCode,
  reply: { readonly body: Uint8Array | string; readonly headers?: Record<string, string> },
): FailureCase {
  return {
    what,
    fault: { kind: 'replace', reply: { status: 200, ...reply } },
    read: code,
    write: code,
  };
}

function damaged(damage: Damage): FailureCase {
  const fault = { kind: 'damage', damage } as const;
  return { what: `a body that is ${damage}`, fault, read: 'unavailable', write: 'outcome_unknown' };
}

function redirecting(status: number, location: string): FailureCase {
  const fault: Fault = { kind: 'reply', reply: { status, headers: { location } } };
  return {
    what: `${status.toString()} to ${location}`,
    fault,
    read: 'bad_reply',
    write: 'bad_reply',
  };
}

const ACCENTED = '{"name":"caf\u00e9"}';

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
    fault: { kind: 'delay', delayMs: 2 * TIMEOUT_MS },
    read: 'unavailable',
    write: 'outcome_unknown',
  },
  {
    what: 'no JSON',
    fault: { kind: 'replace', reply: { status: 200, body: '<html>' } },
    read: 'bad_reply',
    write: 'bad_reply',
  },
  ...(['short', 'unended', 'half-closed', 'stalled', 'dripping'] as const).map(damaged),
  saying('a bomb', 'too_large', {
    body: gzipSync(Buffer.alloc(50 * 1024 * 1024)),
    headers: { 'content-encoding': 'gzip' },
  }),
  saying('of an unknown encoding', 'bad_reply', {
    body: gzipSync(ACCENTED),
    headers: { 'content-encoding': 'x-unknown' },
  }),
  saying('Latin-1', 'bad_reply', { body: Buffer.from(ACCENTED, 'latin1') }),
  saying('UTF-16', 'bad_reply', {
    body: Buffer.from(ACCENTED, 'utf16le'),
    headers: { 'content-type': 'application/json; charset=utf-16' },
  }),
  redirecting(301, 'http://169.254.169.254/latest/meta-data/'),
  redirecting(302, 'http://127.0.0.1:1/'),
  redirecting(307, 'http://[fd00:ec2::254]/latest/meta-data/'),
  redirecting(308, 'file:///etc/passwd'),
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
  replying(502, ['unavailable', 'outcome_unknown']),
  replying(503, ['unavailable', 'outcome_unknown']),
  replying(504, ['unavailable', 'outcome_unknown']),
  replying(505, ['unsupported', 'unsupported']),
];

describe('an answer', () => {
  test.each(FAILURES)(
    '$what: $read for a read, $write for a change',
    async ({ fault, read, write }) => {
      for (const [method, code] of [
        ['GET', read],
        ['POST', write],
      ] as const) {
        twin.faults.add(fault);
        const error = await failureOf(method);
        expect(error.code).toBe(code);
        expect(error.message).not.toContain(SECRET);
        const refused = code === 'unauthorized';
        expect(error.permission).toBe(refused ? 'things: write' : undefined);
        expect(error.message.includes('things: write')).toBe(refused);
      }
    },
  );

  test('that redirects is not followed, neither for a read nor for a change', async () => {
    const elsewhere = await quietTwin();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        const reply = { status, headers: { location: elsewhere.url } };
        twin.faults.add({ kind: 'reply', reply }, { times: 2 });
        expect((await failureOf('GET')).code).toBe('bad_reply');
        expect((await failureOf('POST')).code).toBe('bad_reply');
      }
      expect(elsewhere.ledger).toHaveLength(0);
    } finally {
      await elsewhere.close();
    }
  });
});

describe('Retry-After', () => {
  test.each([
    ['3', 3_000],
    ['0.5', 500],
    ['Mon, 23 Nov 2026 12:00:09 GMT', 9_000],
    ['Mon, 23 Nov 2020 12:00:09 GMT', 0],
    ['99999999', 300_000],
    ['1000000000', 300_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 300_000],
    ['-5', undefined],
    ['soon 5', undefined],
    ['Infinity', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterOf(header, NOW)).toBe(ms);
  });

  test('travels on a rate_limited error', async () => {
    twin.faults.add({ kind: 'reply', reply: { status: 429, headers: { 'retry-after': '7' } } });
    const error = await failureOf('GET');
    expect([error.code, error.retryAfterMs]).toEqual(['rate_limited', 7_000]);
  });
});
