// Goal: doctor and the start name what is missing for Slack, each with what does not work and its fix; what the manifest asks for is
// what is looked for. Method: Slack's own client against the twin, one change a row.
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { z } from 'zod';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../lab/slack/twin.ts';
import { checkSlack } from './check-slack.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { slackManifest } from './slack-manifest.ts';
import { tellOfSlack } from './slack-start.ts';
import { EMPTY_CONFIGURATION } from './start.ts';

const twins: SlackTwin[] = [];
afterEach(async () => {
  while (twins.length > 0) await twins.pop()?.close();
});

type Given = Config['slack'];
type Way = NonNullable<Given>['way'];

async function twinOf(options: SlackTwinOptions = {}): Promise<SlackTwin> {
  const twin = await createSlackTwin(options);
  twins.push(twin);
  return twin;
}

const configOf = (slack: Given, baseUrl: string | null = null): Config => ({
  ...readConfig({ flags: {}, environment: {} }),
  ...{ slack, baseUrl },
});
const slackOf = (
  { botToken, apiUrl, appToken }: SlackTwin,
  way: Way = { kind: 'socket', appToken },
): NonNullable<Given> => ({ botToken, apiUrl, way });
const MONA = { id: 'mona', name: 'Mona', roles: ['responder'], mail: null } as const;
const FILE = {
  ...EMPTY_CONFIGURATION,
  slackChannel: 'C0INCIDENTS',
  people: [{ ...MONA, slackUser: 'T0LAB/U0MONA' }],
};
const HTTP = { kind: 'http', signingSecret: '0'.repeat(32) } as const;
const BASE_URL = 'https://firebreak.example.com';
const KINDS = ['none', 'public', 'private'] as const;

/** The scopes that the manifest of an installation asks for. */
function scopesOf(isPrivate: boolean, incidentChannels: (typeof KINDS)[number]): string[] {
  const manifest = slackManifest({ baseUrl: null, isPrivate, incidentChannels });
  const found = /"bot":(\[[^\]]*\])/u.exec(JSON.stringify(manifest))?.[1] ?? '[]';
  return z.array(z.string()).parse(JSON.parse(found));
}

describe('doctor about Slack', () => {
  test('nothing configured is one finding, and nothing is asked', async () => {
    expect(await checkSlack(configOf(null), FILE)).toEqual([
      { name: 'slack', ok: true, detail: 'not configured', fix: null },
    ]);
  });

  test.each<[string, Way | undefined, string]>([
    ['over a socket', undefined, 'over Socket Mode'],
    ['over HTTP', HTTP, `posted to ${BASE_URL}/api/v1/slack`],
  ])('everything there, %s', async (...[, way, words]) => {
    const twin = await twinOf();
    const checks = await checkSlack(configOf(slackOf(twin, way), BASE_URL), FILE);
    expect(checks.map(({ ok, detail }) => [ok, detail])).toEqual([
      [true, 'answers; the token has the 4 scopes'],
      [true, 'C0INCIDENTS can be read'],
      [true, words],
      [true, '1 of 1 people are known there'],
    ]);
  });

  test.each(KINDS.flatMap((kind) => scopesOf(false, kind).map((scope) => [kind, scope] as const)))(
    'channels of incidents %s, without %s: it alone is named, with what does not work',
    async (slackIncidentChannels, scope) => {
      const missingScopes =
        slackIncidentChannels === 'none' && scope === 'channels:history'
          ? [scope, 'groups:history']
          : [scope];
      const twin = await twinOf({ missingScopes });
      const file = { ...FILE, slackIncidentChannels };
      const faults = (await checkSlack(configOf(slackOf(twin)), file)).filter(({ ok }) => !ok);
      expect(faults).toHaveLength(1);
      expect(faults[0]?.name).toBe('scope at slack');
      expect(faults[0]?.detail).toMatch(new RegExp(`${scope}.* is missing: .{20}`, 'u'));
      expect(faults[0]?.fix).toContain(
        slackIncidentChannels === 'none'
          ? 'init slack --overwrite`'
          : `--incident-channels ${slackIncidentChannels}`,
      );
    },
  );

  test('who only posts needs no scope for answers', async () => {
    const twin = await twinOf({ missingScopes: ['commands', 'reactions:read'] });
    const checks = await checkSlack(configOf({ ...slackOf(twin), way: null }), FILE);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  const privately = { id: 'C0INCIDENTS', name: 'incidents', isPrivate: true };
  const outside = { id: 'C0INCIDENTS', name: 'incidents', member: false };
  test.each<[string, SlackTwinOptions, (twin: SlackTwin) => Given, object, string, string]>([
    [
      'no channel',
      {},
      slackOf,
      { slackChannel: null },
      'no channel: Slack is off',
      'Name the channel',
    ],
    [
      'a wrong token',
      {},
      (twin) => ({ ...slackOf(twin), botToken: 'xoxb-other' }),
      {},
      'invalid_auth',
      'SLACK_BOT_TOKEN',
    ],
    [
      'a private channel, and a right to public ones',
      { channels: [privately], missingScopes: ['groups:history'] },
      slackOf,
      {},
      'groups:history is missing',
      '--private-channel',
    ],
    ['not invited', { channels: [outside] }, slackOf, {}, 'not_in_channel', '/invite @Firebreak'],
    [
      'another channel',
      {},
      slackOf,
      { slackChannel: 'C0OTHER' },
      'channel_not_found',
      'the id in slackChannel',
    ],
    [
      'an app-level token without its scope',
      { missingScopes: ['connections:write'] },
      slackOf,
      {},
      'The app-level token lacks connections:write.',
      'SLACK_APP_TOKEN',
    ],
    [
      'another app-level token',
      {},
      (twin) => slackOf(twin, { kind: 'socket', appToken: 'xapp-other' }),
      {},
      'invalid_auth',
      'SLACK_APP_TOKEN',
    ],
    [
      'a Slack that is away',
      {},
      (twin) => ({ ...slackOf(twin, null), apiUrl: 'http://127.0.0.1:9/api/' }),
      {},
      'Slack did not answer.',
      'SLACK_API_URL',
    ],
    [
      'nobody known',
      {},
      slackOf,
      { people: [{ ...MONA, slackUser: null }] },
      '0 of 1',
      'slackUser',
    ],
  ])('%s is a fault with its fix', async (...[, options, slack, file, words, fix]) => {
    const twin = await twinOf(options);
    const checks = await checkSlack(configOf(slack(twin)), { ...FILE, ...file });
    const faults = checks.filter(({ ok }) => !ok);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.detail).toContain(words);
    expect(faults[0]?.fix).toContain(fix);
    expect(JSON.stringify(checks)).not.toContain(twin.botToken);
  });

  test('a token of which Slack does not say what it may do is no success', async () => {
    const twin = await twinOf();
    const body = { ok: true, team: 'Lab', user_id: 'U0BOT' };
    twin.faults.add({ kind: 'reply', reply: { status: 200, body } }, { times: 1 });
    const checks = await checkSlack(configOf(slackOf(twin)), FILE);
    expect(checks.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'scope at slack', detail: 'Slack does not say what the token may do.' },
    ]);
  });
});

describe('the start about Slack', () => {
  async function logged(missingScopes: readonly string[]): Promise<string> {
    const twin = await twinOf({ missingScopes });
    let lines = '';
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines += chunk.toString('utf8');
        done();
      },
    });
    const slack = { ...slackOf(twin), channel: 'C0INCIDENTS' };
    const configuration = { slackIncidentChannels: 'public' } as const;
    const asking = tellOfSlack({ slack, configuration, baseUrl: null, log: pino(stream) });
    await asking.told;
    await asking.stop();
    return lines;
  }

  test('a missing scope is one line, with what does not work and the fix', async () => {
    const lines = (await logged(['channels:manage'])).trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      detail: 'channels:manage is missing: no incident gets a channel of its own',
      fix: expect.stringContaining('--incident-channels public'),
    });
  });

  test('nothing missing is no line', async () => {
    expect(await logged([])).toBe('');
  });
});
