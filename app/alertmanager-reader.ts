import { z } from 'zod';
import { healthContext, type HttpClient } from '../connectors/http.ts';
import { createHttpClient } from '../connectors/http.ts';
import type { AlertmanagerAccess } from '../domain/configuration.ts';

/** Alerts that one reading takes; an Alertmanager that has more is read as far as this, and says so. */
const ALERTS_MAX = 10_000;
const READ_MS = 20_000;
/** How Alertmanager writes in a webhook that an alert still fires. */
const NO_END = '0001-01-01T00:00:00Z';

const listed = z.looseObject({
  startsAt: z.string(),
  receivers: z.array(z.looseObject({ name: z.string() })),
  status: z.looseObject({ state: z.string() }),
});
const list = z.array(listed).max(ALERTS_MAX);

/** What one Alertmanager holds now, as a webhook of it would have told. */
export interface AlertmanagerReader {
  /**
   * The body of a webhook, version 4, with every alert that is active, meant for our receiver, and older than
   * `graceMs`; null when there is none. Raises the codes of a read.
   */
  read(now: Date, graceMs: number): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function firingOf(alert: z.infer<typeof listed>): object {
  const { labels, annotations, startsAt, generatorURL, fingerprint } = alert;
  return {
    status: 'firing',
    labels,
    annotations,
    startsAt,
    endsAt: NO_END,
    generatorURL,
    fingerprint,
  };
}

function clientOf({ url, token }: AlertmanagerAccess): HttpClient {
  return createHttpClient({
    name: 'Alertmanager',
    baseUrl: url,
    headers: () => Promise.resolve(token === null ? {} : { authorization: `Bearer ${token}` }),
    secrets: token === null ? [] : [token],
    timeoutMs: READ_MS,
  });
}

/** A reader of one Alertmanager's `/api/v2/alerts`. */
export function createAlertmanagerReader(access: AlertmanagerAccess): AlertmanagerReader {
  const http = clientOf(access);
  const { receiver } = access;
  return {
    read: async (now, graceMs) => {
      const { value } = await http.call(
        {
          method: 'GET',
          path: ['api', 'v2', 'alerts'],
          query: {
            active: 'true',
            silenced: 'false',
            inhibited: 'false',
            unprocessed: 'false',
            receiver: `^${escapeRegex(receiver)}$`,
          },
          schema: list,
          permission: 'reading alerts',
        },
        healthContext(AbortSignal.timeout(READ_MS)),
      );
      // Looked at again: an old server may not know every filter.
      const meant = value.filter(
        ({ receivers, status, startsAt }) =>
          status.state === 'active' &&
          receivers.some(({ name }) => name === receiver) &&
          Date.parse(startsAt) <= now.getTime() - graceMs,
      );
      if (meant.length === 0) return null;
      const body = { version: '4', status: 'firing', receiver, alerts: meant.map(firingOf) };
      return Buffer.from(JSON.stringify(body), 'utf8');
    },
    close: () => http.close(),
  };
}
