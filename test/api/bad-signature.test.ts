import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NOW } from '../../api/test-api.ts';
import { added } from './counted.ts';
import {
  companionOf,
  DOORS,
  expectOutcome,
  GENERIC,
  LINEAGE,
  receiptsOf,
  through,
  type Outcome,
} from './doors.ts';
import { useIntakeServer, type Attempt } from './intake-server.ts';
import { expectNoSecret } from './reply.ts';
import { SECRETS } from './sources.ts';

// Goal: only who knows a valid secret is let in, a replay changes nothing, and a refusal does not say why. Method:
// family C of the bad-input corpus as changes to one good signed request, and credentials at each door, over the real
// store.

const server = useIntakeServer();
const companion = companionOf(server);
beforeAll(companion.survives);
afterAll(() => {
  expectNoSecret(server.logged());
});

let ids = 0;
const fresh = (): string => `signed-${(ids += 1).toString()}`;
const SECONDS = Date.parse(NOW) / 1000;
const REFUSED: Outcome = { refused: [401, 'unauthorized', null] };

interface Signing {
  readonly secret?: string;
  readonly seconds?: number;
  readonly id?: string;
  readonly algorithm?: string;
  /** What is signed in place of the body. */
  readonly signed?: string;
  /** How the signature is written. */
  readonly written?: (digest: Buffer) => string | readonly string[];
}

function signatureOf(body: string, signing: Signing): Buffer {
  const {
    secret = SECRETS.newHmac,
    seconds = SECONDS,
    id = 'msg_1',
    algorithm = 'sha256',
  } = signing;
  const text = `${id}.${seconds.toString()}.${signing.signed ?? body}`;
  return createHmac(algorithm, secret).update(text).digest();
}

const v1 = (digest: Buffer): string => `v1,${digest.toString('base64')}`;

/** A request whose headers say what `signing` says, signed over what it says. */
function signed(body: string, signing: Signing = {}, source = 'signed'): Attempt {
  const { seconds = SECONDS, id = 'msg_1', written = v1 } = signing;
  return {
    path: `/api/v1/alerts/generic/${source}`,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': seconds.toString(),
      'webhook-signature': written(signatureOf(body, signing)),
    },
    body,
  };
}

function withHeaders(attempt: Attempt, headers: Attempt['headers']): Attempt {
  return { ...attempt, headers: { ...attempt.headers, ...headers } };
}

const written = (how: (digest: Buffer) => string | readonly string[]) => (body: string) =>
  signed(body, { written: how });

describe('signatures', () => {
  test.each<[string, (body: string) => Attempt, Outcome]>([
    ['right', (body) => signed(body), 'accepted'],
    [
      'by the secret before the rotation',
      (body) => signed(body, { secret: SECRETS.oldHmac }),
      'accepted',
    ],
    ['one right among several', written((digest) => `v1a,AA v1,AAAA ${v1(digest)}`), 'accepted'],
    ['300 s old', (body) => signed(body, { seconds: SECONDS - 300 }), 'accepted'],
    ['absent', (body) => withHeaders(signed(body), { 'webhook-signature': [] }), REFUSED],
    ['without an id', (body) => withHeaders(signed(body), { 'webhook-id': [] }), REFUSED],
    ['without a time', (body) => withHeaders(signed(body), { 'webhook-timestamp': [] }), REFUSED],
    ['wrong', (body) => signed(body, { secret: 'another secret' }), REFUSED],
    ['by the empty secret', (body) => signed(body, { secret: '' }), REFUSED],
    ['right for another body', (body) => signed(body, { signed: '{"alerts":[]}' }), REFUSED],
    ['301 s old', (body) => signed(body, { seconds: SECONDS - 301 }), REFUSED],
    ['301 s ahead', (body) => signed(body, { seconds: SECONDS + 301 }), REFUSED],
    ['a day ahead', (body) => signed(body, { seconds: SECONDS + 86_400 }), REFUSED],
    [
      'with its time moved to now',
      (body) =>
        withHeaders(signed(body, { seconds: SECONDS - 301 }), {
          'webhook-timestamp': SECONDS.toString(),
        }),
      REFUSED,
    ],
    ['time in milliseconds', (body) => signed(body, { seconds: SECONDS * 1000 }), REFUSED],
    [
      'over a body with a space after it',
      (body) => ({ ...signed(body), body: `${body} ` }),
      REFUSED,
    ],
    [
      'over a body that was serialised again',
      (body) => ({ ...signed(body), body: JSON.stringify(JSON.parse(body), null, 1) }),
      REFUSED,
    ],
    ['for another id', (body) => withHeaders(signed(body), { 'webhook-id': 'msg_2' }), REFUSED],
    ['hex', written((digest) => `v1,${digest.toString('hex')}`), REFUSED],
    ['hex in capitals', written((digest) => `v1,${digest.toString('hex').toUpperCase()}`), REFUSED],
    ['short', written((digest) => v1(digest.subarray(0, 16))), REFUSED],
    ['empty', written(() => 'v1,'), REFUSED],
    ['without a version', written((digest) => digest.toString('base64')), REFUSED],
    ['of another version', written((digest) => `v2,${digest.toString('base64')}`), REFUSED],
    ['SHA-1', (body) => signed(body, { algorithm: 'sha1' }), REFUSED],
    ['SHA-512', (body) => signed(body, { algorithm: 'sha512' }), REFUSED],
    ['two headers, both right', written((digest) => [v1(digest), v1(digest)]), REFUSED],
    ['two headers, one right', written((digest) => ['v1,AAAA', v1(digest)]), REFUSED],
    ['two ids', (body) => withHeaders(signed(body), { 'webhook-id': ['msg_1', 'msg_1'] }), REFUSED],
    ['past sixteen others', written((digest) => `${'v1,AAAA '.repeat(16)}${v1(digest)}`), REFUSED],
    [
      'and a good token of another source instead',
      (body) => ({
        ...signed(body),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRETS.generic}` },
      }),
      REFUSED,
    ],
    ['of a source that nobody knows', (body) => signed(body, {}, 'nobody'), REFUSED],
    // Our own mistake: it is never the sender's fault, and never an open door.
    [
      'by the empty secret that was configured',
      (body) => signed(body, { secret: '' }, 'unset'),
      { refused: [500, 'internal', null] },
    ],
  ])('%s', async (_name, attempt, outcome) => {
    const body = GENERIC.body({ id: fresh(), extra: '1' });
    await expectOutcome(server, companion, { attempt: attempt(body), outcome });
  });

  test('a replay within 300 s adds nothing, neither with its own id nor signed again with another', async () => {
    const body = GENERIC.body({ id: fresh(), extra: '1' });
    const [first] = receiptsOf(await server.send(signed(body)));
    const before = await server.counts();
    for (const again of [
      signed(body),
      signed(body, { id: 'msg_2' }),
      signed(body, { seconds: SECONDS + 9 }),
    ]) {
      const [receipt] = receiptsOf(await server.send(again));
      expect(receipt).toEqual({ ...first, duplicate: true });
    }
    expect(added(before, await server.counts())).toEqual({});
  });
});

describe.each(DOORS.map((door) => [door.name, door] as const))('%s', (_name, door) => {
  const right = door.headers['authorization'] ?? '';
  test.each<[string, string | readonly string[]]>([
    ['no credential', []],
    ['an empty one', ''],
    ['a scheme alone', 'Bearer'],
    ['no scheme', right.replace('Bearer ', '')],
    ['another scheme', right.replace('Bearer', 'Basic')],
    ['an unknown token', 'Bearer fb_nobody'],
    ['all but its last letter', right.slice(0, -1)],
    ['a letter more', `${right}x`],
    ['other capitals', right.toUpperCase().replace('BEARER', 'Bearer')],
    ['words behind it', `${right} admin`],
    ['two of them', [right, right]],
    ['two of them, joined', `${right}, ${right}`],
    ['a token of 15 kB', `Bearer fb_${'a'.repeat(15_000)}`],
    ['another door’s', `Bearer ${door === LINEAGE ? SECRETS.alertmanager : SECRETS.person}`],
  ])('%s', async (_title, authorization) => {
    const attempt = withHeaders(through(door, door.body({ id: fresh(), extra: '1' })), {
      authorization,
    });
    await expectOutcome(server, companion, { attempt, outcome: REFUSED });
  });

  test('a refusal comes before any look at the body, and does not tell a good body from a bad one', async () => {
    const refusals = await Promise.all(
      ['{', door.body({ id: fresh(), extra: '1' })].map((body) =>
        server.send(withHeaders(through(door, body), { authorization: 'Bearer fb_nobody' })),
      ),
    );
    const told = refusals.map(({ status, text }) => [
      status,
      text.replace(/"requestId":"[^"]+"/, ''),
    ]);
    expect(told[0]).toEqual(told[1]);
  });
});
