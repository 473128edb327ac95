// Goal: any responder may ask for quiet, nobody else, and no silence is taken that hides everything or never ends.
// Method: the API over the real store, people with one role each.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { createTestApi } from '../../api/test-api.ts';
import { silenceSchema } from '../../api/schema/silence.ts';
import { problemSchema } from '../../api/schema/problem.ts';
import type { Role } from '../../domain/approval.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { deliveryOf, routedAlert } from '../../store/test-delivery.ts';
import { openIncident, useStores } from '../../store/test-store.ts';
import { SCOPES } from '../../domain/scope.ts';

const stores = useStores();
let app: FastifyInstance;
beforeAll(async () => {
  for (const role of ['viewer', 'responder'] satisfies Role[]) {
    await stores.owner().people.put({
      ...{ id: role, name: role, roles: [role], slackUser: null, mail: null, active: true },
    });
    await stores.owner().people.addToken({
      ...{ personId: role, sha256: sha256Hex(`fb_${role}`), label: 'test', expiresAt: null },
      ...{ canApprove: false, scopes: SCOPES },
    });
  }
  ({ app } = createTestApi({ store: stores.api(), clock: () => new Date() }));
  await app.ready();
});
afterAll(() => app.close());

const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString();
const SILENCE = {
  matchers: ['alertname="drain"'],
  endsAt: hours(2),
  owner: 'mona',
  reason: 'node drain',
};

function send(person: string, url: string, body?: object) {
  return app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/api/v1${url}`,
    headers: { authorization: `Bearer fb_${person}` },
    ...(body === undefined ? {} : { payload: body }),
  });
}

const oneSilence = z.object({ silence: silenceSchema.extend({ state: z.string() }) });

async function add(change: object = {}) {
  const reply = await send('responder', '/silences', { ...SILENCE, ...change });
  return oneSilence.parse(reply.json()).silence;
}

describe('silences', () => {
  test('are added, listed with what they suppressed, and ended', async () => {
    const silence = await add();
    expect(silence).toMatchObject({ state: 'active', createdBy: 'responder', suppressedCount: 0 });
    const alert = routedAlert({ name: 'drain', incidentKey: 'drain' });
    await stores.api().alerts.accept([deliveryOf([alert], new Date().toISOString())]);
    const alerts = await send('viewer', `/silences/${silence.id}/alerts`);
    expect(alerts.json()).toMatchObject({
      items: [{ title: 'Alert drain', status: 'firing', incidentId: null }],
      next: null,
    });
    const ended = await send('responder', `/silences/${silence.id}/expire`, { reason: 'done' });
    expect(oneSilence.parse(ended.json()).silence).toMatchObject({
      ...{ state: 'expired', endedBy: 'responder', suppressedCount: 1 },
    });
    const again = await send('responder', `/silences/${silence.id}/expire`, { reason: 'done' });
    expect(again.statusCode).toBe(409);
    const listed = await send('viewer', '/silences?state=expired');
    expect(JSON.stringify(listed.json())).toContain(silence.id);
    expect((await send('viewer', '/silences?state=pending')).json()).toEqual({
      items: [],
      next: null,
    });
  });

  test('one that begins later is a maintenance window; sent twice it is one', async () => {
    const window = { id: 'window-1', startsAt: hours(24), endsAt: hours(26) };
    expect(await add(window)).toMatchObject({ id: 'window-1', state: 'pending' });
    expect(await add(window)).toMatchObject({ id: 'window-1', state: 'pending' });
  });

  test.each<[string, object, string]>([
    ['everything', { matchers: ['alertname=*'] }, 'matchers'],
    ['no matcher', { matchers: [] }, 'matchers'],
    ['what is no matcher', { matchers: ['alertname'] }, 'matchers.0'],
    ['for ever', { endsAt: hours(24 * 365) }, 'endsAt'],
    ['the past', { endsAt: hours(-1) }, 'endsAt'],
    ['without a reason', { reason: ' ' }, 'reason'],
    ['without an owner', { owner: undefined }, 'owner'],
  ])('%s is refused, naming the field', async (_title, change, field) => {
    const reply = await send('responder', '/silences', { ...SILENCE, ...change });
    expect(reply.statusCode).toBe(400);
    expect(problemSchema.parse(reply.json()).field).toContain(field);
  });

  test('who may only look asks for no quiet', async () => {
    const incident = await openIncident(stores.api(), 'quiet-please');
    const { id } = await add();
    const attempts = await Promise.all([
      send('viewer', '/silences', SILENCE),
      send('viewer', `/silences/${id}/expire`, { reason: 'x' }),
      send('viewer', `/incidents/${incident}/snooze`, { until: hours(1), reason: 'x' }),
    ]);
    expect(attempts.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403]);
  });
});

describe('a snooze', () => {
  test('holds until its end, or until it is ended', async () => {
    const incident = await openIncident(stores.api(), 'snoozed');
    const until = hours(2);
    const url = `/incidents/${incident}/snooze`;
    const reply = await send('responder', url, { until, reason: 'waiting' });
    expect(reply.json()).toEqual({ incidentId: incident, snoozedUntil: until });
    expect(await stores.worker().silences.snoozedUntil(incident)).toBe(until);
    await send('responder', url, { until: null, reason: 'back' });
    const ended = await stores.worker().silences.snoozedUntil(incident);
    expect(Date.parse(ended ?? '')).toBeLessThanOrEqual(Date.now());
    expect((await send('responder', url, { until: hours(24 * 8), reason: 'x' })).statusCode).toBe(
      400,
    );
  });
});
