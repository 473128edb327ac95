import type { JsonClient } from './json-client.ts';
import type { Story } from './story.ts';

const NANOSECONDS = 1_000_000n;
const LOG_LINES = 40;
const LOG_EVERY_MS = 30_000;

/** What the model servers said in the last minutes; `versionAt` tells which version wrote a line. */
export async function seedLogs(
  loki: JsonClient,
  story: Story,
  versionAt: (line: number) => string,
): Promise<void> {
  const now = Date.now();
  const at = (line: number): string =>
    (BigInt(now - (LOG_LINES - line) * LOG_EVERY_MS) * NANOSECONDS).toString();
  const values = Array.from({ length: LOG_LINES }, (_, line) => [
    at(line),
    `level=info msg="scored" version=${versionAt(line)} score=0.${(line % 10).toString()}`,
  ]);
  await loki.send('POST', '/loki/api/v1/push', {
    body: { streams: [{ stream: { namespace: story.namespace, app: story.model }, values }] },
  });
}

/** What Prometheus sends when a rule fires now. */
export async function raiseAlert(
  alertmanager: JsonClient,
  alert: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  },
): Promise<void> {
  await alertmanager.send('POST', '/api/v2/alerts', {
    body: [{ ...alert, startsAt: new Date().toISOString() }],
  });
}
