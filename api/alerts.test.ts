import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { createIntake } from './intake.ts';
import { problemSchema } from './schema/problem.ts';
import { createTestApi, NOW } from './test-api.ts';

// Goal: a webhook is taken exactly when its sender is proven and its envelope readable; whatever else it is, the
// answer has the right status and nothing is stored. Method: the real intake over a store in memory, the corpus of
// hostile bodies, headers and signatures as tables.

const source = (
  name: string,
  kind: SourceConfiguration['kind'],
  authentication: SourceConfiguration['authentication'],
): SourceConfiguration => ({
  name,
  kind,
  authentication,
  mapping:
    kind === 'generic'
      ? {
          alerts: 'body.alerts',
          status: "'firing'",
          startsAt: 'item.at',
          endsAt: null,
          title: 'item.title',
          labels: 'item.labels',
          annotations: null,
        }
      : null,
  ignoreLabels: [],
});

const bearer = (token: string) => ({ kind: 'bearer' as const, tokenSha256: [sha256Hex(token)] });
const SOURCES: readonly SourceConfiguration[] = [
  source('prometheus', 'alertmanager', bearer('am-token')),
  source('second', 'alertmanager', bearer('am-second')),
  source('events', 'cloudevents', bearer('ce-token')),
  source('signed', 'generic', { kind: 'hmac', secrets: ['new secret', 'old secret'] }),
];

let apps: FastifyInstance[] = [];
function api(change: Parameters<typeof createTestApi>[0] = {}): ReturnType<typeof createTestApi> {
  const router = {
    route: () => {
      throw new AppError('internal', 'Nothing is routed in these tests.');
    },
  };
  const intake = { ...createIntake({ sources: SOURCES, router }), route: () => null };
  const created = createTestApi({ intake, ...change });
  apps.push(created.app);
  return created;
}
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

const ALERT = {
  status: 'firing',
  labels: { alertname: 'Drift', model: 'fraud-scorer' },
  annotations: {},
  startsAt: NOW,
  endsAt: '0001-01-01T00:00:00Z',
};
const envelope = (alerts: readonly unknown[]) => JSON.stringify({ version: '4', alerts });
const GOOD = envelope([ALERT]);
const AM = '/api/v1/alerts/alertmanager';
const AM_HEADERS = { authorization: 'Bearer am-token', 'content-type': 'application/json' };

interface Attempt {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer;
}

async function send(attempt: Attempt, given = api()) {
  const reply = await given.app.inject({
    method: 'POST',
    url: attempt.url ?? AM,
    headers: attempt.headers ?? AM_HEADERS,
    payload: attempt.payload ?? GOOD,
  });
  return { reply, stored: given.memory.deliveries };
}

describe('what is taken', () => {
  test('an Alertmanager webhook: raw bytes, source and alert reach the store, 202 after it', async () => {
    const { reply, stored } = await send({});
    expect(reply.statusCode).toBe(202);
    expect(reply.json()).toEqual({
      alerts: [{ alertId: 'alr_0', duplicate: false, incidentId: 'inc_1' }],
    });
    expect(stored).toHaveLength(1);
    expect(Buffer.from(stored[0]?.raw ?? []).toString()).toBe(GOOD);
    expect(stored[0]?.source).toBe('prometheus');
    expect(JSON.stringify(stored[0]?.headers)).not.toContain('am-token');
  });

  test('a good alert beside a bad one: both stored, the bad one with its problem, still 202', async () => {
    const { reply, stored } = await send({ payload: envelope([ALERT, { status: 'odd' }]) });
    expect(reply.statusCode).toBe(202);
    expect(reply.json()).toMatchObject({ alerts: [{}, { incidentId: null }] });
    expect(reply.body).toContain('alerts[1]');
    expect(stored[0]?.alerts.map(({ kind }) => kind)).toEqual(['alert', 'quarantined']);
  });

  test('the credential alone tells which source it is; a named source takes only its own', async () => {
    const headers = { ...AM_HEADERS, authorization: 'Bearer am-second' };
    expect((await send({ headers })).stored[0]?.source).toBe('second');
    const wrong = await send({ url: `${AM}?source=prometheus`, headers });
    expect([wrong.reply.statusCode, wrong.stored.length]).toEqual([401, 0]);
  });

  test.each([
    [
      'structured',
      'application/cloudevents+json',
      { specversion: '1.0', id: '1', source: '/s', type: 't', time: NOW, data: {} },
    ],
    [
      'batch',
      'application/cloudevents-batch+json',
      [{ specversion: '1.0', id: '1', source: '/s', type: 't', time: NOW, data: {} }],
    ],
  ])('a CloudEvent in %s mode', async (_mode, type, body) => {
    const { reply, stored } = await send({
      url: '/api/v1/alerts/cloudevents',
      headers: { authorization: 'Bearer ce-token', 'content-type': type },
      payload: JSON.stringify(body),
    });
    expect(reply.statusCode).toBe(202);
    expect(stored[0]?.source).toBe('events');
  });

  test('a CloudEvent in binary mode keeps its ce-* headers', async () => {
    const { reply, stored } = await send({
      url: '/api/v1/alerts/cloudevents',
      headers: {
        authorization: 'Bearer ce-token',
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '1',
        'ce-source': '/s',
        'ce-type': 't',
        'ce-time': NOW,
      },
      payload: '{"status":"firing"}',
    });
    expect(reply.statusCode).toBe(202);
    expect(stored[0]?.headers).toMatchObject({ 'ce-id': '1' });
  });
});

describe('our own trouble', () => {
  test.each(['unavailable', 'conflict', 'not_found', 'rate_limited', 'refused'] as const)(
    '%s of the store is 503 with Retry-After, never a 4xx that would drop the alert',
    async (code) => {
      const given = api();
      given.memory.trouble = new AppError(code, 'The database is elsewhere.');
      const { reply } = await send({}, given);
      expect(reply.statusCode).toBe(503);
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    },
  );
});

describe('A: hostile bodies', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  test.each<readonly [string, string | Buffer, number]>([
    ['empty', '', 400],
    ['spaces', '   ', 400],
    ['byte order mark only', '\uFEFF', 400],
    ['truncated', GOOD.slice(0, -1), 400],
    ['trailing comma', '{"version":"4","alerts":[],}', 400],
    ['something after', `${GOOD} x`, 400],
    ['NaN', '{"version":"4","alerts":[NaN]}', 400],
    ['nesting 10 000 deep', `{"version":"4","alerts":${deep}}`, 400],
    ['duplicate keys', '{"version":"4","alerts":[],"alerts":[]}', 400],
    ['__proto__', '{"version":"4","alerts":[],"__proto__":{"x":1}}', 400],
    ['overlong UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0x80])]), 400],
    ['UTF-16', Buffer.from(GOOD, 'utf16le'), 400],
    ['array where an object is expected', '[]', 400],
    ['null', 'null', 400],
    ['a string with JSON in it', JSON.stringify(GOOD), 400],
    ['alerts as an object', '{"version":"4","alerts":{}}', 400],
    ['another version', '{"version":"3","alerts":[]}', 400],
    ['version as a number', '{"version":4,"alerts":[]}', 400],
    ['larger than 1 MiB', envelope([{ ...ALERT, x: 'x'.repeat(1024 * 1024) }]), 413],
  ])('%s', async (_name, payload, status) => {
    const { reply, stored } = await send({ payload });
    expect(reply.statusCode).toBe(status);
    expect(problemSchema.parse(reply.json()).code).toBe(status === 413 ? 'too_large' : 'invalid');
    expect(stored).toHaveLength(0);
  });

  test('the field of a broken envelope is named', async () => {
    const { reply } = await send({ payload: '{"version":"4","alerts":{}}' });
    expect(problemSchema.parse(reply.json()).field).toBe('alerts');
  });
});

describe('B: hostile HTTP', () => {
  const type = (contentType: string) => ({ ...AM_HEADERS, 'content-type': contentType });
  test.each<readonly [string, Attempt, number, string | null]>([
    ['no content type', { headers: { authorization: 'Bearer am-token' } }, 415, 'content-type'],
    ['form', { headers: type('application/x-www-form-urlencoded') }, 415, 'content-type'],
    ['multipart', { headers: type('multipart/form-data; boundary=a') }, 415, 'content-type'],
    ['text', { headers: type('text/plain') }, 415, 'content-type'],
    ['nearly JSON', { headers: type('application/jsonp') }, 415, 'content-type'],
    ['utf-7', { headers: type('application/json; charset=utf-7') }, 415, 'content-type'],
    ['utf-8', { headers: type('application/json; charset="UTF-8"') }, 202, null],
    ['gzip', { headers: { ...AM_HEADERS, 'content-encoding': 'gzip' } }, 415, 'content-encoding'],
    ['brotli', { headers: { ...AM_HEADERS, 'content-encoding': 'br' } }, 415, 'content-encoding'],
    ['method override', { headers: { ...AM_HEADERS, 'x-http-method-override': 'GET' } }, 202, null],
    ['a source name with a path', { url: `${AM}?source=..%2fetc` }, 400, 'querystring.source'],
    ['two source names', { url: `${AM}?source=a&source=b` }, 400, 'querystring.source'],
    ['a generic source with a path', { url: '/api/v1/alerts/generic/..%2fx' }, 400, null],
    ['a very long path', { url: `/api/v1/alerts/generic/${'a'.repeat(5_000)}` }, 400, null],
    ['dots', { url: '/api/v1/alerts/../alerts/alertmanager%2f..' }, 404, null],
    ['an unknown generic source', { url: '/api/v1/alerts/generic/unknown' }, 401, null],
  ])('%s', async (...[, attempt, status, field]) => {
    const { reply, stored } = await send(attempt);
    expect(reply.statusCode).toBe(status);
    expect(stored).toHaveLength(status === 202 ? 1 : 0);
    if (field !== null) expect(problemSchema.parse(reply.json()).field).toBe(field);
  });

  test('a GET is not a webhook', async () => {
    const { app } = api();
    expect((await app.inject({ method: 'GET', url: AM })).statusCode).toBe(404);
  });
});

describe('C: credentials', () => {
  test.each([
    ['none', {}],
    ['empty', { authorization: '' }],
    ['no token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic am-token' }],
    ['unknown', { authorization: 'Bearer nobody' }],
    ['a prefix of the token', { authorization: 'Bearer am-toke' }],
    ['a token of another kind', { authorization: 'Bearer ce-token' }],
    ['a person’s token', { authorization: 'Bearer fb_admin' }],
  ])('bearer: %s', async (_name, headers) => {
    const { reply, stored } = await send({
      headers: { 'content-type': 'application/json', ...headers },
    });
    expect([reply.statusCode, stored.length]).toEqual([401, 0]);
    expect(problemSchema.parse(reply.json()).detail).toBe('Unauthorized.');
  });

  const BODY = JSON.stringify({ alerts: [{ title: 't', at: NOW, labels: { model: 'm' } }] });
  const nowSeconds = Math.floor(Date.parse(NOW) / 1000);
  const sign = (secret: string, body: string, seconds = nowSeconds) =>
    createHmac('sha256', secret).update(`msg_1.${seconds.toString()}.${body}`).digest();
  const signedHeaders = (signature: string, seconds = nowSeconds, id = 'msg_1') => ({
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': seconds.toString(),
    'webhook-signature': signature,
  });
  const v1 = (bytes: Buffer) => `v1,${bytes.toString('base64')}`;
  const right = sign('new secret', BODY);

  test.each<readonly [string, Readonly<Record<string, string>>, string, number]>([
    ['right', signedHeaders(v1(right)), BODY, 202],
    ['the rotated secret', signedHeaders(v1(sign('old secret', BODY))), BODY, 202],
    ['one right among several', signedHeaders(`v1,AAAA ${v1(right)}`), BODY, 202],
    [
      '299 s old',
      signedHeaders(v1(sign('new secret', BODY, nowSeconds - 299)), nowSeconds - 299),
      BODY,
      202,
    ],
    ['absent', { 'content-type': 'application/json' }, BODY, 401],
    ['wrong', signedHeaders(v1(sign('other', BODY))), BODY, 401],
    ['of another body', signedHeaders(v1(sign('new secret', 'x'))), BODY, 401],
    ['a space after the body', signedHeaders(v1(right)), `${BODY} `, 401],
    [
      'a body serialised again',
      signedHeaders(v1(right)),
      JSON.stringify(JSON.parse(BODY), null, 1),
      401,
    ],
    [
      '301 s old',
      signedHeaders(v1(sign('new secret', BODY, nowSeconds - 301)), nowSeconds - 301),
      BODY,
      401,
    ],
    [
      'in the future',
      signedHeaders(v1(sign('new secret', BODY, nowSeconds + 301)), nowSeconds + 301),
      BODY,
      401,
    ],
    ['another id', signedHeaders(v1(right), nowSeconds, 'msg_2'), BODY, 401],
    ['hex', signedHeaders(`v1,${right.toString('hex')}`), BODY, 401],
    ['short', signedHeaders(v1(right.subarray(0, 16))), BODY, 401],
    ['another version', signedHeaders(`v2,${right.toString('base64')}`), BODY, 401],
    ['empty', signedHeaders(''), BODY, 401],
    ['no timestamp', { ...signedHeaders(v1(right)), 'webhook-timestamp': '' }, BODY, 401],
  ])('signature: %s', async (...[, headers, payload, status]) => {
    const { reply, stored } = await send({
      url: '/api/v1/alerts/generic/signed',
      headers,
      payload,
    });
    expect([reply.statusCode, stored.length]).toEqual([status, status === 202 ? 1 : 0]);
  });
});
