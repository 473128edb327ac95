// Goal: the manifest asks for the least, and for what each way of reaching us needs. Method: both manifests, compared part by part.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { slackManifest, writeSlackManifest } from './slack-manifest.ts';

describe('the Slack manifest', () => {
  test('Socket Mode: four scopes, two events and no address', () => {
    const manifest = slackManifest({ baseUrl: null, isPrivate: false, incidentChannels: 'none' });
    expect(manifest).toMatchObject({
      features: { app_home: { home_tab_enabled: true } },
      oauth_config: {
        scopes: { bot: ['commands', 'chat:write', 'channels:history', 'reactions:read'] },
      },
      settings: {
        socket_mode_enabled: true,
        interactivity: { is_enabled: true },
        event_subscriptions: { bot_events: ['app_home_opened', 'reaction_added'] },
      },
    });
    expect(JSON.stringify(manifest)).not.toContain('url');
  });

  test('HTTP: the one address in all four places', () => {
    const url = 'https://firebreak.example.com/api/v1/slack';
    expect(
      slackManifest({
        baseUrl: 'https://firebreak.example.com/',
        isPrivate: true,
        incidentChannels: 'none',
      }),
    ).toMatchObject({
      features: { slash_commands: [{ url }] },
      oauth_config: {
        scopes: { bot: ['commands', 'chat:write', 'groups:history', 'reactions:read'] },
      },
      settings: {
        socket_mode_enabled: false,
        event_subscriptions: { request_url: url },
        interactivity: { request_url: url, message_menu_options_url: url },
      },
    });
  });

  test.each([
    ['public', ['channels:history', 'reactions:read', 'channels:manage', 'channels:read']],
    [
      'private',
      ['channels:history', 'reactions:read', 'groups:history', 'groups:read', 'groups:write'],
    ],
  ] as const)(
    'channels of incidents, %s: what they take, and only then',
    (incidentChannels, more) => {
      const manifest = slackManifest({ baseUrl: null, isPrivate: false, incidentChannels });
      expect(manifest).toMatchObject({
        oauth_config: { scopes: { bot: ['commands', 'chat:write', ...more] } },
      });
    },
  );

  test.each(['http://firebreak.example.com', 'firebreak', 'ftp://x'])(
    '%s is refused',
    (baseUrl) => {
      expect(() => slackManifest({ baseUrl, isPrivate: false, incidentChannels: 'none' })).toThrow(
        'https://',
      );
    },
  );

  test('is written once, and again only by force', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-slack-'));
    const options = {
      ...({ baseUrl: null, isPrivate: false, incidentChannels: 'none' } as const),
      ...{ folder, force: false },
    };
    const path = await writeSlackManifest(options);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(slackManifest(options));
    await expect(writeSlackManifest(options)).rejects.toMatchObject({ code: 'refused' });
    expect(await writeSlackManifest({ ...options, force: true })).toBe(path);
    await rm(folder, { recursive: true });
  });
});
