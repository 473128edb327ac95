import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { neededScopes } from '../connectors/slack/scopes.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';

/** What the manifest of the Slack app depends on. */
export interface ManifestOptions {
  /** Where Slack reaches us over HTTP; null is Socket Mode, which needs no address. */
  readonly baseUrl: string | null;
  /** True when messages go to a private channel. */
  readonly isPrivate: boolean;
  /** Whether each incident gets a channel of its own, and of which kind. */
  readonly incidentChannels: Configuration['slackIncidentChannels'];
}

const FILE = 'slack-manifest.json';
const ROUTE = '/api/v1/slack';

/** The address that Slack posts to. Raises `invalid` for one that Slack would not call. */
function requestUrl(baseUrl: string): string {
  if (URL.canParse(baseUrl) && new URL(baseUrl).protocol === 'https:') {
    return `${baseUrl.replace(/\/+$/, '')}${ROUTE}`;
  }
  const message =
    'Slack posts to https:// addresses only: name yours, such as https://firebreak.example.com.';
  throw new AppError('invalid', message, { field: 'request-url' });
}

/** The manifest of a Slack app with the least that Firebreak needs. Raises `invalid` for a wrong address. */
export function slackManifest({ baseUrl, isPrivate, incidentChannels }: ManifestOptions): object {
  const url = baseUrl === null ? null : requestUrl(baseUrl);
  const channel = isPrivate ? 'private' : 'public';
  const use = { answers: true, channel, incidentChannels } as const;
  return {
    display_information: {
      name: 'Firebreak',
      description: 'Incident response for AI systems: open, look, approve, stop.',
    },
    features: {
      app_home: {
        home_tab_enabled: true,
        messages_tab_enabled: false,
        messages_tab_read_only_enabled: false,
      },
      bot_user: { display_name: 'Firebreak', always_online: true },
      shortcuts: [
        {
          name: 'Add to incident',
          type: 'message',
          callback_id: 'firebreak-add-to-incident',
          description: 'Puts this message onto the timeline of an incident',
        },
      ],
      slash_commands: [
        {
          command: '/firebreak',
          description: 'Open an incident, see how one stands, stop the engine',
          usage_hint: 'open | list | status 7 | ack 7 | note 7 … | halt … | help',
          should_escape: false,
          ...(url === null ? {} : { url }),
        },
      ],
    },
    oauth_config: {
      scopes: {
        bot: neededScopes(use).map(({ anyOf: [scope] }) => scope),
      },
    },
    settings: {
      event_subscriptions: {
        ...(url === null ? {} : { request_url: url }),
        bot_events: ['app_home_opened', 'reaction_added'],
      },
      interactivity: {
        is_enabled: true,
        ...(url === null ? {} : { request_url: url, message_menu_options_url: url }),
      },
      org_deploy_enabled: false,
      socket_mode_enabled: url === null,
      token_rotation_enabled: false,
    },
  };
}

/** Writes the manifest into a folder and answers its path. Raises `refused` when one is there, unless `force`. */
export async function writeSlackManifest(
  options: ManifestOptions & { readonly folder: string; readonly force: boolean },
): Promise<string> {
  const path = join(resolve(options.folder), FILE);
  const text = `${JSON.stringify(slackManifest(options), null, 2)}\n`;
  if (!options.force && existsSync(path)) {
    const message = `${path} would be overwritten: add --overwrite, or name another folder with --folder.`;
    throw new AppError('refused', message, { field: 'folder' });
  }
  await mkdir(resolve(options.folder), { recursive: true });
  await writeFile(path, text);
  return path;
}
