import type { Logger } from 'pino';
import type { ApiDependencies } from '../api/dependencies.ts';
import { startSlackInbound, type SlackInbound } from '../api/slack/inbound.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { SlackSettings, SlackWay } from './slack-settings.ts';

/** Opens the Slack door: what people do there goes through the operations of the API, under their own names. */
export function startSlackDoor(
  slack: SlackSettings & { readonly way: SlackWay },
  options: {
    readonly api: ApiDependencies;
    readonly inventory: () => readonly InventoryEntry[];
    readonly log: Logger;
  },
): SlackInbound {
  const { api, inventory, log } = options;
  const { way, botToken, apiUrl, channel } = slack;
  return startSlackInbound({
    ...{ way, botToken, log },
    ...(apiUrl === null ? {} : { apiUrl }),
    desk: { ...api, inventory, channel },
  });
}
