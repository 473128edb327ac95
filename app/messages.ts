import type { Connector } from '../connectors/connector.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';
import type { Store } from '../store/tables.ts';
import { mailConnectorConfig, type MailSettings } from './mail-settings.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import type { SlackSettings } from './slack-settings.ts';

/** A messenger that owns its connectors. */
export interface OwnedMessenger extends Messenger {
  /** The way to Slack; null when it is not configured. */
  readonly slack: Connector | null;
  close(): Promise<void>;
}

async function connectorOf(name: string, config: unknown): Promise<Connector> {
  const module = connectorModules.find(({ manifest }) => manifest.name === name);
  if (!module) throw new AppError('internal', `There is no connector ${name}.`);
  return (await module.load()).create(config);
}

/** The messenger over the channels that are configured. */
export async function createMessengerOf(
  store: Store,
  settings: {
    readonly slack: SlackSettings | null;
    readonly mail: MailSettings | null;
    readonly configuration: Pick<Configuration, 'mailTo'>;
    /** Our public address; null when there is none. */
    readonly baseUrl: string | null;
  },
): Promise<OwnedMessenger> {
  const { slack, mail, configuration } = settings;
  const slackConnector = slack
    ? await connectorOf('slack', {
        token: slack.botToken,
        channel: slack.channel,
        ...(slack.apiUrl === null ? {} : { apiUrl: slack.apiUrl }),
      })
    : null;
  const mailConnector = mail ? await connectorOf('mail', mailConnectorConfig(mail)) : null;
  const messenger = createMessenger({
    store,
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
    close: async () => {
      await slackConnector?.close();
      await mailConnector?.close();
    },
  };
}
