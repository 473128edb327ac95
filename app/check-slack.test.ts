// Goal: doctor names what is missing for Slack, each with its fix. Method: the real connector against the twin, one change a row.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSlackTwin, type SlackTwin } from '../lab/slack/twin.ts';
import { checkSlack } from './check-slack.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { EMPTY_CONFIGURATION } from './start.ts';

let twin: SlackTwin;
let poor: SlackTwin;
beforeAll(async () => {
  twin = await createSlackTwin();
  poor = await createSlackTwin({ missingScopes: ['channels:history', 'groups:history'] });
});
afterAll(async () => {
  await twin.close();
  await poor.close();
});

const configOf = (slack: Config['slack']): Config => ({
  ...readConfig({ flags: {}, environment: {} }),
  slack,
});
const MONA = { id: 'mona', name: 'Mona', roles: ['responder'], mail: null } as const;
const FILE = {
  ...EMPTY_CONFIGURATION,
  slackChannel: 'C0INCIDENTS',
  people: [{ ...MONA, slackUser: 'T0LAB/U0MONA' }],
};
const way = { kind: 'socket', appToken: 'xapp-1' } as const;

describe('doctor about Slack', () => {
  test('nothing configured is one finding, and nothing is asked', async () => {
    expect(await checkSlack(configOf(null), FILE)).toEqual([
      { name: 'slack', ok: true, detail: 'not configured', fix: null },
    ]);
  });

  test('everything there', async () => {
    const { botToken, apiUrl } = twin;
    const checks = await checkSlack(configOf({ botToken, apiUrl, way }), FILE);
    expect(checks.map(({ ok, detail }) => [ok, detail])).toEqual([
      [true, 'answers'],
      [true, 'over Socket Mode'],
      [true, '1 of 1 people are known there'],
    ]);
  });

  test.each([
    [
      'no channel',
      () => ({ botToken: twin.botToken, apiUrl: twin.apiUrl, way }),
      { ...FILE, slackChannel: null },
      'no channel',
    ],
    ['a wrong token', () => ({ botToken: 'xoxb-other', apiUrl: twin.apiUrl, way }), FILE, ''],
    [
      'a missing scope',
      () => ({ botToken: poor.botToken, apiUrl: poor.apiUrl, way }),
      FILE,
      'missing: channels:history',
    ],
    [
      'nobody known',
      () => ({ botToken: twin.botToken, apiUrl: twin.apiUrl, way }),
      { ...FILE, people: [{ ...MONA, slackUser: null }] },
      '0 of 1',
    ],
  ])('%s is a fault with its fix', async (...[, slack, file, words]) => {
    const checks = await checkSlack(configOf(slack()), file);
    const faults = checks.filter(({ ok }) => !ok);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.detail).toContain(words);
    expect(faults[0]?.fix).not.toBeNull();
  });
});
