import { connectorModules } from '../connectors/registry.ts';
import type { Configuration } from '../domain/configuration.ts';
import { toAppError } from '../domain/error.ts';
import type { Config } from './config.ts';
import { bad, good, type Check } from './finding.ts';

const HEALTH_WITHIN_MS = 10_000;

/** Whether Slack lets us in, and with which scopes. */
async function checkToken(
  { botToken, apiUrl }: NonNullable<Config['slack']>,
  channel: string,
): Promise<readonly Check[]> {
  const module = connectorModules.find(({ manifest }) => manifest.name === 'slack');
  if (module === undefined) return [];
  const fix = 'Check SLACK_BOT_TOKEN; `firebreak init slack` writes the manifest of an app.';
  try {
    const config = { token: botToken, channel, ...(apiUrl === null ? {} : { apiUrl }) };
    const connector = (await module.load()).create(config);
    try {
      const health = await connector.health(AbortSignal.timeout(HEALTH_WITHIN_MS));
      const { reachable, missing, problem } = health;
      if (!reachable) return [bad('slack', problem ?? 'does not let us in', fix)];
      return [
        good('slack', 'answers'),
        ...missing.map((scope) =>
          bad('scope at slack', `missing: ${scope}`, 'Add it to the app and install it again.'),
        ),
      ];
    } finally {
      await connector.close();
    }
  } catch (error) {
    return [bad('slack', toAppError(error).message, fix)];
  }
}

function checkWay({ way }: NonNullable<Config['slack']>): Check {
  if (way === null) {
    const detail = 'messages only: without SLACK_APP_TOKEN nobody can answer or open there';
    return { ...good('slack commands', detail), fix: 'See docs/slack.md.' };
  }
  return good(
    'slack commands',
    way.kind === 'socket' ? 'over Socket Mode' : 'posted to BASE_URL/api/v1/slack',
  );
}

function checkMembers({ people }: Configuration): Check {
  const known = people.filter(({ slackUser }) => slackUser !== null).length;
  const detail = `${known.toString()} of ${people.length.toString()} people are known there`;
  return known > 0
    ? good('people in slack', detail)
    : bad('people in slack', detail, 'Give people their slackUser: TEAM/USER (docs/slack.md).');
}

/** What `start` needs for Slack; one finding when it is not configured. Never raises. */
export async function checkSlack(
  { slack }: Config,
  configuration: Configuration | null,
): Promise<readonly Check[]> {
  if (slack === null) return [good('slack', 'not configured')];
  const channel = configuration?.slackChannel ?? null;
  if (channel === null) {
    const fix = 'Name the channel by its id as slackChannel in the configuration file.';
    return [bad('slack', 'SLACK_BOT_TOKEN is set, but no channel: Slack is off.', fix)];
  }
  const way = checkWay(slack);
  const members = configuration === null || slack.way === null ? [] : [checkMembers(configuration)];
  return [...(await checkToken(slack, channel)), way, ...members];
}
