// Goal: where it is configured each incident is told in a channel of its own, opened once whatever is lost, never another's; where Slack
// refuses, the common channel has to do. Method: the real store, messenger, connector and editor against the Slack twin.
import { describe, expect, test } from '@jest/globals';
import { create as createSlack } from '../connectors/slack/index.ts';
import type { Configuration } from '../domain/configuration.ts';
import { CHANNEL_OPENED, OPENED } from '../domain/message.ts';
import type { FaultSubject } from '../lab/fault.ts';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../lab/slack/twin.ts';
import { note, openIncident, useStores } from '../store/test-store.ts';
import { closersAfterEach } from '../test/closers.ts';
import { channelNameOf, IncidentChannels } from './incident-channels.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import { SlackPace } from './slack-pace.ts';
import { CardEditor } from './status-cards.ts';

const COMMON = 'C0INCIDENTS';

const stores = useStores();
const closers = closersAfterEach();

interface World {
  readonly slack: SlackTwin;
  readonly incidentId: string;
  /** The name that the incident's channel has first. */
  readonly name: string;
  readonly messenger: Messenger;
  readonly editor: CardEditor;
  send(purpose: string, incidentId?: string): ReturnType<Messenger['send']>;
  pass(ms: number): void;
}

let count = 0;

async function world(
  kind: Configuration['slackIncidentChannels'] = 'public',
  options: (name: string) => SlackTwinOptions = () => ({}),
): Promise<World> {
  count += 1;
  const store = stores.worker();
  await stores.sql('update firebreak.status_card set settled = true');
  const incidentId = await openIncident(stores.api(), `channels-${count.toString()}`);
  for (const [id, role, member] of [
    ['mona', 'responder', 'U0MONA'],
    ['vic', 'viewer', 'U0SAM'],
  ] as const) {
    const person = { id, name: id, roles: [role], mail: null, active: true };
    await stores.api().people.put({ ...person, slackUser: `T0LAB/${member}` });
  }
  const incident = await store.incidents.get(incidentId);
  if (incident === null) throw new Error('there is no incident');
  const name = channelNameOf(incident, 1);
  const slack = await createSlackTwin(options(name));
  closers.push(() => slack.close());
  const connector = createSlack({ token: slack.botToken, channel: COMMON, apiUrl: slack.apiUrl });
  closers.push(() => connector.close());
  let shiftMs = 0;
  const now = (): Date => new Date(Date.now() + shiftMs);
  const pace = new SlackPace(now);
  const messenger = createMessenger({
    ...{ store, slack: connector, mail: null, slackChannel: COMMON, now, pace },
    channels: new IncidentChannels({
      ...{ store, slack: connector, common: COMMON, kind, now, pace },
      written: () => [],
    }),
    mailing: { to: [], from: '', publicUrl: null },
    patienceMs: 30_000,
  });
  const send: World['send'] = async (purpose, of = incidentId) => {
    const about = {
      incidentId: of,
      channel: 'slack',
      subject: `About ${purpose}`,
      text: '',
    } as const;
    await store.messages.put([{ ...about, purpose }]);
    const all = await store.messages.ofIncident(of);
    return messenger.send(all.find((one) => one.purpose === purpose)?.id ?? '');
  };
  return {
    ...{ slack, incidentId, name, messenger, send },
    editor: new CardEditor({
      ...{ store, slack: connector, channel: COMMON, channels: { mail: false }, now, pace },
      ...{ clocksOf: null, log: { warn: () => undefined } },
    }),
    pass: (ms) => {
      shiftMs += ms;
    },
  };
}

const ownOf = ({ slack, name }: World) => slack.channels().find((one) => one.name === name);
const textsIn = ({ slack }: World, channel = ''): readonly string[] =>
  slack.messages(channel).map(({ text }) => text);
const channelFacts = async ({ incidentId }: World): Promise<readonly string[]> => {
  const facts = await stores.worker().facts.page(incidentId, 0, 100);
  return facts.filter(({ kind }) => kind === 'message.channel').map(({ summary }) => summary);
};
const at = (method: string) => ({
  matches: ({ path }: FaultSubject): boolean => path === `/api/${method}`,
});

describe('a channel of its own', () => {
  test.each(['public', 'private'] as const)(
    '%s: card, thread, edits and approvals stand in it; the common one says where; responders are invited',
    async (kind) => {
      const made = await world(kind);
      for (const purpose of [OPENED, CHANNEL_OPENED, 'step/isolate', 'approval/apr_1']) {
        expect(await made.send(purpose)).toBe('sent');
      }
      const own = ownOf(made);
      const id = own?.id ?? '';
      expect(own).toMatchObject({
        isPrivate: kind === 'private',
        members: ['U0FIREBREAK', 'U0MONA'],
        purpose: expect.stringMatching(/^Incident #\d+: /u),
      });
      const told = made.slack.messages(id);
      expect(told.map(({ thread_ts: thread }) => thread)).toEqual([
        undefined,
        told[0]?.ts,
        told[0]?.ts,
      ]);
      expect(JSON.stringify(made.slack.messages(COMMON))).toContain(`"<#${id}>"`);
      expect(made.slack.messages(COMMON)).toHaveLength(1);
      expect(await channelFacts(made)).toEqual([`Told in the Slack channel ${made.name}.`]);
      const store = stores.worker();
      await store.transaction(async (tables) => {
        await tables.incidents.change(made.incidentId, { owner: 'mona' });
        await tables.facts.append(made.incidentId, [note('owner')]);
      });
      expect(await made.editor.next()).toBe('edited');
      expect(JSON.stringify(made.slack.messages(id)[0])).toContain('mona');
      expect(await stores.api().incidentChannels.incidentIn(id)).toBe(made.incidentId);
    },
  );

  test.each(['conversations.create', 'conversations.setPurpose', 'chat.postMessage'])(
    'the answer to %s is lost: one channel, one card, however often it is tried',
    async (method) => {
      const made = await world();
      made.slack.faults.add({ kind: 'cut-after' }, at(method));
      expect(await made.send(OPENED)).toBe('later');
      made.pass(120_000);
      expect(await made.send(OPENED)).toBe('sent');
      expect(made.slack.channels()).toHaveLength(2);
      expect(textsIn(made, ownOf(made)?.id)).toHaveLength(1);
    },
  );

  test('a name that somebody else took stays theirs: the incident gets another', async () => {
    const made = await world('public', (name) => ({
      channels: [
        { id: COMMON, name: 'incidents' },
        { id: 'C0FOREIGN', name, creator: 'U0EVE' },
      ],
    }));
    expect(await made.send(OPENED)).toBe('sent');
    const names = made.slack.channels().map(({ name }) => name);
    expect(names).toEqual(['incidents', made.name, `${made.name}-2`]);
    expect(textsIn(made, 'C0FOREIGN')).toEqual([]);
    expect(textsIn(made, made.slack.channels()[2]?.id)).toHaveLength(1);
  });

  test('what Slack refuses for good: the common channel, with the reason on the timeline', async () => {
    const made = await world('public', () => ({ missingScopes: ['channels:manage'] }));
    expect(await made.send(OPENED)).toBe('sent');
    expect(await made.send('step/isolate')).toBe('sent');
    expect(textsIn(made, COMMON)).toHaveLength(2);
    expect(await channelFacts(made)).toEqual([
      'No Slack channel of its own: Slack answered missing_scope.',
    ]);
  });

  test('an invitation that Slack cannot take now holds nothing up, and is tried again', async () => {
    const made = await world();
    const reply = { status: 503, body: '' };
    made.slack.faults.add({ kind: 'reply', reply }, at('conversations.invite'));
    expect(await made.send(OPENED)).toBe('sent');
    expect(ownOf(made)?.members).toEqual(['U0FIREBREAK']);
    expect(await made.send('step/isolate')).toBe('later');
    expect(await made.send(CHANNEL_OPENED)).toBe('sent');
    expect(await made.send('step/isolate')).toBe('sent');
    expect(ownOf(made)?.members).toEqual(['U0FIREBREAK', 'U0MONA']);
  });

  test('Slack asks to wait with channels: that incident waits, others are told, and nobody asks meanwhile', async () => {
    const made = await world();
    const headers = { 'retry-after': '30' };
    const reply = { status: 429, headers, body: { ok: false, error: 'ratelimited' } };
    made.slack.faults.add({ kind: 'reply', reply }, at('conversations.create'));
    expect([await made.send(OPENED), await made.send(OPENED)]).toEqual(['later', 'later']);
    const asked = made.slack.ledger.filter(({ path }) => path.endsWith('conversations.create'));
    expect(asked).toHaveLength(1);
    const other = await openIncident(stores.api(), `${made.incidentId}-other`);
    const none = { channelId: null, name: null, problem: 'none wanted' };
    await stores.worker().incidentChannels.put({ incidentId: other, ...none });
    expect(await made.send('approval/apr_2', other)).toBe('sent');
    made.pass(31_000);
    expect(await made.send(OPENED)).toBe('sent');
    expect(textsIn(made, ownOf(made)?.id)).toHaveLength(1);
  });

  test('what is told in the common channel already goes on there, and without configuration everything does', async () => {
    const made = await world('none');
    expect(await made.send(OPENED)).toBe('sent');
    expect(made.slack.channels()).toHaveLength(1);
    expect(textsIn(made, COMMON)).toHaveLength(1);
    const { slack, incidentId } = made;
    const connector = createSlack({ token: slack.botToken, channel: COMMON, apiUrl: slack.apiUrl });
    const store = stores.worker();
    const later = new IncidentChannels({
      ...{ store, slack: connector, common: COMMON, kind: 'public', now: () => new Date() },
      pace: new SlackPace(() => new Date()),
      written: () => [],
    });
    expect(await later.of(incidentId)).toBe(COMMON);
    await connector.close();
  });
});

test('a channel is one incident’s: the database takes it for no other', async () => {
  const [one, other] = [
    await openIncident(stores.api(), 'channel-one'),
    await openIncident(stores.api(), 'channel-other'),
  ];
  const { incidentChannels } = stores.worker();
  const channel = { channelId: 'C0000TAKEN', name: 'x', problem: null };
  const standing = await incidentChannels.put({ incidentId: one, ...channel });
  expect(await incidentChannels.put({ incidentId: one, ...channel, channelId: 'C1' })).toEqual(
    standing,
  );
  await expect(incidentChannels.put({ incidentId: other, ...channel })).rejects.toMatchObject({
    code: 'conflict',
  });
});

test.each([
  ['It drifts: <!channel> & more', 'inc-7-it-drifts-channel-more-'],
  ['Ünïcode ЯЯ', 'inc-7-unicode-'],
  ['！！', 'inc-7-'],
  ['x'.repeat(500), `inc-7-${'x'.repeat(40)}-`],
])('%j makes a name that Slack takes', (title, start) => {
  const incident = { id: 'inc_1', number: 7, title };
  const name = channelNameOf(incident, 1);
  expect(name.startsWith(start)).toBe(true);
  expect(name).toMatch(/^[a-z0-9-]{1,80}$/u);
  expect(channelNameOf({ ...incident, id: 'inc_2' }, 1)).not.toBe(name);
});
