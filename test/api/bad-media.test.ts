import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { companionOf, DOORS, expectOutcome, through } from './doors.ts';
import { useIntakeServer } from './intake-server.ts';
import { expectNoSecret } from './reply.ts';

// Goal: a body of another type, charset or coding than a door takes is refused before it is read, however small its
// bomb is packed; headers that claim another method or host change nothing. Method: family B of the bad-input corpus,
// each row at each door of the listening server over the real store.

const server = useIntakeServer();
const companion = companionOf(server);
beforeAll(companion.survives);
afterAll(() => {
  expectNoSecret(server.logged());
});

let ids = 0;
const fresh = (): string => `media-${(ids += 1).toString()}`;
const EXTRA = { extra: '1' };

interface MediaRow {
  readonly name: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly refused: readonly [status: number, code: string, field: string];
  readonly change?: (good: string) => string | Buffer;
}

const typed = (name: string, type: string | readonly string[]): MediaRow => ({
  name,
  headers: { 'content-type': type },
  refused: [415, 'invalid', 'content-type'],
});
const packed = (
  name: string,
  encoding: string | readonly string[],
  change: (good: string) => string | Buffer,
): MediaRow => ({
  name,
  headers: { 'content-encoding': encoding },
  refused: [415, 'invalid', 'content-encoding'],
  change,
});

const ZEROS = Buffer.alloc(50 * 1024 * 1024);
const GZIP_BOMB = gzipSync(ZEROS);
const BROTLI_BOMB = brotliCompressSync(ZEROS, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

const MEDIA: readonly MediaRow[] = [
  typed('a form', 'application/x-www-form-urlencoded'),
  typed('multipart', 'multipart/form-data; boundary=a'),
  typed('text', 'text/plain'),
  typed('nearly JSON', 'application/jsonp'),
  typed('no media type', 'json'),
  typed('none at all', []),
  typed('utf-7', 'application/json; charset=utf-7'),
  typed('a quoted utf-16', 'application/json; charset="UTF-16"'),
  typed('two of them', ['application/json', 'text/plain']),
  packed('gzip', 'gzip', gzipSync),
  packed('gzip in capitals', 'GZIP', gzipSync),
  packed('deflate', 'deflate', deflateSync),
  packed('brotli', 'br', brotliCompressSync),
  packed('an unknown coding', 'zstd', (good) => good),
  packed('identity and gzip', ['identity', 'gzip'], gzipSync),
  packed('a gzip bomb', 'gzip', () => GZIP_BOMB),
  packed('a brotli bomb', 'br', () => BROTLI_BOMB),
  {
    name: 'gzip that does not say so',
    headers: {},
    refused: [400, 'invalid', 'body'],
    change: gzipSync,
  },
  {
    name: 'a bomb that does not say so',
    headers: {},
    refused: [400, 'invalid', 'body'],
    change: () => GZIP_BOMB,
  },
  {
    name: 'another expectation',
    headers: { expect: '200-ok' },
    refused: [417, 'invalid', 'expect'],
  },
];

describe.each(DOORS.map((door) => [door.name, door] as const))('%s', (_name, door) => {
  test.each(MEDIA.map((row) => [row.name, row] as const))('%s', async (...[, row]) => {
    const { headers, refused, change } = row;
    const id = fresh();
    const good = door.body({ id, ...EXTRA });
    const attempt = through(door, change?.(good) ?? good, id);
    await expectOutcome(server, companion, {
      attempt: { ...attempt, headers: { ...attempt.headers, ...headers } },
      outcome: { refused },
    });
  });

  test.each([
    ['a method override', { 'x-http-method-override': 'DELETE' }, '?_method=DELETE'],
    [
      'a forwarded host and a rewritten URL',
      { 'x-forwarded-host': 'a', 'x-rewrite-url': '/b' },
      '',
    ],
    [
      'UTF-8 said aloud',
      { 'content-type': `${door.headers['content-type'] ?? ''}; charset=UTF-8` },
      '',
    ],
  ])('%s changes nothing', async (...[, headers, query]) => {
    const id = fresh();
    const attempt = through(door, door.body({ id, ...EXTRA }), id);
    await expectOutcome(server, companion, {
      attempt: {
        ...attempt,
        path: attempt.path + query,
        headers: { ...attempt.headers, ...headers },
      },
      outcome: 'accepted',
    });
  });
});
