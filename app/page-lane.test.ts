// Goal: a rung wakes people once, whatever was lost on the way; a page that nobody gets goes on to the next channel or the next rung, and the
// timeline says so; nobody is woken for what is settled, or by a drill. Method: real rows and rounds of the ladder, the messenger, the
// connector, the PagerDuty twin with faults; the clock is moved by hand. Slack and mail are there and are sent nothing.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { connectorModules } from '../connectors/registry.ts';
import { create as createMail } from '../connectors/mail/index.ts';
import { create as createSlack } from '../connectors/slack/index.ts';
import type { Configuration } from '../domain/configuration.ts';
import { DEFAULT_ESCALATION, type Escalation, type Rung } from '../domain/escalation.ts';
import type { MessageChannel } from '../domain/message.ts';
import type { Fault } from '../lab/fault.ts';
import { createPagerdutyTwin, type PagerdutyTwin } from '../lab/pagerduty/twin.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { closersAfterEach } from '../test/closers.ts';
import { loadInstances, type LoadedInstances } from './connector-instances.ts';
import { escalate } from './escalation.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import { createPager, type Pager } from './pager.ts';

const MINUTE_MS = 60_000;
const BASE_URL = 'https://firebreak.lab.test';
const stores = useStores();
const closers = closersAfterEach();
let twin: PagerdutyTwin;
let instances: LoadedInstances;
let incidentId: string;
let startMs: number;
let minutes: number;
let ladder: Escalation;
let count = 0;

const now = (): Date => new Date(startMs + minutes * MINUTE_MS);
const rung = (channels: readonly MessageChannel[], given: Partial<Rung> = {}): Rung => ({
  ...{ afterSeconds: 60, person: 'mona', role: null, onCall: null, channels },
  ...given,
});

beforeEach(async () => {
  count += 1;
  for (const { id } of await stores.worker().incidents.unfinished(100)) {
    await stores.worker().incidents.change(id, { state: 'closed' });
  }
  const mona = { name: 'Mona', roles: [], slackUser: null, active: true } as const;
  await stores.api().people.put({ ...mona, id: 'mona', mail: 'mona@lab.test' });
  await stores.api().people.put({ ...mona, id: 'deaf', mail: null });
  incidentId = await openIncident(stores.api(), `page-${count.toString()}`);
  const incident = await stores.worker().incidents.change(incidentId, { severity: 'sev1' });
  startMs = Date.parse(incident.openedAt);
  minutes = 1;
  ladder = { ...DEFAULT_ESCALATION, pager: 'pager', incidents: [rung(['page'])] };
  twin = await createPagerdutyTwin();
  const config = { eventsUrl: twin.url, routingKey: twin.routingKey };
  instances = await loadInstances(connectorModules, [
    { name: 'pager', connector: 'pagerduty', holdSeconds: 0, config },
  ]);
  closers.push(() => twin.close());
  closers.push(() => instances.close());
});

/** The pager of a process with this ladder. */
function pager(): Pager {
  const configuration = (): Pick<Configuration, 'escalation'> => ({ escalation: ladder });
  return createPager(instances.all, { configuration });
}

interface Channels {
  readonly slack: boolean;
  readonly mail: boolean;
}
const NEITHER: Channels = { slack: false, mail: false };

/** One round of the ladder; answers how many rungs were taken. */
function round(channels: Channels = NEITHER): Promise<number> {
  return escalate({
    ...{ store: stores.worker(), channels, now, log: pino({ level: 'silent' }) },
    ...{ ladder: () => ladder, written: () => [], onCall: () => null, pager: pager() },
  });
}

/** A messenger of a process that has just started. */
function messenger({ slack, mail }: Channels = NEITHER): Messenger {
  const chat = slack ? createSlack({ token: 'xoxb-lab', channel: 'C0INCIDENTS' }) : null;
  const post = mail ? createMail({ url: 'smtp://127.0.0.1:9', from: 'firebreak@lab.test' }) : null;
  for (const one of [chat, post]) if (one !== null) closers.push(() => one.close());
  return createMessenger({
    ...{ store: stores.worker(), slack: chat, mail: post, slackChannel: null, pager: pager() },
    mailing: { to: ['on-call@lab.test'], from: 'firebreak@lab.test', publicUrl: BASE_URL },
    ...{ now, patienceMs: 30_000 },
  });
}

const rows = () => stores.worker().messages.ofIncident(incidentId);
const channelsOfRows = async () => (await rows()).map(({ channel }) => channel);
async function send(by: Messenger): Promise<string> {
  const page = (await rows()).findLast(({ channel }) => channel === 'page');
  return by.send(page?.id ?? '');
}
/** Sends until nothing is to be tried any more; answers how each try ended. */
async function sendOut(by: Messenger): Promise<readonly string[]> {
  const outcomes: string[] = [];
  while (outcomes.length < 10 && !['sent', 'failed'].includes(outcomes.at(-1) ?? '')) {
    outcomes.push(await send(by));
    minutes += 2;
  }
  return outcomes;
}
async function facts(kind: string): Promise<readonly string[]> {
  const all = await stores.worker().facts.page(incidentId, 0, 100);
  return all.filter((one) => one.kind === kind).map(({ summary }) => summary);
}
const answer = (status: number, body: unknown = ''): Fault => ({
  ...{ kind: 'reply', reply: { status, body } },
});

describe('a rung that pages', () => {
  test('wakes people once, by a key of incident and rung, and says so', async () => {
    expect(await Promise.all([round(), round()])).toContain(1);
    expect(await round()).toBe(0);
    const first = messenger();
    expect(await Promise.all([send(first), send(first)])).toEqual(['sent', 'sent']);
    expect(await send(messenger())).toBe('sent');
    const [alert, ...others] = twin.alerts();
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      ...{ dedupKey: `firebreak/${incidentId}/page/escalation/1`, triggers: 1 },
      ...{ severity: 'critical', details: { called: 'Mona (mona)' } },
    });
    expect(alert?.summary).toMatch(
      /^#\d+ .+: ESCALATED: Nobody has acknowledged it for 1 minute$/u,
    );
    expect(await facts('escalation.rung')).toEqual([
      'Nobody has acknowledged it for 1 minute: PagerDuty pages whom it calls, for Mona (mona) (rung 1 of 1, person mona).',
    ]);
    expect(await facts('message.sent')).toHaveLength(1);
  });

  test('of an approval leads to it; nothing that is done in PagerDuty decides', async () => {
    await stores.worker().incidents.change(incidentId, { acknowledgedBy: 'mona' });
    const id = `apr_page_${count.toString()}`;
    await stores.worker().approvals.open({
      ...{ id, incidentId, operation: 'ask', round: 1, title: 'Go back', requestedBy: null },
      ...{ approvalClass: 'R3', plans: [], planDigest: 'a'.repeat(64) },
      quorum: { people: 2, roles: ['approver-security'] },
      createdAt: new Date(startMs).toISOString(),
      expiresAt: new Date(startMs + 60 * MINUTE_MS).toISOString(),
    });
    ladder = { ...ladder, approvals: [rung(['page']), rung(['page'], { afterSeconds: 120 })] };
    await round();
    expect(await send(messenger())).toBe('sent');
    const link = { href: `${BASE_URL}/approvals/${id}`, text: 'Read it whole and decide' };
    expect(twin.alerts()).toMatchObject([{ links: [link] }]);
    for (const event_action of ['acknowledge', 'resolve']) {
      const [{ dedupKey: dedup_key } = { dedupKey: '' }] = twin.alerts();
      const body = JSON.stringify({ routing_key: twin.routingKey, event_action, dedup_key });
      expect((await fetch(`${twin.url}/v2/enqueue`, { method: 'POST', body })).status).toBe(202);
    }
    expect((await stores.worker().approvals.get(id))?.status).toBe('open');
    minutes = 2;
    expect(await round()).toBe(1);
    expect(await send(messenger())).toBe('sent');
    expect(twin.alerts()).toHaveLength(1);
  });

  test('reaches whom PagerDuty calls where nobody of ours is found', async () => {
    ladder = { ...ladder, incidents: [rung(['page'], { person: 'gone' })] };
    expect(await round()).toBe(1);
    expect(await send(messenger())).toBe('sent');
    expect(twin.alerts()).toMatchObject([{ details: { called: 'nobody by name' } }]);
    expect(await facts('escalation.rung')).toEqual([
      expect.stringContaining(
        ': PagerDuty pages whom it calls, and nobody of ours: nobody active is there (rung 1 of 1, person gone).',
      ),
    ]);
  });

  test('reaches nobody where nothing pages, and in a drill', async () => {
    ladder = { ...ladder, pager: 'another' };
    expect(await round()).toBe(1);
    expect(await facts('escalation.rung')).toEqual([
      expect.stringContaining('none of its channels reaches them; no rung is left'),
    ]);
    expect(await channelsOfRows()).toEqual([]);
    ladder = { ...ladder, pager: 'pager' };
    expect([pager()({ drill: true }), pager()({ drill: false })]).toEqual([
      null,
      expect.anything(),
    ]);
  });
});

describe('a page whose answer is lost', () => {
  test.each<[string, Fault]>([
    ['after it was taken', { kind: 'cut-after' }],
    ['in a page', answer(200, '<html>')],
    ['in an answer about another key', answer(202, { status: 'success', dedup_key: 'x' })],
  ])('%s is sent again under its key: one alert', async (_name, fault) => {
    await round();
    twin.faults.add(fault);
    expect(await sendOut(messenger())).toEqual(['later', 'sent']);
    expect(twin.alerts()).toHaveLength(1);
  });
});

describe('a page that nobody gets', () => {
  const REFUSED = answer(400, { status: 'invalid event', errors: ["'routing_key' is invalid"] });

  test.each<[string, Fault, number]>([
    ['that is refused', REFUSED, 1],
    ['that is away', { kind: 'cut-before' }, 4],
    ['that talks nonsense', answer(200, { ok: true }), 4],
    ['that only ever asks to wait', answer(429), 4],
  ])('of a PagerDuty %s goes on to mail', async (_name, fault, tries) => {
    const channels = { slack: true, mail: true };
    await round(channels);
    twin.faults.add(fault, { times: 100 });
    const outcomes = await sendOut(messenger(channels));
    expect(outcomes).toHaveLength(tries);
    expect(outcomes.at(-1)).toBe('failed');
    const [page, mail, ...others] = await rows();
    expect(others).toEqual([]);
    expect([page, mail]).toMatchObject([
      { channel: 'page', state: 'failed', purpose: 'escalation/1' },
      { channel: 'mail', state: 'pending', purpose: 'escalation/1', subject: page?.subject },
    ]);
    expect(await facts('message.failed')).toEqual([
      expect.stringMatching(/^People could not be told by page \(\w+, mail takes its place\)/u),
    ]);
    expect(JSON.stringify(await facts('message.failed'))).not.toContain(twin.routingKey);
  });

  test.each<[string, string, Channels, readonly MessageChannel[]]>([
    ['Slack where nobody of the rung has mail', 'deaf', { slack: true, mail: true }, ['slack']],
    ['Slack where there is no mail', 'mona', { slack: true, mail: false }, ['slack']],
  ])('goes on to %s', async (...[, person, channels, wanted]) => {
    ladder = { ...ladder, incidents: [rung(['page'], { person })] };
    await round(channels);
    twin.faults.add(REFUSED);
    expect(await send(messenger(channels))).toBe('failed');
    expect(await channelsOfRows()).toEqual(['page', ...wanted]);
  });

  test('goes nowhere else where the rung tells by every other channel', async () => {
    const channels = { slack: true, mail: true };
    ladder = { ...ladder, incidents: [rung(['page', 'slack', 'mail'])] };
    await round(channels);
    twin.faults.add(REFUSED);
    expect(await send(messenger(channels))).toBe('failed');
    expect(await channelsOfRows()).toEqual(['page', 'slack', 'mail']);
    expect(await facts('message.failed')).toEqual([
      expect.stringContaining('the rung tells by slack and mail as well'),
    ]);
    minutes = 5;
    expect(await round(channels)).toBe(0);
  });

  test('with no channel left makes the next rung due at once', async () => {
    const late = rung(['page'], { afterSeconds: 3_600 });
    ladder = { ...ladder, incidents: [rung(['page']), late] };
    await round();
    twin.faults.add(REFUSED);
    expect(await send(messenger())).toBe('failed');
    expect(await facts('message.failed')).toEqual([
      expect.stringContaining(
        'no channel is left: the next rung, if there is one, is taken at once',
      ),
    ]);
    expect(await round()).toBe(1);
    expect(await send(messenger())).toBe('sent');
    expect(twin.alerts().map(({ dedupKey }) => dedupKey)).toEqual([
      `firebreak/${incidentId}/page/escalation/2`,
    ]);
  });
});

test.each([
  ['acknowledged', { acknowledgedBy: 'mona' }],
  ['stabilised', { stabilisedAt: '2026-11-23T10:00:00.000Z' }],
] as const)('nobody is woken for an incident that is %s meanwhile', async (_name, change) => {
  await round();
  await stores.worker().incidents.change(incidentId, change);
  expect(await send(messenger({ slack: true, mail: true }))).toBe('failed');
  expect(twin.ledger).toEqual([]);
  expect(await channelsOfRows()).toEqual(['page']);
  expect(await facts('message.failed')).toEqual([
    expect.stringContaining('nothing waits for it any more'),
  ]);
});
