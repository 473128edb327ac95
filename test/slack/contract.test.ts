// Goal: whatever people do in Slack arrives the same over Socket Mode and over HTTP, once however often it is delivered, whatever happens
// to the connection and however slow the database is. Method: one table of everything that can be done, carried out both ways by Slack's
// own clients against the twin, over a store in memory; what is answered and written is compared.
import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { APPROVAL, NOW } from '../../api/test-api.ts';
import type { SlackDesk } from '../../api/slack/door.ts';
import { approvalCard } from '../../render/slack-approval.ts';
import { closersAfterEach } from '../closers.ts';
import { CHANNEL, putOpened, slackStage, WAYS, type SlackStage } from './stage.ts';

type Way = (typeof WAYS)[number];

const closers = closersAfterEach();

interface Stage extends SlackStage {
  /** The card of the open approval; it began the thread. */
  readonly card: string;
  readonly reply: string;
}

async function stage(
  way: Way,
  change?: (desk: SlackDesk) => Partial<SlackDesk>,
  slackAckMs = 2_300,
): Promise<Stage> {
  const limits = { decisionWaitMs: 1, slackAckMs };
  const api = { clock: () => new Date(NOW), limits };
  const made = await slackStage(change, { way, api, now: () => new Date(NOW) });
  closers.push(() => made.close());
  const { twin, memory } = made;
  if (way === 'socket') await twin.connected();
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const { text, blocks } = approvalCard({
    ...{ approval: APPROVAL, plans: [], approvedBy: [], url: null, decide: true },
  });
  await client.apiCall('chat.postMessage', { channel: CHANNEL, text, blocks });
  const card = twin.messages(CHANNEL)[0]?.ts ?? '';
  putOpened(memory, card);
  const by = { userId: 'U0SAM', channel: CHANNEL, threadTs: card };
  return { ...made, card, reply: twin.say({ ...by, text: 'v7 answers null' }) };
}

const MONA = { userId: 'U0MONA' };
const COMMAND = { ...MONA, command: '/firebreak' };
const SHORTCUT = 'firebreak-add-to-incident';

/** The same without ids that follow from those of a view, which Slack draws by lot. */
function withoutLots(end: object): object {
  return z
    .looseObject({})
    .parse(JSON.parse(JSON.stringify(end).replace(/slack-[0-9a-f]{32}/gu, 'ID')));
}

/** Everything that changed, without what is drawn by lot. */
function rowsOf({ memory }: Stage): object {
  const { requests, decisions, halts, approvals } = memory;
  return {
    opened: requests.size,
    decisions: [...decisions.values()].map(({ command, actor, incidentId }) => ({
      ...{ command, actor, incidentId },
    })),
    halts: halts.map(({ scope, subject, reason, haltedBy }) => ({
      ...{ scope, subject, reason, haltedBy },
    })),
    approval: approvals.get('apr_1')?.status,
  };
}

const typed = (text: string) => (made: Stage) =>
  made.twin.sendSlashCommand({ ...COMMAND, text, triggerId: `typed ${text}` });

const click = (made: Stage, actionId: string, ackWithinMs = 3_000): Promise<unknown> =>
  made.twin.click({
    ackWithinMs,
    ...{ ...MONA, channel: CHANNEL, ts: made.card, actionId },
    ...{ triggerId: actionId, envelopeId: actionId },
  });

const lastView = ({ twin }: Stage): string => twin.views().at(-1)?.id ?? '';

/** Opens a form, then fills it in. */
async function form(
  made: Stage,
  open: () => Promise<unknown>,
  values: Record<string, string>,
): Promise<unknown> {
  const opened = await open();
  const shown = made.twin.views().map(({ view }) => view);
  const filled = { ...MONA, viewId: lastView(made), values, deliveries: 2 };
  return [opened, shown, await made.twin.submit(filled)];
}

const COMMANDS = [
  ...['', 'open it drifts', 'list', 'status 7', 'ack 7', 'note 7 looked'],
  'halt model=fraud-scorer it burns',
];

/** What can be done, and a part of what comes of it. */
const DOINGS: readonly (readonly [string, (made: Stage) => Promise<unknown>, ...RegExp[]])[] = [
  [
    'every command',
    async (made) => {
      const answered: unknown[] = [];
      for (const words of COMMANDS) answered.push(await typed(words)(made));
      return answered;
    },
    /what you can do here.*Opened #1 it drifts.*#7 sev2 open, isolate.*You can now/u,
    /"opened":1.*"kind":"acknowledge".*"text":"looked".*"scope":"model"/u,
  ],
  [
    'the form that opens an incident, and its choices while somebody types',
    (made) => {
      const open = async (): Promise<unknown> => {
        await typed('open')(made);
        const typing = { ...MONA, viewId: lastView(made), actionId: 'suspect' };
        return made.twin.suggest({ ...typing, value: 'DATA' });
      };
      return form(made, open, { what: 'it drifts' });
    },
    /dataset warehouse.*"response_action":"update".*"opened":1/u,
  ],
  ['Approve', (made) => click(made, 'approve'), /"kind":"approve".*"approval":"open"/u],
  [
    'Reject',
    (made) => form(made, () => click(made, 'reject'), { reason: 'Wrong model.' }),
    /"reason":"Wrong model.".*"approval":"rejected"/u,
  ],
  [
    'Add to incident',
    (made) => {
      const chosen = { ...MONA, channel: CHANNEL, ts: made.reply, callbackId: SHORTCUT };
      return form(made, () => made.twin.chooseShortcut(chosen), { incident: 'inc_1' });
    },
    /v7 answers null \[said in Slack by sam\]/u,
  ],
  [
    'a reaction',
    (made) => made.twin.react({ ...MONA, channel: CHANNEL, ts: made.reply }),
    /v7 answers null \[said in Slack by sam\]/u,
  ],
  [
    'the home',
    async (made) => {
      await made.twin.openHome(MONA);
      await made.twin.called('views.publish', 1);
      return made.twin.home('U0MONA')?.view;
    },
    /Waiting for you/u,
  ],
];

describe('both ways', () => {
  test.each(DOINGS)('%s', async (_name, act, ...wanted) => {
    const ends: object[] = [];
    for (const way of WAYS) {
      const made = await stage(way);
      const answered = await act(made);
      ends.push(withoutLots({ answered, rows: rowsOf(made) }));
    }
    expect(ends[1]).toEqual(ends[0]);
    for (const part of wanted) expect(JSON.stringify(ends[0])).toMatch(part);
  });
});

/** A desk of which no transaction ends before the test says so. */
function slowDesk() {
  const steps = new EventEmitter();
  const change = ({ store }: SlackDesk): Partial<SlackDesk> => ({
    store: {
      ...store,
      transaction: async (work) => {
        const released = once(steps, 'go');
        steps.emit('asked');
        await released;
        return store.transaction(work);
      },
    },
  });
  return { steps, change };
}

describe.each(WAYS)('by %s', (way) => {
  test('what is delivered twice is done once', async () => {
    const made = await stage(way);
    for (const text of ['open x', 'note 7 looked', 'halt it burns']) {
      const first = await typed(text)(made);
      expect(JSON.stringify(await typed(text)(made))).toMatch(
        text.startsWith('open') ? /lready open|Opened/u : /recorded|Halted/u,
      );
      expect(first).toMatchObject({ response_type: 'ephemeral' });
    }
    await click(made, 'approve');
    await click(made, 'approve');
    expect(rowsOf(made)).toMatchObject({
      opened: 1,
      decisions: [{ command: { kind: 'note' } }, { command: { kind: 'approve' } }],
      halts: [{ reason: 'it burns' }],
    });
  });

  test('a slow database: the click is answered in time, and becomes its one row', async () => {
    const { steps, change } = slowDesk();
    const made = await stage(way, change, 50);
    expect(await click(made, 'approve')).toEqual({});
    await made.twin.responded(1);
    expect(JSON.stringify(made.twin.responses)).toContain('not confirmed');
    expect(made.memory.decisions.size).toBe(0);
    steps.emit('go');
    await made.twin.responded(2);
    expect(JSON.stringify(made.twin.responses[1])).toContain('recorded');
    expect(made.memory.decisions.size).toBe(1);
  });
});

describe('a socket that is lost', () => {
  test('after a click was delivered: the decision is there, and delivered again it is the same', async () => {
    const { steps, change } = slowDesk();
    const made = await stage('socket', change);
    const lost = expect(click(made, 'approve', 300)).rejects.toThrow('operation_timeout');
    await once(steps, 'asked');
    made.twin.drop();
    steps.emit('go');
    await lost;
    await made.twin.responded(1);
    await made.twin.connected();
    const again = click(made, 'approve');
    await once(steps, 'asked');
    steps.emit('go');
    await again;
    await made.twin.responded(2);
    expect(made.twin.responses[1]).toEqual(made.twin.responses[0]);
    expect(made.memory.decisions.size).toBe(1);
  });

  test('before an event was acknowledged: Slack delivers it to the next one, and it is one note', async () => {
    const { steps, change } = slowDesk();
    const made = await stage('socket', change);
    const event = { ...MONA, channel: CHANNEL, ts: made.reply, eventId: 'Ev1', ackWithinMs: 300 };
    const lost = expect(made.twin.react(event)).rejects.toThrow('operation_timeout');
    await once(steps, 'asked');
    made.twin.drop();
    steps.emit('go');
    await lost;
    await made.twin.connected();
    const again = made.twin.react(event);
    await once(steps, 'asked');
    steps.emit('go');
    expect(await again).toBe(1);
    expect(made.memory.decisions.size).toBe(1);
  });
});
