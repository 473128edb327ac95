import { afterEach, beforeEach, expect } from '@jest/globals';
import { create as createMail } from '../connectors/mail/index.ts';
import { create as createSlack } from '../connectors/slack/index.ts';
import { OPENED, type Message, type MessageChannel } from '../domain/message.ts';
import { openIncident, useStores, type TestStores } from '../store/test-store.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import { SlackPace } from './slack-pace.ts';
import { CardEditor } from './status-cards.ts';

/** The channel of the tests. */
export const CHANNEL = 'C0INCIDENTS';
const FROM = 'firebreak@lab.test';

/** What stands in for the two. */
interface Servers {
  readonly slack: { readonly botToken: string; readonly apiUrl: string; close(): Promise<void> };
  readonly mail: { readonly url: string; close(): Promise<void> };
}

/** Slack, a mail relay, an incident whose card stands, and what sends and edits between them; fresh for each test. */
export interface ChatStage<Twins extends Servers> {
  readonly stores: TestStores;
  readonly slack: Twins['slack'];
  readonly mail: Twins['mail'];
  readonly messenger: Messenger;
  readonly editor: CardEditor;
  readonly incidentId: string;
  /** Writes a row when it is not there yet, and tries to send it. */
  send(purpose: string, channel?: MessageChannel): ReturnType<Messenger['send']>;
  row(purpose: string, channel?: MessageChannel): Promise<Message | undefined>;
  /** Subjects of the mails that were written. */
  mails(): Promise<readonly string[]>;
  /** Moves the clock. */
  pass(ms: number): void;
}

type World<Twins extends Servers> = Omit<ChatStage<Twins>, 'stores' | 'send' | 'row' | 'mails'> & {
  close(): Promise<void>;
};

async function openWorld<Twins extends Servers>(
  stores: TestStores,
  name: string,
  { slack, mail }: Twins,
): Promise<World<Twins>> {
  const { botToken, apiUrl } = slack;
  const chat = createSlack({ token: botToken, channel: CHANNEL, apiUrl });
  const post = createMail({ url: mail.url, from: FROM });
  let shiftMs = 0;
  const now = (): Date => new Date(Date.now() + shiftMs);
  const store = stores.worker();
  const pace = new SlackPace(now);
  return {
    ...{ slack, mail },
    messenger: createMessenger({
      ...{ store, slack: chat, mail: post, slackChannel: CHANNEL, now, pace },
      mailing: { to: ['mona@lab.test'], from: FROM, publicUrl: null },
      patienceMs: 30_000,
    }),
    editor: new CardEditor({
      ...{ store, slack: chat, channel: CHANNEL, channels: { mail: true }, now, pace },
      ...{ clocksOf: null, log: { warn: () => undefined } },
    }),
    incidentId: await openIncident(stores.api(), name),
    pass: (ms) => {
      shiftMs += ms;
    },
    close: async () => {
      await Promise.all([chat.close(), post.close()]);
      await Promise.all([slack.close(), mail.close()]);
    },
  };
}

/** Sets a stage before each test of the calling file, on the servers that it starts. */
export function useChat<Twins extends Servers>(
  start: () => Promise<Twins>,
): () => ChatStage<Twins> {
  const stores = useStores();
  let world: World<Twins>;
  let count = 0;
  const row: ChatStage<Twins>['row'] = async (purpose, channel = 'slack') => {
    const all = await stores.worker().messages.ofIncident(world.incidentId);
    return all.find((one) => one.purpose === purpose && one.channel === channel);
  };
  const send: ChatStage<Twins>['send'] = async (purpose, channel = 'slack') => {
    const { incidentId } = world;
    const words = { subject: `About ${purpose}`, text: '' };
    await stores.worker().messages.put([{ incidentId, purpose, channel, ...words }]);
    return world.messenger.send((await row(purpose, channel))?.id ?? '');
  };
  const mails: ChatStage<Twins>['mails'] = async () => {
    const all = await stores.worker().messages.ofIncident(world.incidentId);
    return all.filter(({ channel }) => channel === 'mail').map(({ subject }) => subject);
  };
  beforeEach(async () => {
    count += 1;
    // Cards of earlier tests are nobody's business any more.
    await stores.sql('update firebreak.status_card set settled = true');
    world = await openWorld(stores, `chat-${count.toString()}`, await start());
    expect(await send(OPENED)).toBe('sent');
  });
  afterEach(() => world.close());
  return () => ({ ...world, stores, send, row, mails });
}
