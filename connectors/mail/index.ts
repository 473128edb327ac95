import { defineAction, parseWith, type Connector } from '../connector.ts';
import { createMailClient } from './client.ts';
import { mailConfig } from './manifest.ts';
import { send } from './send.ts';

/** A mail connector from its configuration. Raises `invalid` naming the field. */
export function create(config: unknown): Connector {
  const client = createMailClient(parseWith(mailConfig, config, { code: 'invalid', name: 'mail' }));
  return {
    name: 'mail',
    probes: {},
    actions: { send: defineAction(send(client)) },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
