import type { ApiDependencies } from '../../api/dependencies.ts';
import { createTestApi, INCIDENT } from '../../api/test-api.ts';
import type { Memory } from '../../api/test-memory.ts';
import type { SlackDesk } from '../../api/slack/door.ts';
import { startSlackInbound } from '../../api/slack/inbound.ts';
import type { Role } from '../../domain/approval.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../../lab/slack/twin.ts';

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

/** The real Bolt over the twin's HTTP and WebSocket, and a store in memory behind it. */
export async function slackStage(
  change: (desk: SlackDesk) => Partial<SlackDesk> = () => ({}),
  { api = {}, ...options }: SlackTwinOptions & { readonly api?: Partial<ApiDependencies> } = {},
): Promise<SlackStage> {
  const twin = await createSlackTwin(options);
  const { app, dependencies, memory } = createTestApi(api);
  memory.incidents.set(INCIDENT.id, { ...INCIDENT, number: 7 });
  putMember(memory, 'mona', {
    slackUser: 'T0LAB/U0MONA',
    roles: ['responder', 'approver-model-owner'],
  });
  putMember(memory, 'sam', { slackUser: 'T0LAB/U0SAM', roles: ['approver-security'] });
  const plain: SlackDesk = { ...dependencies, inventory: () => [ENTRY] };
  const desk: SlackDesk = { ...plain, ...change(plain) };
  const log: { text: string; data: object }[] = [];
  const write = (data: object, text: string): void => {
    log.push({ text, data });
  };
  const { appToken, botToken, apiUrl } = twin;
  const inbound = startSlackInbound({
    ...{ botToken, apiUrl, desk, way: { kind: 'socket', appToken } },
    log: { info: write, warn: write },
  });
  return {
    ...{ app, twin, memory, dependencies, desk, log },
    stop: () => inbound.stop(),
    close: async () => {
      await inbound.stop();
      await app.close();
      await twin.close();
    },
  };
}
