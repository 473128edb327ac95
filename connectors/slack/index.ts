import { defineAction, parseWith, type Connector } from '../connector.ts';
import { createSlackClient } from './client.ts';
import { invite } from './invite.ts';
import { slackConfig } from './manifest.ts';
import { openChannel } from './open-channel.ts';
import { post } from './post.ts';
import { update } from './update.ts';

/** A Slack connector from its configuration. Raises `invalid` naming the field. */
export function create(config: unknown): Connector {
  const parsed = parseWith(slackConfig, config, { code: 'invalid', name: 'slack' });
  const client = createSlackClient(parsed);
  return {
    name: 'slack',
    probes: {},
    actions: {
      post: defineAction(post(client, parsed)),
      update: defineAction(update(client, parsed)),
      'open-channel': defineAction(openChannel(client)),
      invite: defineAction(invite(client)),
    },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
