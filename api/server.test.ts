import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../domain/error.ts';
import { problemSchema } from './schema/problem.ts';
import { as, createTestApi } from './test-api.ts';

// Goal: how tokens are read, how errors look, what every answer carries. Method: requests injected into the server
// over a store in memory. Who may call what is in test/roles.

let apps: FastifyInstance[] = [];
function api(...change: Parameters<typeof createTestApi>): ReturnType<typeof createTestApi> {
  const created = createTestApi(...change);
  apps.push(created.app);
  return created;
}
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

describe('access', () => {
  test('a route without declared access cannot be registered', () => {
    const { app } = api();
    expect(() => app.get('/open-door', () => 'hello')).toThrow(AppError);
  });

  test.each([
    ['no scheme', 'fb_viewer'],
    ['another scheme', 'Basic fb_viewer'],
    ['another prefix', 'Bearer viewer'],
    ['unknown token', 'Bearer fb_nobody'],
    ['trailing words', 'Bearer fb_viewer fb_admin'],
    ['two tokens', 'Bearer fb_viewer, Bearer fb_admin'],
    ['very long', `Bearer fb_${'a'.repeat(500)}`],
  ])('a token that is not one: %s', async (_name, authorization) => {
    const { app } = api();
    const reply = await app.inject({ url: '/api/v1/incidents', headers: { authorization } });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  });

  test('a deactivated person has no say from that moment on', async () => {
    const { app, memory } = api();
    const ask = () => app.inject({ url: '/api/v1/incidents', headers: as('viewer') });
    expect((await ask()).statusCode).toBe(200);
    const person = memory.people.get('viewer');
    expect(person).toBeDefined();
    if (person) memory.people.set('viewer', { ...person, active: false });
    expect((await ask()).statusCode).toBe(401);
  });

  test.each(['null', 'https://evil.example', 'not a url'])('refuses origin %s', async (origin) => {
    const { app } = api();
    const reply = await app.inject({
      url: '/api/v1/incidents',
      headers: { ...as('viewer'), origin, host: 'firebreak.example' },
    });
    expect(reply.statusCode).toBe(403);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('answers', () => {
  test('every error is problem+json with code, field, request id and no stack', async () => {
    const { app } = api();
    const reply = await app.inject({
      url: '/api/v1/incidents?limit=0',
      headers: { ...as('viewer'), 'x-request-id': 'abc-1' },
    });
    expect(reply.statusCode).toBe(400);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.headers['x-request-id']).toBe('abc-1');
    const problem = problemSchema.parse(reply.json());
    expect(problem).toMatchObject({ code: 'invalid', requestId: 'abc-1', status: 400 });
    expect(problem.field).toContain('limit');
    expect(reply.body).not.toContain('at ');
  });

  test('an internal failure tells nothing but the request id', async () => {
    const { app } = api({
      postmortem: () => Promise.reject(new Error('password=hunter2 at /secret/path')),
    });
    const reply = await app.inject({
      url: '/api/v1/incidents/inc_1/postmortem.md',
      headers: as('viewer'),
    });
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('hunter2');
    expect(problemSchema.parse(reply.json()).code).toBe('internal');
  });

  test.each([
    ['invalid', 400],
    ['unauthorized', 401],
    ['not_found', 404],
    ['conflict', 409],
    ['refused', 403],
    ['too_large', 413],
    ['rate_limited', 429],
    ['unavailable', 503],
    ['outcome_unknown', 504],
    ['bad_reply', 502],
    ['unsupported', 501],
    ['internal', 500],
  ] as const)('code %s is status %i', async (code, status) => {
    const { app } = api({ postmortem: () => Promise.reject(new AppError(code, 'So it is.')) });
    const reply = await app.inject({
      url: '/api/v1/incidents/inc_1/postmortem.json',
      headers: as('viewer'),
    });
    expect(reply.statusCode).toBe(status);
    expect(problemSchema.parse(reply.json()).code).toBe(code);
    const retries = code === 'unavailable' || code === 'rate_limited';
    expect(reply.headers['retry-after'] !== undefined).toBe(retries);
  });

  test('security headers are on every answer, also on errors', async () => {
    const { app } = api();
    for (const url of ['/healthz', '/nothing', '/api/v1/incidents']) {
      const reply = await app.inject({ url });
      expect(reply.headers['x-content-type-options']).toBe('nosniff');
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
      expect(reply.headers['cache-control']).toBe('no-store');
    }
  });

  test.each<readonly [string, string, string, number]>([
    ['plain text', 'text/plain', '{}', 415],
    ['form', 'application/x-www-form-urlencoded', 'a=b', 415],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', 415],
    ['not JSON', 'application/json', '{', 400],
    ['empty', 'application/json', '', 400],
    ['prototype', 'application/json', '{"__proto__":{"a":1},"text":"x"}', 400],
    ['constructor', 'application/json', '{"constructor":{"prototype":{}},"text":"x"}', 400],
    ['unknown field', 'application/json', '{"text":"x","severity":"sev1"}', 400],
    ['array', 'application/json', '[]', 400],
    ['only spaces', 'application/json', '{"text":"   "}', 400],
    ['too large', 'application/json', JSON.stringify({ text: 'x'.repeat(70_000) }), 413],
  ])('a JSON route refuses %s', async (...[, type, payload, status]) => {
    const { app, memory } = api();
    const reply = await app.inject({
      method: 'POST',
      url: '/api/v1/incidents',
      headers: { ...as('responder'), 'content-type': type },
      payload,
    });
    expect(reply.statusCode).toBe(status);
    expect(problemSchema.parse(reply.json()).status).toBe(status);
    expect(memory.incidents.size).toBe(1);
  });

  test.each(['/api/v1/incidents/..%2f..%2fetc', '/api/v1/incidents/%00', '/api/v1/incidents/a%'])(
    'a path that means something else is refused: %s',
    async (url) => {
      const { app } = api();
      const reply = await app.inject({ url, headers: as('viewer') });
      expect([400, 404]).toContain(reply.statusCode);
      expect(problemSchema.parse(reply.json()).requestId).not.toBe('');
    },
  );
});

describe('status', () => {
  test('health needs nothing, readiness names what is missing', async () => {
    const { app, memory } = api({ temporalReady: () => Promise.resolve(false) });
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
    const half = await app.inject({ url: '/readyz' });
    expect(half.statusCode).toBe(503);
    expect(half.json()).toEqual({
      ready: false,
      checks: [
        { name: 'database', ready: true },
        { name: 'temporal', ready: false },
      ],
    });
    memory.trouble = new AppError('unavailable', 'down');
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
    const down = await app.inject({ url: '/readyz' });
    expect(down.json()).toMatchObject({ checks: [{ name: 'database', ready: false }, {}] });
  });

  test('metrics name routes, never paths that strangers choose', async () => {
    const { app } = api();
    await app.inject({ url: '/api/v1/incidents/inc_secret', headers: as('viewer') });
    const reply = await app.inject({ url: '/metrics', headers: as('viewer') });
    expect(reply.body).toContain('route="/api/v1/incidents/:id"');
    expect(reply.body).not.toContain('inc_secret');
  });

  test('the description lists every route and its page opens', async () => {
    const { app } = api();
    const description = await app.inject({ url: '/docs/json' });
    expect(description.statusCode).toBe(200);
    const document: unknown = description.json();
    for (const { url } of app.routeAccess) {
      if (url.startsWith('/docs')) continue;
      expect(document).toHaveProperty(['paths', url.replace(/:([a-z]+)/gi, '{$1}')]);
    }
    expect((await app.inject({ url: '/docs/' })).statusCode).toBe(200);
  });
});
