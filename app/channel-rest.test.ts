// Goal: the page of one incident does not wait for that of another, unless PagerDuty asks all of us to.
// Method: a page in each of two incidents, one messenger, the PagerDuty twin with faults; the clock is moved by hand.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { create as createPagerduty } from '../connectors/pagerduty/index.ts';
import { rungPurpose } from '../domain/escalation.ts';
import type { Fault } from '../lab/fault.ts';
import { createPagerdutyTwin, type PagerdutyTwin } from '../lab/pagerduty/twin.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { createMessenger, type Messenger } from './messenger.ts';

const SECOND_MS = 1_000;
const stores = useStores();
let twin: PagerdutyTwin;
let close: () => Promise<void>;
let messenger: Messenger;
let pages: readonly string[];
let seconds: number;
let count = 0;

beforeEach(async () => {
  count += 1;
  seconds = 0;
  twin = await createPagerdutyTwin();
  const pagerduty = createPagerduty({ eventsUrl: twin.url, routingKey: twin.routingKey });
  close = async () => {
    await pagerduty.close();
    await twin.close();
  };
  messenger = createMessenger({
    ...{ store: stores.worker(), slack: null, mail: null, slackChannel: null },
    pager: () => pagerduty.actions['page'] ?? null,
    mailing: { to: [], from: 'firebreak@lab.test', publicUrl: null },
    now: () => new Date(1_800_000_000_000 + seconds * SECOND_MS),
    patienceMs: 30_000,
  });
  pages = [await pageOf('first'), await pageOf('other')];
});
afterEach(() => close());

/** The row of a page about an incident of its own. */
async function pageOf(name: string): Promise<string> {
  const incidentId = await openIncident(stores.api(), `${name}-${count.toString()}`);
  const purpose = rungPurpose({ kind: 'incident', id: incidentId }, 1);
  const { messages } = stores.worker();
  await messages.put([{ incidentId, purpose, channel: 'page', subject: 'Wake up', text: '' }]);
  const [row] = await messages.ofIncident(incidentId);
  return row?.id ?? '';
}

const sendFirst = () => messenger.send(pages[0] ?? '');
const sendOther = () => messenger.send(pages[1] ?? '');
const answer = (status: number, body: unknown = ''): Fault => ({
  ...{ kind: 'reply', reply: { status, body } },
});

test.each<[string, Fault]>([
  ['is refused', answer(400, { status: 'invalid event', errors: ['too strange'] })],
  ['gets no answer', { kind: 'cut-before' }],
  ['gets an answer that nobody understands', answer(200, '<html>')],
  ['meets an error', answer(503)],
])('a page waits for none that %s', async (_name, fault) => {
  twin.faults.add(fault);
  expect(await sendFirst()).not.toBe('sent');
  expect(await sendOther()).toBe('sent');
  expect(twin.alerts()).toHaveLength(1);
});

test('a page that failed waits itself, longer with each try', async () => {
  twin.faults.add({ kind: 'cut-before' }, { times: 2 });
  while ((await sendFirst()) !== 'sent' && seconds < 60) seconds += 1;
  expect(seconds).toBe(15);
});

test('two pages that fail have each their own tries, in the same minute', async () => {
  twin.faults.add({ kind: 'cut-before' }, { times: 8 });
  const ended = new Set<string>();
  for (; ended.size < 2 && seconds < 60; seconds += 1) {
    if ((await sendFirst()) === 'failed') ended.add('first');
    if ((await sendOther()) === 'failed') ended.add('other');
  }
  expect([...ended]).toEqual(['first', 'other']);
});

test('a page waits where PagerDuty asks all of us to', async () => {
  const headers = { 'retry-after': '20' };
  twin.faults.add({ kind: 'reply', reply: { status: 429, body: '', headers } });
  expect([await sendFirst(), await sendOther()]).toEqual(['later', 'later']);
  expect(twin.ledger).toHaveLength(1);
  seconds = 21;
  expect([await sendOther(), await sendFirst()]).toEqual(['sent', 'sent']);
});
