import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came in. */
export interface SignedRequest {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly raw: Uint8Array;
}

/** A request that is older, or further ahead of our clock, is a replay or from nobody. */
const APART_MAX_SECONDS = 300;
const MS_PER_SECOND = 1_000;

/**
 * True when Slack signed these bytes with our secret, and did so just now: HMAC-SHA256 over `v0:<timestamp>:<body>`, compared in
 * constant time, both directions of the clock. An empty secret signs nothing.
 */
export function isFromSlack(
  { timestamp = '', signature = '', raw }: SignedRequest,
  secret: string,
  now: Date,
): boolean {
  if (secret === '' || !/^\d{1,12}$/.test(timestamp)) return false;
  const apart = Math.abs(now.getTime() / MS_PER_SECOND - Number(timestamp));
  if (apart > APART_MAX_SECONDS) return false;
  const ours = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(raw).digest();
  const theirs = /^v0=([0-9a-f]{64})$/.exec(signature)?.[1];
  return theirs !== undefined && timingSafeEqual(Buffer.from(theirs, 'hex'), ours);
}
