// Goal: each row becomes one message in its incident's thread, with a fact; a channel that is down holds nothing up.
// Method: the real store and the real connectors against the Slack and mail twins, faults planned on the wire.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { create as createMail } from '../connectors/mail/index.ts';
import { create as createSlack } from '../connectors/slack/index.ts';
import type { Message, MessageChannel } from '../domain/message.ts';
import { createMailTwin, type MailTwin } from '../lab/mail/twin.ts';
import { createSlackTwin, type SlackTwin } from '../lab/slack/twin.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { closersAfterEach } from '../test/closers.ts';
import { createMessenger, type Messenger, type MessengerOptions } from './messenger.ts';

const CHANNEL = 'C0INCIDENTS';
const FROM = 'firebreak@lab.test';

const stores = useStores();
const closers = closersAfterEach();

interface World {
  readonly slack: SlackTwin;
  readonly mail: MailTwin;
  readonly messenger: Messenger;
  readonly incidentId: string;
  /** Moves the messenger's clock. */
  pass(ms: number): void;
}

let count = 0;
let current: World;

async function world(change: Partial<MessengerOptions> = {}): Promise<World> {
  count += 1;
  const slack = await createSlackTwin();
  closers.push(() => slack.close());
  const mail = await createMailTwin();
  closers.push(() => mail.close());
  const slackConnector = createSlack({
    token: slack.botToken,
    channel: CHANNEL,
    apiUrl: slack.apiUrl,
  });
  closers.push(() => slackConnector.close());
  const mailConnector = createMail({ url: mail.url, from: FROM });
  closers.push(() => mailConnector.close());
  let shiftMs = 0;
  const messenger = createMessenger({
    store: stores.worker(),
    slack: slackConnector,
    mail: mailConnector,
    slackChannel: CHANNEL,
    mailing: { to: ['mona@lab.test'], from: FROM, publicUrl: null },
    now: () => new Date(Date.now() + shiftMs),
    patienceMs: 30_000,
    ...change,
  });
  const incidentId = await openIncident(stores.api(), `messenger-${count.toString()}`);
  const pass = (ms: number): void => {
    shiftMs += ms;
  };
  return { slack, mail, messenger, incidentId, pass };
}

/** Sends a row that a test has put. */
function send(row: Message | undefined): ReturnType<Messenger['send']> {
  return current.messenger.send(row?.id ?? '');
}

/** Writes rows and answers them in order. */
async function put(
  channel: MessageChannel,
  rows: readonly { readonly purpose: string; readonly subject?: string; readonly text?: string }[],
): Promise<readonly Message[]> {
  const { incidentId } = current;
  const store = stores.worker();
  await store.messages.put(
    rows.map(({ purpose, subject = `about ${purpose}`, text = `text of ${purpose}` }) => ({
      incidentId,
      channel,
      purpose,
      subject,
      text,
    })),
  );
  const all = await store.messages.ofIncident(incidentId);
  return rows.flatMap(({ purpose }) =>
    all.filter((row) => row.channel === channel && row.purpose === purpose),
  );
}

async function states(): Promise<readonly string[]> {
  return (await stores.worker().messages.ofIncident(current.incidentId)).map(({ state }) => state);
}

async function subjects(channel: MessageChannel): Promise<readonly string[]> {
  const all = await stores.worker().messages.ofIncident(current.incidentId);
  return all.filter((row) => row.channel === channel).map(({ subject }) => subject);
}

async function facts(kind: string): Promise<readonly unknown[]> {
  const all = await stores.worker().facts.page(current.incidentId, 0, 100);
  return all.filter((fact) => fact.kind === kind).map((fact) => fact.data);
}

const isPost = ({ path }: { path: string }): boolean => path === '/api/chat.postMessage';

beforeEach(async () => {
  current = await world();
});

describe('messenger, snoozed', () => {
  test('what only repeats waits for the end; what asks anew overtakes it', async () => {
    const { slack, incidentId, pass } = current;
    const createdAt = new Date().toISOString();
    await stores.api().silences.snooze({
      ...{ id: `snz-${incidentId}`, incidentId, reason: 'known', person: 'mona', name: 'Mona' },
      ...{ channel: 'cli', createdAt, endsAt: new Date(Date.now() + 3_600_000).toISOString() },
    });
    const [reminder, approval] = await put('slack', [
      { purpose: 'reminder/held at isolate/900000' },
      { purpose: 'approval/apr_1' },
    ]);
    expect(await send(reminder)).toBe('snoozed');
    expect(await send(approval)).toBe('sent');
    expect(await send(reminder)).toBe('snoozed');
    pass(3_700_000);
    expect(await send(reminder)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(2);
  });

  test('what is told about the engine itself belongs to no incident and stands alone', async () => {
    const { slack } = current;
    const store = stores.worker();
    await store.messages.put([
      {
        ...{ incidentId: null, channel: 'slack', purpose: `watchdog/${current.incidentId}` },
        ...{ subject: 'No Watchdog', text: 'Look.' },
      },
    ]);
    const rows = await stores.sql('select id from firebreak.message where incident_id is null');
    const [{ id }] = z.tuple([z.object({ id: z.string() })]).parse(rows);
    expect(await current.messenger.send(id)).toBe('sent');
    expect(await current.messenger.send(id)).toBe('sent');
    expect(slack.messages(CHANNEL).map(({ text }) => text)).toEqual(['No Watchdog']);
  });
});

describe('messenger, slack', () => {
  test('rows sent at the same time stand in one thread, in order, once', async () => {
    const { slack, messenger } = current;
    const rows = await put('slack', [
      { purpose: 'opened' },
      { purpose: 'step/isolate' },
      { purpose: 'closed' },
    ]);
    const outcomes = await Promise.all(rows.map(({ id }) => messenger.send(id)));
    expect(outcomes).toEqual(['sent', 'sent', 'sent']);
    const [parent, ...replies] = slack.messages(CHANNEL);
    expect(parent?.thread_ts).toBeUndefined();
    expect(replies.map((message) => [message.text, message.thread_ts])).toEqual([
      ['about step/isolate', parent?.ts],
      ['about closed', parent?.ts],
    ]);
    await send(rows[0]);
    expect(slack.messages(CHANNEL)).toHaveLength(3);
    expect(await facts('message.sent')).toContainEqual({
      channel: 'slack',
      purpose: 'opened',
      externalId: parent?.ts,
    });
    expect(await stores.chainLength(current.incidentId)).toBeGreaterThan(0);
  });

  test('a lost answer: later, then the same message is found and recorded', async () => {
    const { slack, pass } = current;
    const [row] = await put('slack', [{ purpose: 'opened' }]);
    slack.faults.add({ kind: 'cut-after' }, { matches: isPost });
    expect(await send(row)).toBe('later');
    pass(10_000);
    expect(await send(row)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(1);
  });

  test('a channel that is down is left alone for a while, and nothing overtakes', async () => {
    const { slack, pass } = current;
    const rows = await put('slack', [{ purpose: 'opened' }, { purpose: 'closed' }]);
    slack.faults.add({
      kind: 'reply',
      reply: { status: 429, body: '', headers: { 'retry-after': '20' } },
    });
    expect(await send(rows[0])).toBe('later');
    const asked = slack.ledger.length;
    pass(19_000);
    expect(await send(rows[0])).toBe('later');
    expect(slack.ledger).toHaveLength(asked);
    pass(2_000);
    expect(await send(rows[1])).toBe('later');
    expect(slack.ledger).toHaveLength(asked);
    pass(2_000);
    expect(await send(rows[0])).toBe('sent');
    expect(await send(rows[1])).toBe('sent');
    expect(await facts('message.failed')).toEqual([]);
  });

  test('a channel that hangs keeps its caller a moment only; the message goes on by itself', async () => {
    current = await world({ patienceMs: 200 });
    const { slack } = current;
    const [row] = await put('slack', [{ purpose: 'opened' }]);
    slack.faults.add({ kind: 'delay', delayMs: 1_000 }, { matches: isPost });
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'sent' && outcomes.length < 100) outcomes.push(await send(row));
    expect(outcomes.length).toBeGreaterThan(3);
    expect(outcomes.at(-1)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(1);
  });

  test('what can never be sent fails for good, with a fact, and the next row begins the thread', async () => {
    const { slack } = current;
    const rows = await put('slack', [{ purpose: 'opened' }, { purpose: 'closed' }]);
    slack.faults.add(
      { kind: 'reply', reply: { status: 200, body: { ok: false, error: 'invalid_blocks' } } },
      { matches: isPost },
    );
    expect(await send(rows[0])).toBe('failed');
    expect(await send(rows[0])).toBe('failed');
    expect(await send(rows[1])).toBe('sent');
    expect(await states()).toEqual(['failed', 'sent', 'pending']);
    expect(await subjects('mail')).toEqual(['Not in Slack: about opened']);
    expect(await facts('message.failed')).toEqual([
      { channel: 'slack', purpose: 'opened', reason: 'invalid' },
    ]);
    expect(slack.messages(CHANNEL).map((message) => message.thread_ts)).toEqual([undefined]);
  });

  test('a parent that somebody deleted: the message goes beside the thread', async () => {
    const { slack } = current;
    const rows = await put('slack', [{ purpose: 'opened' }, { purpose: 'closed' }]);
    await send(rows[0]);
    const gone = { status: 200, body: { ok: false, error: 'thread_not_found' } };
    slack.faults.add(
      { kind: 'reply', reply: gone },
      { matches: ({ path }) => path === '/api/conversations.replies' },
    );
    expect(await send(rows[1])).toBe('sent');
    expect(slack.messages(CHANNEL).map((message) => message.thread_ts)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('hostile words are inert', async () => {
    const { slack } = current;
    const [row] = await put('slack', [
      {
        purpose: 'step/isolate',
        subject: '<!channel> *drift*',
        text: '<https://evil.test|click> \u202e',
      },
    ]);
    expect(await send(row)).toBe('sent');
    const [message] = slack.messages(CHANNEL);
    expect(message?.text).not.toContain('<');
    expect(JSON.stringify(message?.blocks)).not.toContain('mrkdwn');
  });
});

describe('messenger, mail', () => {
  test('a lost answer: later, then sent again under the same Message-ID', async () => {
    const { mail, pass } = current;
    const [row] = await put('mail', [{ purpose: 'opened' }]);
    mail.faults.add({ kind: 'cut-after' }, { matches: ({ method }) => method === 'DATA' });
    expect(await send(row)).toBe('later');
    pass(10_000);
    expect(await send(row)).toBe('sent');
    expect(mail.deliveries).toHaveLength(2);
    expect(mail.received).toHaveLength(1);
  });

  test('Slack down keeps no mail back', async () => {
    const { slack } = current;
    await slack.close();
    const [chat] = await put('slack', [{ purpose: 'opened' }]);
    const [mail] = await put('mail', [{ purpose: 'opened' }]);
    expect(await send(chat)).toBe('later');
    expect(await send(mail)).toBe('sent');
  });

  test('a channel that is not configured fails for good; an unknown row as well', async () => {
    current = await world({ mail: null });
    const [row] = await put('mail', [{ purpose: 'opened' }]);
    expect(await send(row)).toBe('failed');
    expect(await facts('message.failed')).toEqual([
      { channel: 'mail', purpose: 'opened', reason: 'not configured' },
    ]);
    expect(await current.messenger.send('msg-none')).toBe('failed');
  });
});
