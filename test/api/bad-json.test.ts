import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bounded } from './bounded.ts';
import { added } from './counted.ts';
import {
  BATCH,
  BINARY,
  companionOf,
  DOORS,
  expectOutcome,
  GENERIC,
  LINEAGE,
  STRUCTURED,
  through,
  type Door,
  type Outcome,
} from './doors.ts';
import { useIntakeServer } from './intake-server.ts';
import { expectNoSecret, problemOfReply } from './reply.ts';

// Goal: JSON that is broken, hostile or enormous is refused at every door with the field named, or taken without
// harm; nothing that was accepted is lost and nothing happens by halves. Method: family A of the bad-input corpus,
// each row at each door of the listening server over the real store.

const server = useIntakeServer();
const companion = companionOf(server);
beforeAll(companion.survives);
afterAll(() => {
  expectNoSecret(server.logged());
});

let ids = 0;
const fresh = (): string => `id-${(ids += 1).toString()}`;

interface Row {
  readonly name: string;
  readonly body: (door: Door, id: string) => string | Buffer;
  readonly outcome: (door: Door) => Outcome;
}

const refused = (field: string | RegExp): Outcome => ({ refused: [400, 'invalid', field] });
const tooLarge = (): Outcome => ({ refused: [413, 'too_large', 'body'] });
const escaped = (text: string): string => text.replace(/[.[\]]/g, '\\$&');

/** The whole body is replaced or changed. */
const whole = (
  name: string,
  change: (good: string) => string | Buffer,
  outcome: (door: Door) => Outcome = () => refused('body'),
): Row => ({ name, body: (door, id) => change(door.body({ id, extra: '1' })), outcome });

/** One value stands at the free place of a good body. */
const inside = (name: string, extra: string, outcome: (door: Door) => Outcome): Row => ({
  name,
  body: (door, id) => door.body({ id, extra }),
  outcome,
});

const accepted = (): Outcome => 'accepted';
const below = (rest: string) => (door: Door) => refused(`${door.place}${rest}`);
/** JSON, but no text that can be stored: only a trouble where it is kept. */
const unstorable = (door: Door): Outcome =>
  door.keeps ? { quarantined: 'holds NUL or is no Unicode text' } : 'accepted';
const many = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"k${index.toString()}":1`).join(',')}}`;

/** A document of another shape: what each door looks for first and does not find. */
const shapeless = (door: Door): Outcome => {
  if (door === BINARY) return 'accepted';
  if (door === STRUCTURED) return { quarantined: 'specversion' };
  return refused(door === GENERIC ? 'alerts' : 'body');
};

const ROWS: readonly Row[] = [
  whole(
    'empty',
    () => '',
    (door) => (door === BINARY ? 'accepted' : refused('body')),
  ),
  whole('whitespace', () => ' \r\n\t '),
  whole('a byte order mark before it', (good) => `\uFEFF${good}`),
  whole('a byte order mark alone', () => '\uFEFF'),
  whole(
    'a trailing comma',
    (good) => `${good.slice(0, -1)},${good.slice(-1)}`,
    (door) => refused(door === BATCH ? '[1]' : 'body'),
  ),
  whole('something after it', (good) => `${good} {}`),
  whole(
    'UTF-16',
    (good) => Buffer.from(good, 'utf16le'),
    (door) => refused(door === BATCH ? '[0]' : 'body'),
  ),
  whole('UTF-16 with its mark', (good) => Buffer.from(`\uFEFF${good}`, 'utf16le')),
  whole('overlong UTF-8', (good) => spliced(good, [0xc0, 0xaf])),
  whole('a surrogate as UTF-8', (good) => spliced(good, [0xed, 0xa0, 0x80])),
  whole('a raw byte of Latin-1', (good) => spliced(good, [0xe9])),
  whole(
    'a list where an object is expected, or the reverse',
    (good) => (good.startsWith('[') ? good.slice(1, -1) : `[${good}]`),
    shapeless,
  ),
  whole('JSON in a string', (good) => JSON.stringify(good), shapeless),
  whole('null', () => 'null', shapeless),
  whole('a number', () => '7', shapeless),
  whole(
    'nesting of ten thousand',
    () => '['.repeat(10_000),
    () => refused(/^(\[0\])+$/),
  ),
  inside('NaN', 'NaN', below('')),
  inside('Infinity', '-Infinity', below('')),
  inside('1e400', '1e400', accepted),
  inside('-0', '-0', accepted),
  inside('2^53+1', '9007199254740993', accepted),
  inside('a number of five hundred digits', '9'.repeat(500), below('')),
  inside('a list ten thousand deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, (door) =>
    refused(new RegExp(`^${escaped(door.place)}(\\[0\\])+$`)),
  ),
  inside('objects ten thousand deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, (door) =>
    refused(new RegExp(`^${escaped(door.place)}(\\.a)+$`)),
  ),
  inside('twenty thousand keys', many(20_000), below('.k1000')),
  inside('a million keys', many(1_000_000), tooLarge),
  inside('a text of 100 KiB', JSON.stringify('x'.repeat(100 * 1024)), below('')),
  inside('a text of 10 MiB', JSON.stringify('x'.repeat(10 * 1024 * 1024)), tooLarge),
  inside('a list of half a million', `[${'1,'.repeat(499_999)}1]`, below('')),
  inside('a key given twice', '{"a":1,"a":2}', below('.a')),
  inside('a key given twice, once escaped', '{"a":1,"\\u0061":2}', below('.a')),
  inside('__proto__', '{"__proto__":{"admin":true}}', below('.__proto__')),
  inside('__proto__, escaped', '{"__proto\\u005f_":{"admin":true}}', below('.__proto__')),
  inside('constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', accepted),
  inside('toString and hasOwnProperty', '{"toString":1,"hasOwnProperty":2}', accepted),
  inside('half a surrogate pair', '"\\ud800"', unstorable),
  inside('NUL, escaped', '"a\\u0000b"', unstorable),
  inside('NUL, raw', '"a\u0000b"', below('')),
  inside('a raw line break', '"a\nb"', below('')),
  inside('JSON in a string inside', JSON.stringify('{"a":{}}'), accepted),
  inside('null inside', 'null', accepted),
];

/** A good body with bytes that are no UTF-8 in its middle. */
function spliced(good: string, bytes: readonly number[]): Buffer {
  const at = good.indexOf(':"') + 2;
  return Buffer.concat([
    Buffer.from(good.slice(0, at)),
    Buffer.from(bytes),
    Buffer.from(good.slice(at)),
  ]);
}

describe.each(DOORS.map((door) => [door.name, door] as const))('%s', (_name, door) => {
  test.each(ROWS.map((row) => [row.name, row] as const))('%s', async (_title, row) => {
    const id = fresh();
    const attempt = through(door, row.body(door, id), id);
    await expectOutcome(server, companion, { attempt, outcome: row.outcome(door) });
    expect(Reflect.get({}, 'admin')).toBeUndefined();
  });

  test('cut short at each byte', async () => {
    const good = Buffer.from(door.body({ id: fresh(), extra: '{"é":[-1.5e2,true]}' }));
    const first = door === BINARY ? 1 : 0;
    const before = await server.counts();
    const lengths = Array.from({ length: good.byteLength - first }, (_, index) => first + index);
    await Promise.all(
      lengths.map(async (length) => {
        const reply = await server.send(through(door, good.subarray(0, length)));
        const { status, code, field } = problemOfReply(reply);
        expect([length, status, code]).toEqual([length, 400, 'invalid']);
        expect(field).toMatch(/./);
      }),
    );
    expect(added(before, await server.counts())).toEqual({});
    await companion.survives();
  });

  test('null in each place: refused or kept with its problem, never a failure of ours', async () => {
    for (const body of nulled(JSON.parse(door.body({ id: fresh(), extra: '1' })))) {
      const before = await server.counts();
      const id = fresh();
      const reply = await bounded(() => server.send(through(door, JSON.stringify(body), id)));
      const gained = added(before, await server.counts());
      expect([200, 201, 202, 400]).toContain(reply.status);
      if (reply.status !== 400) continue;
      expect(problemOfReply(reply).field).not.toBeNull();
      expect(gained).toEqual({});
    }
    await companion.survives();
  });
});

/** A document once for each value in it, with that value replaced by null. */
function nulled(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.flatMap((item, at) =>
      [null, ...nulled(item)].map((other) => items.with(at, other)),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    [null, ...nulled(item)].map((other) => ({ ...value, [key]: other })),
  );
}

test('what a double cannot hold is kept as text', async () => {
  for (const number of ['9007199254740993', '1e400']) {
    const id = fresh();
    await server.send(through(GENERIC, GENERIC.body({ id, extra: number }), id));
    const rows = await server.sql(
      `select incoming->'alert'->'details'->'item'->>'extra' as kept from firebreak.alert
        where incoming->'alert'->'labels'->>'alertname' = '${id}'`,
    );
    expect(rows).toEqual([{ kept: number }]);
  }
});

test.each<[string, Door, (good: string) => string, Outcome]>([
  [
    'a CloudEvent',
    STRUCTURED,
    (good) => good.replace(/"id":"[^"]+"/, '"id":5'),
    { quarantined: 'id' },
  ],
  [
    'an OpenLineage run',
    LINEAGE,
    (good) => good.replace(/"runId":"[^"]+"/, '"runId":5'),
    refused('run.runId'),
  ],
  [
    'a moment',
    GENERIC,
    (good) => good.replace(/"startsAt":"[^"]+"/, '"startsAt":5'),
    { quarantined: 'alerts[0].startsAt' },
  ],
])('a number as the id of %s', async (...[, door, change, outcome]) => {
  const id = fresh();
  const attempt = through(door, change(door.body({ id, extra: '1' })), id);
  await expectOutcome(server, companion, { attempt, outcome });
});
