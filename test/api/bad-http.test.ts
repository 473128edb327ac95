import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bounded } from './bounded.ts';
import { added } from './counted.ts';
import { companionOf } from './doors.ts';
import { useIntakeServer } from './intake-server.ts';
import {
  chunked,
  CHUNKED,
  CLOSE,
  ENDLESS,
  framed,
  FRAMING,
  goodOf,
  HEAD,
  HEADERS,
  PATH,
  post,
  TARGETS,
} from './raw-rows.ts';
import { firstReply, sendBytes, streamBytes } from './raw-socket.ts';
import { expectNoSecret, problemOfReply } from './reply.ts';

// Goal: requests that are broken, ambiguous, endless or in disguise are refused in bounded time and memory and store
// nothing; whoever is answered with a refusal was not accepted behind his back. Method: family B of the bad-input
// corpus as bytes over raw sockets, which no client would send, to the listening server over the real store.

const server = useIntakeServer();
const companion = companionOf(server);
beforeAll(companion.survives);
afterAll(() => {
  expectNoSecret(server.logged());
});

let ids = 0;
const fresh = (): string => `http-${(ids += 1).toString()}`;

test.each([...FRAMING, ...HEADERS, ...TARGETS].map((row) => [row.name, row] as const))(
  'in bytes: %s',
  async (_title, row) => {
    const good = goodOf(fresh());
    const before = await server.counts();
    const received = await bounded(() => sendBytes(server.port(), row.bytes(good), row.leave));
    const reply = firstReply(received);
    expect(reply.status).toBe(row.status);
    // What was taken behind a refusal is committed by the time that a later alert is.
    await companion.survives();
    const gained = added(before, await server.counts());
    expect(gained.alert ?? 0).toBe(row.stored ?? 0);
    if (row.stored === undefined) {
      expect(gained).toEqual({});
      expect(problemOfReply(reply).field).toBe(row.field ?? null);
    }
  },
);

test('two requests in one go are two; what follows a refused one is not taken', async () => {
  const [first, second, third] = [goodOf(fresh()), goodOf(fresh()), goodOf(fresh())];
  const stay = HEAD.replace(CLOSE, '');
  const before = await server.counts();
  await sendBytes(server.port(), post({ head: stay })(first) + post()(second));
  expect(added(before, await server.counts())).toMatchObject({ alert: 2 });
  const between = await server.counts();
  await sendBytes(server.port(), framed('content-length: -1\r\n')(third) + post()(third));
  expect(added(between, await server.counts())).toEqual({});
});

test.each([
  ['chunks', CHUNKED, Buffer.from(chunked('x'.repeat(64 * 1024)).replace('0\r\n\r\n', ''))],
  ['a length of five gigabytes', 'content-length: 5000000000\r\n', Buffer.alloc(64 * 1024, 'x')],
])('a stream of %s is refused early, memory stays flat', async (_name, headers, chunk) => {
  const before = await server.counts();
  const head = `POST ${PATH} HTTP/1.1\r\n${HEAD}${headers}\r\n`;
  const { text, sent } = await bounded(() => streamBytes(server.port(), head, chunk));
  // What the sockets hold between the limit and the close is not ours to bound tightly.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  if (text !== '') {
    const told = problemOfReply(firstReply(text));
    expect(told).toEqual({ status: 413, code: 'too_large', field: 'body' });
  }
  expect(added(before, await server.counts())).toEqual({});
  await companion.survives();
});

test('sixty requests that never end are all cut off, while others are served', async () => {
  const before = await server.counts();
  const slow = Array.from({ length: 60 }, (_, index) => {
    const endless = ENDLESS[index % ENDLESS.length] ?? (() => '');
    return sendBytes(server.port(), endless(goodOf(fresh())));
  });
  await companion.survives();
  for (const reply of (await Promise.all(slow)).map(firstReply)) {
    expect(reply.status).toBe(408);
    problemOfReply(reply);
  }
  expect(added(before, await server.counts())).toEqual({});
});
