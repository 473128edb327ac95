import type { Logger } from 'pino';
import type { ApiDependencies } from '../api/dependencies.ts';
import { startSlackInbound } from '../api/slack/inbound.ts';
import type { InventoryEntry } from '../domain/inventory.ts';

/** How to reach Slack. */
export interface SlackSettings {
  readonly botToken: string;
  readonly appToken: string;
  readonly channel: string;
  /** Base URL of Slack's API; null is the real one. */
  readonly apiUrl: string | null;
}

/** The open socket to Slack. */
export interface SlackDoor {
  stop(): Promise<void>;
}

/** Opens the Slack door: what people do there goes through the operations of the API, under their own names. */
export async function startSlackDoor(
  slack: SlackSettings,
  options: {
    readonly api: ApiDependencies;
    readonly inventory: () => readonly InventoryEntry[];
    readonly log: Logger;
  },
): Promise<SlackDoor> {
  const { api, inventory, log } = options;
  return startSlackInbound({
    appToken: slack.appToken,
    botToken: slack.botToken,
    ...(slack.apiUrl === null ? {} : { apiUrl: slack.apiUrl }),
    desk: { ...api, inventory },
    log,
  });
}
