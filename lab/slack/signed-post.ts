import { createHmac } from 'node:crypto';
import type { Envelope } from './socket-mode.ts';

const MS_PER_SECOND = 1_000;

const FORM = 'application/x-www-form-urlencoded';

/** A body as Slack sends it: events as JSON, everything else as a form. */
function bodyOf(envelope: Envelope): { readonly type: string; readonly body: string } {
  const { type, payload } = envelope;
  if (type === 'events_api') return { type: 'application/json', body: JSON.stringify(payload) };
  return { type: FORM, body: formOf(envelope) };
}

function retryHeaders({ retry_attempt: attempt, retry_reason: reason }: Envelope) {
  return attempt === undefined
    ? {}
    : { 'x-slack-retry-num': attempt.toString(), 'x-slack-retry-reason': reason ?? '' };
}

function formOf({ type, payload }: Envelope): string {
  const fields: [string, string][] =
    type === 'slash_commands'
      ? Object.entries(payload).map(([name, value]: [string, unknown]) => [name, String(value)])
      : [['payload', JSON.stringify(payload)]];
  return new URLSearchParams(fields).toString();
}

/**
 * Posts what people did as Slack does over HTTP, signed. Answers what the app acknowledged; rejects on another
 * status than 200, and when no answer came in time.
 */
export async function postSigned(
  to: { readonly url: string; readonly signingSecret: string },
  envelope: Envelope,
  timeoutMs: number,
): Promise<unknown> {
  const { type, body } = bodyOf(envelope);
  const timestamp = Math.floor(Date.now() / MS_PER_SECOND).toString();
  const digest = createHmac('sha256', to.signingSecret)
    .update(`v0:${timestamp}:${body}`)
    .digest('hex');
  const response = await fetch(to.url, {
    method: 'POST',
    headers: {
      'content-type': type,
      ...retryHeaders(envelope),
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
