import { afterEach, beforeEach } from '@jest/globals';
import { create as createMail } from '../connectors/mail/index.ts';
import type { Fact, FactKind } from '../domain/fact.ts';
import type { Message } from '../domain/message.ts';
import { openIncident, useStores, type TestStores } from '../store/test-store.ts';
import { createMessenger, type Messenger } from './messenger.ts';

/** The sender of the tests. */
export const FROM = 'Firebreak <firebreak@lab.test>';
/** Who gets every mail. */
export const ON_CALL = 'on-call@lab.test';

/** What stands in for a mail relay. */
interface Relay {
  readonly url: string;
  close(): Promise<void>;
}

/** A mail relay, an incident and a messenger between them, fresh for each test. */
export interface MailStage<Twin extends Relay> {
  readonly stores: TestStores;
  readonly twin: () => Twin;
  readonly incidentId: () => string;
  /** Writes a row when it is not there yet, and tries to send it. */
  send(
    purpose: string,
    words?: { readonly subject?: string; readonly text?: string },
  ): ReturnType<Messenger['send']>;
  row(purpose: string): Promise<Message | undefined>;
  facts(kind: FactKind): Promise<readonly Fact[]>;
  /** A messenger that remembers nothing, as after a restart; with other recipients when they are given. */
  restart(to?: readonly string[]): Promise<void>;
  /** Moves the messenger's clock. */
  pass(ms: number): void;
}

/** Sets a stage before each test of the calling file, on the relay that it starts. */
export function useMail<Twin extends Relay>(start: () => Promise<Twin>): MailStage<Twin> {
  const stores = useStores();
  let twin: Twin;
  let messenger: Messenger;
  let incidentId: string;
  let count = 0;
  let shiftMs = 0;
  let closeConnector: () => Promise<void>;

  const begin = (to: readonly string[]): void => {
    const connector = createMail({ url: twin.url, from: FROM });
    closeConnector = () => connector.close();
    messenger = createMessenger({
      ...{ store: stores.worker(), slack: null, mail: connector, slackChannel: null },
      mailing: { to, from: FROM, publicUrl: 'https://firebreak.example' },
      now: () => new Date(Date.now() + shiftMs),
      patienceMs: 30_000,
    });
  };
  beforeEach(async () => {
    count += 1;
    twin = await start();
    incidentId = await openIncident(stores.api(), `mail-${count.toString()}`);
    begin([ON_CALL]);
  });
  afterEach(async () => {
    await closeConnector();
    await twin.close();
  });

  const row = async (purpose: string): Promise<Message | undefined> =>
    (await stores.worker().messages.ofIncident(incidentId)).find((one) => one.purpose === purpose);
  return {
    ...{ stores, twin: () => twin, incidentId: () => incidentId, row },
    send: async (purpose, words = {}) => {
      const { subject = `about ${purpose}`, text = `text of ${purpose}` } = words;
      const message = { incidentId, purpose, channel: 'mail', subject, text } as const;
      await stores.worker().messages.put([message]);
      return messenger.send((await row(purpose))?.id ?? '');
    },
    facts: async (kind) => {
      const all = await stores.worker().facts.page(incidentId, 0, 100);
      return all.filter((fact) => fact.kind === kind);
    },
    restart: async (to = [ON_CALL]) => {
      await closeConnector();
      begin(to);
    },
    pass: (ms) => {
      shiftMs += ms;
    },
  };
}
