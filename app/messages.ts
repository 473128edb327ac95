import type { Connector } from '../connectors/connector.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import { AppError } from '../domain/error.ts';
import type { Store } from '../store/tables.ts';
import { mailConnectorConfig, type MailSettings } from './mail-settings.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import { IncidentChannels } from './incident-channels.ts';
import type { Pager } from './pager.ts';
import { SlackPace } from './slack-pace.ts';
import type { SlackSettings } from './slack-settings.ts';

/** A messenger that owns its connectors. */
export interface OwnedMessenger extends Messenger {
  /** The way to Slack; null when it is not configured. */
  readonly slack: Connector | null;
  /** How fast it writes there; whoever writes there as well goes by it. */
  readonly pace: SlackPace;
  close(): Promise<void>;
}

async function connectorOf(name: string, config: unknown): Promise<Connector> {
  const module = connectorModules.find(({ manifest }) => manifest.name === name);
  if (!module) throw new AppError('internal', `There is no connector ${name}.`);
  return (await module.load()).create(config);
}

interface MessageSettings {
  readonly slack: SlackSettings | null;
  readonly mail: MailSettings | null;
  readonly configuration: Pick<Configuration, 'mailTo' | 'slackIncidentChannels'>;
  readonly pager: Pager;
  /** What the rules say runs where. */
  readonly written: () => readonly InventoryEntry[];
  /** Our public address; null when there is none. */
  readonly baseUrl: string | null;
}

function slackConnectorOf({ botToken: token, channel, apiUrl }: SlackSettings): Promise<Connector> {
  return connectorOf('slack', { token, channel, ...(apiUrl === null ? {} : { apiUrl }) });
}

function channelsOf(
  store: Store,
  connector: Connector,
  given: MessageSettings & { readonly now: () => Date; readonly pace: SlackPace },
): IncidentChannels | null {
  const { slack, configuration, written, now, pace } = given;
  if (slack === null) return null;
  const kind = configuration.slackIncidentChannels;
  return new IncidentChannels({
    ...{ store, slack: connector, common: slack.channel, kind, written, now, pace },
  });
}

/** The messenger over the channels that are configured. */
export async function createMessengerOf(
  store: Store,
  settings: MessageSettings,
): Promise<OwnedMessenger> {
  const { slack, mail, configuration } = settings;
  const slackConnector = slack && (await slackConnectorOf(slack));
  const mailConnector = mail ? await connectorOf('mail', mailConnectorConfig(mail)) : null;
  const now = (): Date => new Date();
  const pace = new SlackPace(now);
  const channels = slackConnector && channelsOf(store, slackConnector, { ...settings, now, pace });
  const messenger = createMessenger({
    ...{ store, pace, pager: settings.pager, ...(channels === null ? {} : { channels }) },
    slack: slackConnector,
    mail: mailConnector,
    slackChannel: slack?.channel ?? null,
    mailing: {
      to: configuration.mailTo,
      from: mail?.from ?? '',
      publicUrl: settings.baseUrl,
    },
    decide: slack !== null && slack.way !== null,
  });
  return {
    ...messenger,
    slack: slackConnector,
    pace,
    close: async () => {
      await slackConnector?.close();
      await mailConnector?.close();
    },
  };
}
