import type { ApiDependencies, SlackRequests } from '../../api/dependencies.ts';
import { createTestApi, INCIDENT } from '../../api/test-api.ts';
import type { Memory } from '../../api/test-memory.ts';
import type { SlackDesk } from '../../api/slack/door.ts';
import { startSlackInbound } from '../../api/slack/inbound.ts';
import type { Role } from '../../domain/approval.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { OPENED } from '../../domain/message.ts';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../../lab/slack/twin.ts';

/** The channel of the lab's workspace where incidents are told. */
export const CHANNEL = 'C0INCIDENTS';
/** How Slack reaches us. */
export const WAYS = ['socket', 'http'] as const;
const SIGNING_SECRET = '0123456789abcdef0123456789abcdef';

/** A door to Slack over the twin, and what is behind it. */
export interface SlackStage {
  readonly app: ReturnType<typeof createTestApi>['app'];
  readonly twin: SlackTwin;
  readonly memory: Memory;
  readonly dependencies: ApiDependencies;
  readonly desk: SlackDesk;
  readonly log: { readonly text: string; readonly data: object }[];
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** What a stage is set with. */
export type StageOptions = SlackTwinOptions & {
  readonly api?: Partial<ApiDependencies>;
  /** Socket Mode by default. */
  readonly way?: (typeof WAYS)[number];
};

/** One model of the inventory. */
export const ENTRY: InventoryEntry = {
  model: 'fraud-scorer',
  registryName: 'fraud-scorer',
  alias: 'champion',
  serving: [
    {
      cluster: 'kubernetes',
      namespace: 'ml',
      kind: 'Deployment',
      name: 'fraud-canary',
      container: 'server',
      role: 'canary',
    },
  ],
  service: 'ml/fraud-scorer',
  load: 'pinned-uri',
  replicas: 20,
  pipeline: null,
  datasets: ['warehouse/transactions'],
  datasetPointer: null,
  owner: 'mona',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
};

/** Puts a person who is this member of the lab's workspace. */
export function putMember(
  memory: Memory,
  id: string,
  about: { readonly slackUser: string; readonly roles: readonly Role[]; readonly active?: boolean },
): void {
  memory.people.set(id, { id, name: id, mail: null, active: true, ...about });
}

/** Says that the message under this timestamp is the one that began the thread of `INCIDENT`. */
export function putOpened(memory: Memory, ts: string): void {
  memory.messages.push({
    ...{ id: 'msg_1', incidentId: INCIDENT.id, channel: 'slack', purpose: OPENED, subject: 'x' },
    ...{ text: '', state: 'sent', attempts: 1, externalId: ts, recipients: null },
  });
}

/** Serves what Slack posts, and has the twin post it there. */
async function serve(twin: SlackTwin, store: ApiDependencies['store'], slack: SlackRequests) {
  const { app } = createTestApi({ store, slack, clock: () => new Date() });
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/slack`;
  twin.useRequestUrl({ url, signingSecret: SIGNING_SECRET });
  return app;
}

/** The real Bolt over the twin's HTTP and WebSocket, and a store in memory behind it. */
export async function slackStage(
  change: (desk: SlackDesk) => Partial<SlackDesk> = () => ({}),
  { api = {}, way = 'socket', ...options }: StageOptions = {},
): Promise<SlackStage> {
  const twin = await createSlackTwin(options);
  const { app, dependencies, memory } = createTestApi(api);
  memory.incidents.set(INCIDENT.id, { ...INCIDENT, number: 7 });
  putMember(memory, 'mona', {
    slackUser: 'T0LAB/U0MONA',
    roles: ['responder', 'approver-model-owner'],
  });
  putMember(memory, 'sam', { slackUser: 'T0LAB/U0SAM', roles: ['approver-security'] });
  const plain: SlackDesk = { ...dependencies, inventory: () => [ENTRY], channel: CHANNEL };
  const desk: SlackDesk = { ...plain, ...change(plain) };
  const log: { text: string; data: object }[] = [];
  const write = (data: object, text: string): void => {
    log.push({ text, data });
  };
  const { appToken, botToken, apiUrl } = twin;
  const inbound = startSlackInbound({
    ...{ botToken, apiUrl, desk },
    way: way === 'socket' ? { kind: way, appToken } : { kind: way, signingSecret: SIGNING_SECRET },
    log: { info: write, warn: write },
  });
  const { requests } = inbound;
  const served = requests === null ? null : await serve(twin, dependencies.store, requests);
  return {
    ...{ app, twin, memory, dependencies, desk, log },
    stop: () => inbound.stop(),
    close: async () => {
      await inbound.stop();
      // The connections that the twin gave up would be waited for.
      served?.server.closeAllConnections();
      await served?.close();
      await app.close();
      await twin.close();
    },
  };
}
