import type { Logger } from 'pino';
import type { Configuration } from '../domain/configuration.ts';
import { checkScopes } from './check-slack.ts';
import type { SlackSettings } from './slack-settings.ts';

/** What of a process's settings says how Slack is used. */
interface SlackStart {
  readonly slack: SlackSettings | null;
  readonly configuration: Pick<Configuration, 'slackIncidentChannels'>;
  readonly baseUrl: string | null;
  readonly log: Logger;
}

/**
 * Asks Slack once what the bot token may do, and writes each missing scope into the log, with what does not work for it. The start waits
 * for nothing of it: Slack may be down. `told` resolves once everything is said, `stop` ends the call before.
 */
export function tellOfSlack({ slack, configuration, baseUrl, log }: SlackStart): {
  readonly told: Promise<void>;
  readonly stop: () => Promise<void>;
} {
  const told = Promise.resolve();
  if (slack === null) return { told, stop: () => told };
  const stopping = new AbortController();
  const { slackIncidentChannels: incidentChannels } = configuration;
  const asked = checkScopes({ slack, incidentChannels, baseUrl }, stopping.signal).then(
    (checks) => {
      if (stopping.signal.aborted) return;
      for (const { ok, detail, fix } of checks) {
        if (!ok) log.warn({ detail, fix }, 'Slack does not do all that is configured');
      }
    },
  );
  return {
    told: asked,
    stop: () => {
      stopping.abort(new Error('stopped'));
      return asked;
    },
  };
}
