import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import type { JsonClient } from '../scenario/json-client.ts';
import { outside, type Owned } from './own-namespace.ts';

const ALERTS = '/api/v2/alerts';

const postedAlerts = z.array(z.record(z.string(), z.json()));

/** A real Alertmanager as a story may use it: it is sent alerts, and told in the end that they are over. */
export function ownAlerts(alertmanager: JsonClient): Owned {
  const sent: JsonObject[] = [];
  return {
    send: async (method, path, options = {}) => {
      if (method === 'GET') return alertmanager.send(method, path, options);
      if (method !== 'POST' || path !== ALERTS) throw outside(method, path);
      const reply = await alertmanager.send(method, path, options);
      sent.push(...postedAlerts.parse(options.body));
      return reply;
    },
    put: (path) => Promise.reject(outside('PUT', path)),
    remove: async () => {
      const endsAt = new Date().toISOString();
      const body = sent.splice(0).map((alert) => ({ ...alert, endsAt }));
      if (body.length > 0) await alertmanager.send('POST', ALERTS, { body });
    },
  };
}
