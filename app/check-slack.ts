import type { SlackAccess } from '../connectors/slack/client.ts';
import {
  missingScopes,
  neededScopes,
  SOCKET_SCOPE,
  type NeededScope,
  type SlackUse,
} from '../connectors/slack/scopes.ts';
import type { Configuration } from '../domain/configuration.ts';
import { toAppError, type AppError } from '../domain/error.ts';
import type { Config } from './config.ts';
import { bad, good, type Check } from './finding.ts';

const ANSWER_WITHIN_MS = 10_000;
const SCOPE = 'scope at slack';
const COMMANDS = 'slack commands';
/** Slack said nothing of a token: it could not be asked, or asks to wait. */
const AWAY_FIX =
  'Slack has to answer from here: check network and SLACK_API_URL, and look again in a minute.';

type Slack = NonNullable<Config['slack']>;

/** An installation at Slack: how it is reached, and what it is used for. */
export interface SlackInstallation {
  readonly slack: Slack;
  readonly incidentChannels: Configuration['slackIncidentChannels'];
  /** Where Slack posts to when it does not use a socket; null when there is no address. */
  readonly baseUrl: string | null;
}

function useOf({ slack: { way }, incidentChannels }: SlackInstallation): SlackUse {
  return { answers: way !== null, channel: null, incidentChannels };
}

function accessOf({ apiUrl }: Slack, token: string): SlackAccess {
  return { token, ...(apiUrl === null ? {} : { apiUrl }) };
}

/** How an app gets the scopes of its manifest. */
function scopeFix({ slack, incidentChannels, baseUrl }: SlackInstallation): string {
  const url = slack.way?.kind === 'http' && baseUrl !== null ? ` --request-url ${baseUrl}` : '';
  const kind = incidentChannels === 'none' ? '' : ` --incident-channels ${incidentChannels}`;
  const command = `firebreak init slack --overwrite${url}${kind}`;
  return `Paste what \`${command}\` writes (with --private-channel when slackChannel is private) under "App Manifest" of the app, and install the app again.`;
}

function missing({ anyOf, without }: NeededScope, fix: string): Check {
  return bad(SCOPE, `${anyOf.join(' or ')} is missing: ${without}`, fix);
}

/** Whether the bot token is taken, and each scope that it lacks with what does not work for it. Never raises. */
export async function checkScopes(
  installation: SlackInstallation,
  stopping?: AbortSignal,
): Promise<readonly Check[]> {
  const { slack } = installation;
  const use = useOf(installation);
  const fix = scopeFix(installation);
  // Slack's library is loaded only where Slack is configured: it costs half a second.
  const { scopesOf } = await import('../connectors/slack/asking.ts');
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const signal = stopping === undefined ? late : AbortSignal.any([late, stopping]);
  try {
    const scopes = await scopesOf(accessOf(slack, slack.botToken), signal);
    if (scopes === null) {
      const detail = 'Slack does not say what the token may do.';
      const through = 'Let the header x-oauth-scopes through where SLACK_API_URL leads.';
      return [bad(SCOPE, detail, through)];
    }
    const lacking = missingScopes(use, scopes);
    return lacking.length === 0
      ? [good('slack', `answers; the token has the ${neededScopes(use).length.toString()} scopes`)]
      : [good('slack', 'answers'), ...lacking.map((one) => missing(one, fix))];
  } catch (error) {
    const { code, message } = toAppError(error);
    const wrong = 'Check SLACK_BOT_TOKEN; `firebreak init slack` writes the manifest of an app.';
    return [bad('slack', message, code === 'unauthorized' ? wrong : AWAY_FIX)];
  }
}

/** What to do when the channel cannot be read, by Slack's word for it. */
const CHANNEL_FIXES: Readonly<Record<string, string>> = {
  not_in_channel: 'Invite the app there: /invite @Firebreak.',
  channel_not_found:
    'Check the id in slackChannel; a private channel is shown to an app only once somebody invited it: /invite @Firebreak.',
};

function channelFault(installation: SlackInstallation, error: AppError): Check {
  const word = error.details?.['slackError'];
  const scope = error.permission;
  if (word === 'missing_scope' && scope !== undefined) {
    return missing(
      { anyOf: [scope], without: 'slackChannel is of a kind that the app may not read' },
      scopeFix(installation),
    );
  }
  const known = typeof word === 'string' ? CHANNEL_FIXES[word] : undefined;
  return bad('slack channel', error.message, known ?? 'Check slackChannel.');
}

/** Whether the channel is there for the app. What its scopes keep it from is told by them. */
async function checkChannel(installation: SlackInstallation, channel: string): Promise<Check> {
  const { slack } = installation;
  const { readChannel } = await import('../connectors/slack/asking.ts');
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    await readChannel(accessOf(slack, slack.botToken), channel, signal);
    return good('slack channel', `${channel} can be read`);
  } catch (error) {
    return channelFault(installation, toAppError(error));
  }
}

/** Whether Slack would open a socket for the app-level token. */
async function checkSocket(slack: Slack, appToken: string): Promise<Check> {
  const { askForSocket } = await import('../connectors/slack/asking.ts');
  try {
    await askForSocket(accessOf(slack, appToken), AbortSignal.timeout(ANSWER_WITHIN_MS));
    return good(COMMANDS, 'over Socket Mode');
  } catch (error) {
    const { code, message, details } = toAppError(error);
    const lacks = details?.['slackError'] === 'missing_scope';
    const problem = lacks ? `The app-level token lacks ${SOCKET_SCOPE}.` : message;
    const made = `Make an app-level token with ${SOCKET_SCOPE} ("Basic Information", "App-Level Tokens") and set SLACK_APP_TOKEN.`;
    const fix = code === 'unauthorized' ? made : AWAY_FIX;
    return bad(COMMANDS, `${problem} Nobody can answer or open there.`, fix);
  }
}

async function checkWay({ slack, baseUrl }: SlackInstallation): Promise<Check> {
  const { way } = slack;
  if (way === null) {
    const detail = 'messages only: without SLACK_APP_TOKEN nobody can answer or open there';
    return { ...good(COMMANDS, detail), fix: 'See docs/slack.md.' };
  }
  if (way.kind === 'socket') return checkSocket(slack, way.appToken);
  return good(COMMANDS, `posted to ${baseUrl ?? 'BASE_URL'}/api/v1/slack`);
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
  { slack, baseUrl }: Config,
  configuration: Configuration | null,
): Promise<readonly Check[]> {
  if (slack === null) return [good('slack', 'not configured')];
  const channel = configuration?.slackChannel ?? null;
  if (configuration === null || channel === null) {
    const fix = 'Name the channel by its id as slackChannel in the configuration file.';
    return [bad('slack', 'SLACK_BOT_TOKEN is set, but no channel: Slack is off.', fix)];
  }
  const { slackIncidentChannels: incidentChannels } = configuration;
  const installation = { slack, baseUrl, incidentChannels };
  const scopes = await checkScopes(installation);
  const isWhole = scopes.every(({ ok }) => ok);
  return [
    ...scopes,
    // Without its scopes, or without Slack, the channel could say nothing new.
    ...(isWhole ? [await checkChannel(installation, channel)] : []),
    await checkWay(installation),
    ...(slack.way === null ? [] : [checkMembers(configuration)]),
  ];
}
