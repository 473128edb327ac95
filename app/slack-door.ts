import type { Logger } from 'pino';
import { startSlackInbound } from '../api/slack.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { DrillSide } from '../domain/drill.ts';
import { toAppError } from '../domain/error.ts';
import type { Router } from '../intake/routing.ts';
import type { Store } from '../store/tables.ts';
import { createOpenRequest } from './open-request.ts';

/** How to reach Slack. */
export interface SlackSettings {
  readonly botToken: string;
  readonly appToken: string;
  readonly channel: string;
  /** Base URL of Slack's API; null is the real one. */
  readonly apiUrl: string | null;
}

/** The open socket to Slack. */
export interface SlackDoor {
  stop(): Promise<void>;
}

const OPENERS = ['responder', 'approver-security', 'approver-model-owner', 'admin'] as const;

/** Opens the Slack door: `/firebreak open <text>` goes the way of an alert, under the person's own name. */
export async function startSlackDoor(
  slack: SlackSettings,
  options: {
    readonly store: Store;
    readonly router: Router;
    readonly playbooks: () => readonly PinnedPlaybook[];
    readonly models: (side: DrillSide) => readonly string[];
    readonly log: Logger;
  },
): Promise<SlackDoor> {
  const { store } = options;
  const openRequest = createOpenRequest({
    ...options,
    hasDrills: () => false,
    now: () => new Date(),
  });
  return startSlackInbound({
    appToken: slack.appToken,
    botToken: slack.botToken,
    ...(slack.apiUrl === null ? {} : { apiUrl: slack.apiUrl }),
    log: options.log,
    open: async ({ text, slackUser, requestId }) => {
      const person = await store.people.bySlackUser(slackUser);
      if (!person?.active || !OPENERS.some((role) => person.roles.includes(role))) {
        return { text: 'You are not known to Firebreak as a responder. Ask an administrator.' };
      }
      try {
        const { id, name, roles } = person;
        const actor = { person: id, name, roles, channel: 'slack' } as const;
        const asked = openRequest(text, actor, { drill: false });
        const openedAt = new Date().toISOString();
        const { incident, created } = await store.incidents.open({ requestId, openedAt, ...asked });
        const word = created ? 'Opened' : 'Already open:';
        return {
          text: `${word} #${incident.number.toString()} ${incident.title} (${incident.id}).`,
        };
      } catch (error) {
        const { code, message } = toAppError(error);
        return { text: code === 'internal' ? 'That did not work; nothing was opened.' : message };
      }
    },
  });
}
