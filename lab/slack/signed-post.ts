import { createHmac } from 'node:crypto';
import type { Envelope } from './socket-mode.ts';

const MS_PER_SECOND = 1_000;

function formOf({ type, payload }: Envelope): string {
  const fields: [string, string][] =
    type === 'slash_commands'
      ? Object.entries(payload).map(([name, value]: [string, unknown]) => [name, String(value)])
      : [['payload', JSON.stringify(payload)]];
  return new URLSearchParams(fields).toString();
}

/**
 * Posts what people did as Slack does over HTTP: form-encoded and signed. Answers what the app acknowledged; rejects on another
 * status than 200, and when no answer came in time.
 */
export async function postSigned(
  to: { readonly url: string; readonly signingSecret: string },
  envelope: Envelope,
  timeoutMs: number,
): Promise<unknown> {
  const body = formOf(envelope);
  const timestamp = Math.floor(Date.now() / MS_PER_SECOND).toString();
  const digest = createHmac('sha256', to.signingSecret)
    .update(`v0:${timestamp}:${body}`)
    .digest('hex');
  const response = await fetch(to.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${digest}`,
    },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`http_status_${response.status.toString()}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}
