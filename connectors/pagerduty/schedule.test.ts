// Goal: a schedule of PagerDuty is read whole, of one that is not there nothing is guessed, and what is no answer is none.
// Method: the connector against the twin, and against answers that say what they should not.
import { describe, expect, test } from '@jest/globals';
import { createFaultPlan } from '../../lab/fault.ts';
import {
  createPagerdutyTwin,
  type PagerdutyShift,
  type PagerdutyTwin,
  type PagerdutyTwinOptions,
} from '../../lab/pagerduty/twin.ts';
import { startTwin, type TwinReply } from '../../lab/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import type { Connector } from '../connector.ts';
import { healthContext } from '../http.ts';
import { create } from './index.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-23T00:00:00Z');
const day = (days: number): string => new Date(START + days * DAY_MS).toISOString();
const MONA = { id: 'PMONA', name: 'Mona', email: 'mona@lab.test' };
const OLGA = { id: 'POLGA', name: 'Olga', email: 'olga@lab.test' };
const WINDOW = { schedule: 'PML', since: day(-7), until: day(90) };

const closers = closersAfterEach();

function connect(config: object): Connector {
  const connector = create(config);
  closers.push(() => connector.close());
  return connector;
}

async function account(options: PagerdutyTwinOptions = {}): Promise<PagerdutyTwin> {
  const twin = await createPagerdutyTwin({ users: [MONA, OLGA], ...options });
  closers.push(() => twin.close());
  return twin;
}

async function read(config: object, input: object = WINDOW): Promise<unknown> {
  const probe = connect(config).probes['schedule'];
  const { value } = (await probe?.read({ ...WINDOW, ...input }, context())) ?? {};
  return value;
}
const context = () => healthContext(AbortSignal.timeout(10_000));
const shift = (user: string, from: number, to: number): PagerdutyShift => ({
  ...{ schedule: 'PML', user, start: day(from), end: day(to) },
});

describe('a schedule', () => {
  test('is read over all its pages and policies, each stretch of time once, by its user', async () => {
    const shifts = Array.from({ length: 90 }, (_all, index) =>
      shift(index % 2 === 0 ? 'PMONA' : 'POLGA', index, index + 1),
    ).map((one) => ({ ...one, policies: ['PA', 'PB'] }));
    const twin = await account({
      shifts: [...shifts, { ...shift('PMONA', 0, 1), schedule: 'POTHER' }],
    });
    const value = await read({ url: twin.url, token: twin.token });
    expect(value).toMatchObject({ truncated: false });
    const entries = shifts.map(({ user, start, end }) => {
      const { email: mail, name } = user === 'PMONA' ? MONA : OLGA;
      return { from: start, to: end, user, mail, name };
    });
    expect(value).toEqual({ entries, truncated: false });
    // Two pieces, the first of which has 122 on-calls.
    expect(twin.ledger.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('that has no begin or no end lasts as long as what was asked for', async () => {
    const twin = await account({ shifts: [{ ...shift('PMONA', 0, 0), start: null, end: null }] });
    const { since: from, until: to } = WINDOW;
    expect(await read({ url: twin.url, token: twin.token })).toMatchObject({
      entries: [{ from, to, user: 'PMONA' }],
    });
  });

  test('is read by a scoped app with its own token, and by a key as a key', async () => {
    const twin = await account({ shifts: [shift('PMONA', 0, 1)] });
    const issuer = await startTwin({
      ...{ name: 'issuer', faults: createFaultPlan() },
      handler: () => ({
        status: 200,
        body: { access_token: twin.token, token_type: 'bearer', expires_in: 3_600 },
      }),
    });
    closers.push(() => issuer.close());
    const seen: (string | undefined)[] = [];
    const matches = ({ authorization }: { readonly authorization?: string }): boolean => {
      seen.push(authorization);
      return false;
    };
    twin.faults.add({ kind: 'delay' }, { matches });
    const client = { clientId: 'app', clientSecret: 'secret', scope: 'oncalls.read' };
    const oauth2 = { ...client, tokenUrl: `${issuer.url}/oauth/token` };
    const near = { until: day(1) };
    await read({ url: twin.url, oauth2 }, near);
    await read({ url: twin.url, token: twin.token }, near);
    expect(seen).toEqual([`Bearer ${twin.token}`, `Token token=${twin.token}`]);
  });

  test('that is not there is not found; one that nobody is on has no entries', async () => {
    const twin = await account({ shifts: [shift('PMONA', -20, -10)] });
    const config = { url: twin.url, token: twin.token };
    expect(await read(config)).toEqual({ entries: [], truncated: false });
    const gone = read(config, { schedule: 'PGONE' });
    await expect(gone).rejects.toMatchObject({
      code: 'not_found',
      message: 'PagerDuty shows this key no schedule PGONE.',
    });
    // A key that may not ask whether it is there learns no more than that it is empty.
    const path = '/schedules/PGONE';
    const reply = { status: 403, body: { error: { message: 'Access Denied' } } };
    twin.faults.add({ kind: 'reply', reply }, { matches: (request) => request.path === path });
    expect(await read(config, { schedule: 'PGONE' })).toEqual({ entries: [], truncated: false });
  });

  test('is cut after fifty pages, and says so', async () => {
    const page = { oncalls: [], more: true };
    const twin = await startTwin({
      ...{ name: 'endless', faults: createFaultPlan() },
      handler: () => ({ status: 200, body: page }),
    });
    closers.push(() => twin.close());
    expect(await read({ url: twin.url, token: 'key' })).toEqual({ entries: [], truncated: true });
    expect(twin.ledger).toHaveLength(50);
  });
});

describe('what is no answer', () => {
  const oncall = {
    ...{ user: { id: 'PMONA', summary: 'Mona' }, schedule: { id: 'PML' } },
    ...{ start: day(0), end: day(1) },
  };
  const said = (change: object): TwinReply => ({
    status: 200,
    body: { oncalls: [{ ...oncall, ...change }], more: false },
  });
  test.each<[string, TwinReply]>([
    ['a time that is none', said({ start: 'tomorrow' })],
    ['a user without an id', said({ user: { summary: 'Mona' } })],
    ['a mail that is no text', said({ user: { id: 'PMONA', email: 7 } })],
    ['a schedule that is no object', said({ schedule: 'PML' })],
    ['no word whether there is more', { status: 200, body: { oncalls: [oncall] } }],
    ['more on a page than there can be', said({})],
    ['an error with 200', { status: 200, body: { error: { code: 2001, message: 'no' } } }],
  ])('%s', async (name, reply) => {
    const twin = await account();
    const many = Array.from({ length: 101 }, () => oncall);
    const body = name.startsWith('more') ? { oncalls: many, more: false } : reply.body;
    twin.faults.add({ kind: 'reply', reply: { ...reply, body } });
    const reading = read({ url: twin.url, token: twin.token }, { until: day(1) });
    await expect(reading).rejects.toMatchObject({ code: 'bad_reply' });
  });

  test('a wait is honoured as PagerDuty tells it, and as everybody does', async () => {
    const twin = await account({ requestsMax: 0 });
    const config = { url: twin.url, token: twin.token };
    const limited = { code: 'rate_limited' };
    await expect(read(config)).rejects.toMatchObject({ ...limited, retryAfterMs: 7_000 });
    const headers = { 'retry-after': '30', 'ratelimit-reset': '7' };
    twin.faults.add({ kind: 'reply', reply: { status: 429, headers, body: '' } });
    await expect(read(config)).rejects.toMatchObject({ ...limited, retryAfterMs: 30_000 });
  });

  test('a key that is refused is named with what it lacks, and never shown', async () => {
    const twin = await account();
    const connector = connect({ url: twin.url, token: 'key-of-nobody' });
    const health = await connector.health(AbortSignal.timeout(10_000));
    expect(health).toMatchObject({ reachable: true, missing: ['oncalls.read'] });
    expect(health.problem).toBe('PagerDuty answered 401: Unauthorized (needed: oncalls.read)');
    expect(JSON.stringify(health)).not.toContain('key-of-nobody');
  });
});

const APP = { tokenUrl: 'https://lab.test/token', clientId: 'app', clientSecret: 'secret' };
test.each([
  ['without any key', {}, 'token'],
  ['with two ways to be let in', { token: 'a', oauth2: APP }, 'oauth2'],
  ['with a key in an address', { token: 'a', url: 'https://user:key@lab.test' }, 'url'],
])('a configuration %s is refused, naming the field', (_name, config, field) => {
  expect(() => create(config)).toThrow(
    expect.objectContaining({ code: 'invalid', field: `pagerduty.${field}` }),
  );
});

test('a page that is refused says why in the words of PagerDuty, without the key', async () => {
  const twin = await account();
  const page = connect({ eventsUrl: twin.url, routingKey: 'key-of-nobody' }).actions['page'];
  const input = { summary: 'Nobody answers', severity: 'critical', source: 'fraud-scorer' };
  const writing = { ...context(), permit: () => Promise.resolve() };
  const plan = await page?.plan(input, writing);
  if (page === undefined || plan === undefined) throw new Error('there is no page');
  await expect(page.apply(input, plan, writing)).rejects.toMatchObject({
    ...{ code: 'invalid', field: undefined },
    message: "PagerDuty answered 400: invalid event: 'routing_key' is invalid",
  });
});
