import { ALERTMANAGER } from './doors.ts';

/** One request in bytes: what it is made of, and what must come back. */
export interface RawRow {
  readonly name: string;
  readonly bytes: (good: Good) => string | Buffer;
  readonly status: number;
  readonly field?: string;
  readonly leave?: boolean;
  /** Rows of alerts that it leaves; 1 for what is taken. */
  readonly stored?: number;
}

/** The parts of a good request. */
export interface Good {
  readonly body: string;
  readonly length: string;
  /** Headers but for the length, each line closed. */
  readonly head: string;
}

/** The path of all of them. */
export const PATH = ALERTMANAGER.path;
const HOST = 'host: 127.0.0.1\r\n';
const CREDENTIAL = `authorization: ${ALERTMANAGER.headers['authorization'] ?? ''}\r\n`;
const TYPE = 'content-type: application/json\r\n';
/** The header that ends the connection. */
export const CLOSE = 'connection: close\r\n';
/** The headers of a good request but for its length. */
export const HEAD = HOST + CREDENTIAL + TYPE + CLOSE;

/** The parts of a good request about that alert. */
export function goodOf(id: string): Good {
  const body = ALERTMANAGER.body({ id, extra: '1' });
  return { body, length: `content-length: ${body.length.toString()}\r\n`, head: HEAD };
}

/** A whole request with another path, version or head. */
export const post =
  (change: { path?: string; version?: string; head?: string } = {}) =>
  ({ body, length }: Good): string => {
    const { path = PATH, version = 'HTTP/1.1', head = HEAD } = change;
    return `POST ${path} ${version}\r\n${head}${length}\r\n${body}`;
  };
/** A request with these framing headers and body in place of its own. */
export const framed =
  (headers: string, body: string | null = null) =>
  (good: Good): string =>
    `POST ${PATH} HTTP/1.1\r\n${good.head}${headers}\r\n${body ?? good.body}`;
/** A body as one chunk. */
export const chunked = (body: string): string =>
  `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
/** The header of a body in chunks. */
export const CHUNKED = 'transfer-encoding: chunked\r\n';

/** A row; a status alone is a refusal that names no field. */
const raw = (
  name: string,
  bytes: RawRow['bytes'],
  told: number | Omit<RawRow, 'name' | 'bytes'>,
): RawRow => ({ name, bytes, ...(typeof told === 'number' ? { status: told } : told) });

/** Where a body begins and ends, told in every wrong way. */
export const FRAMING: readonly RawRow[] = [
  raw('two lengths', framed('content-length: 2\r\ncontent-length: 3\r\n'), 400),
  raw('two equal lengths', (good) => framed(good.length + good.length)(good), 400),
  raw('a length with a sign', (good) => framed(good.length.replace(': ', ': +'))(good), 400),
  raw('a length in hex', framed('content-length: 0x10\r\n'), 400),
  raw('a negative length', framed('content-length: -1\r\n'), 400),
  raw('a length past every number', framed(`content-length: ${'9'.repeat(30)}\r\n`), 400),
  raw('five gigabytes announced', framed('content-length: 5000000000\r\n', ''), {
    status: 413,
    field: 'body',
  }),
  raw(
    'five gigabytes announced, waiting for a go-ahead',
    framed('content-length: 5000000000\r\nexpect: 100-continue\r\n', ''),
    { status: 413, field: 'body' },
  ),
  raw('a body longer than its length', framed('content-length: 10\r\n'), 400),
  raw('a body shorter than its length, then gone', framed('content-length: 9999\r\n'), {
    status: 400,
    leave: true,
  }),
  raw(
    'length and chunks at once',
    (good) => framed(`content-length: 4\r\n${CHUNKED}`, `0\r\n\r\n${post()(good)}`)(good),
    400,
  ),
  raw(
    'chunks and length at once',
    (good) => framed(`${CHUNKED}${good.length}`, chunked(good.body))(good),
    400,
  ),
  raw(
    'chunks with a space before the colon',
    framed('transfer-encoding : chunked\r\n', '0\r\n\r\n'),
    400,
  ),
  raw(
    'chunks with a vertical tab',
    framed('transfer-encoding:\u000bchunked\r\n', '0\r\n\r\n'),
    400,
  ),
  raw('nearly chunks', framed('transfer-encoding: xchunked\r\n', '0\r\n\r\n'), 400),
  raw(
    'chunks, then identity',
    framed('transfer-encoding: chunked, identity\r\n', '0\r\n\r\n'),
    400,
  ),
  raw(
    'identity beside a length',
    (good) => framed(`transfer-encoding: identity\r\n${good.length}`)(good),
    400,
  ),
  raw(
    'gzip, then chunks',
    (good) => framed('transfer-encoding: gzip, chunked\r\n', chunked(good.body))(good),
    { status: 400, field: 'transfer-encoding' },
  ),
  raw('a chunk that is too long to be true', framed(CHUNKED, `${'F'.repeat(20)}\r\n{}\r\n`), 400),
  raw('a chunk length that is none', framed(CHUNKED, 'zz\r\n{}\r\n0\r\n\r\n'), 400),
  raw('a chunk extension of 100 kB', framed(CHUNKED, `2;${'a'.repeat(100_000)}\r\n{}\r\n`), 400),
  raw(
    'a trailer of 100 kB',
    framed(CHUNKED, `2\r\n{}\r\n0\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`),
    431,
  ),
  raw(
    'a trailer that is another credential',
    ({ body }) =>
      framed(
        CHUNKED,
        chunked(body).replace(/\r\n$/, 'authorization: Bearer x\r\n\r\n'),
      )(goodOf('')),
    { status: 202, stored: 1 },
  ),
  raw('chunks in HTTP/1.1', ({ body }) => framed(CHUNKED, chunked(body))(goodOf('')), {
    status: 202,
    stored: 1,
  }),
  raw('a go-ahead asked for', (good) => framed(`expect: 100-continue\r\n${good.length}`)(good), {
    status: 202,
    stored: 1,
  }),
];

/** Requests that never end. */
export const ENDLESS: readonly RawRow['bytes'][] = [
  framed('content-length: 9999\r\n'),
  framed(CHUNKED, '1\r\n{\r\n'),
  () => `POST ${PATH} HTTP/1.1\r\n${HEAD}x: y\r\n`,
];

/** Headers that no reader may take, or two may read differently. */
export const HEADERS: readonly RawRow[] = [
  raw('a header of a megabyte', (good) => framed(`x: ${'a'.repeat(1_000_000)}\r\n`)(good), 431),
  raw('ten thousand headers', (good) => framed('a: b\r\n'.repeat(10_000) + good.length)(good), 431),
  raw('a header over two lines', (good) => framed(`x: a\r\n b\r\n${good.length}`)(good), 400),
  raw('a line feed in a header', (good) => framed(`x: a\nb: c\r\n${good.length}`)(good), 400),
  raw('a carriage return in a header', (good) => framed(`x: a\rb: c\r\n${good.length}`)(good), 400),
  raw('NUL in a header', (good) => framed(`x: a\0b\r\n${good.length}`)(good), 400),
  raw('a space in the name of a header', (good) => framed(`x y: a\r\n${good.length}`)(good), 400),
  raw('a header without a name', (good) => framed(`: a\r\n${good.length}`)(good), 400),
  raw('line feeds alone', (good) => post()(good).replaceAll('\r\n', '\n'), 400),
  raw('no host', post({ head: CREDENTIAL + TYPE + CLOSE }), { status: 400, field: 'host' }),
  raw('two hosts', post({ head: `host: other.example\r\n${HEAD}` }), {
    status: 400,
    field: 'host',
  }),
  raw('two credentials', post({ head: `${HEAD}authorization: Bearer x\r\n` }), 401),
  raw('an origin', post({ head: `${HEAD}origin: https://other.example\r\n` }), {
    status: 403,
    field: 'origin',
  }),
  raw('no origin of its own', post({ head: `${HEAD}origin: null\r\n` }), {
    status: 403,
    field: 'origin',
  }),
  raw('another host', post({ head: HEAD.replace('127.0.0.1', 'other.example') }), {
    status: 202,
    stored: 1,
  }),
];

/** Versions, methods and paths in disguise. */
export const TARGETS: readonly RawRow[] = [
  raw('no version', ({ body }) => `POST ${PATH}\r\n\r\n${body}`, 400),
  raw('HTTP/1.0', post({ version: 'HTTP/1.0', head: CREDENTIAL + TYPE }), {
    status: 202,
    stored: 1,
  }),
  raw('HTTP/1.2', post({ version: 'HTTP/1.2' }), 400),
  raw('HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400),
  raw('HTTP/3.1', post({ version: 'HTTP/3.1' }), 400),
  raw('TLS', () => Buffer.from('1603010200010001fc0303', 'hex'), 400),
  raw('no HTTP at all', () => 'hello\r\n\r\n', 400),
  raw('an unknown method', (good) => post()(good).replace('POST', 'BREW'), 400),
  raw('TRACE', () => `TRACE ${PATH} HTTP/1.1\r\n${HEAD}\r\n`, 404),
  raw('OPTIONS of everything', () => `OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, 404),
  raw('GET', () => `GET ${PATH} HTTP/1.1\r\n${HEAD}\r\n`, 404),
  raw('the absolute form', post({ path: `http://other.example${PATH}` }), {
    status: 202,
    stored: 1,
  }),
  raw('the absolute form, other scheme', post({ path: `ftp://other.example${PATH}` }), 404),
  raw('the absolute form without a path', post({ path: 'http://other.example' }), 404),
  raw('the form of a proxy', post({ path: 'other.example:80' }), 400),
  raw('dots', post({ path: '/api/v1/alerts/../alerts/alertmanager' }), 404),
  raw('dots, encoded', post({ path: '/api/v1/%2e%2e%2fv1/alerts/alertmanager' }), 404),
  raw('dots, encoded twice', post({ path: '/api/v1/alerts/generic/%252e%252e%252fplain' }), {
    status: 400,
    field: 'params.source',
  }),
  raw('a slash, encoded', post({ path: '/api/v1/alerts%2falertmanager' }), 404),
  raw('a parameter of the path', post({ path: `${PATH};jsessionid=1` }), 404),
  raw('backslashes', post({ path: '/api\\v1\\alerts\\alertmanager' }), 404),
  raw('two slashes', post({ path: `/${PATH}` }), 404),
  raw('a slash at the end', post({ path: `${PATH}/` }), 404),
  raw('capitals', post({ path: PATH.toUpperCase() }), 404),
  raw('NUL', post({ path: '/api/v1/\0alerts' }), 400),
  raw('NUL, encoded', post({ path: '/api/v1/alerts/generic/%00' }), {
    status: 400,
    field: 'params.source',
  }),
  raw('half an escape', post({ path: '/api/v1/alerts/generic/%zz' }), {
    status: 400,
    field: 'path',
  }),
  raw('overlong UTF-8', post({ path: '/api/v1/alerts/generic/%c0%af' }), {
    status: 400,
    field: 'path',
  }),
  raw('bytes past ASCII', post({ path: '/api/v1/alerts/\u00e4' }), 400),
  raw(
    'a source of ten thousand letters',
    post({ path: `/api/v1/alerts/generic/${'a'.repeat(10_000)}` }),
    { status: 400, field: 'path' },
  ),
  raw('a path of 20 kB', post({ path: `/${'a'.repeat(20_000)}` }), 431),
  raw('a query of 20 kB', post({ path: `${PATH}?x=${'a'.repeat(20_000)}` }), 431),
  raw(
    'a query that names a prototype',
    post({ path: `${PATH}?__proto__[source]=x&constructor=1` }),
    { status: 202, stored: 1 },
  ),
];
