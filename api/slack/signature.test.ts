import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isFromSlack } from './signature.ts';

// Goal: only what Slack signed just now, to the byte, is from Slack. Method: the vector of Slack's documentation, then a table of
// single changes.

const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const TIMESTAMP = '1531420618';
const NOW = new Date(Number(TIMESTAMP) * 1000);
const RAW = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
);
const SIGNATURE = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const signed = (timestamp: string, secret: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(RAW).digest('hex')}`;

describe('a signature of Slack', () => {
  const good = { timestamp: TIMESTAMP, signature: SIGNATURE, raw: RAW };

  test.each([0, 300, -300])('is good %d s apart', (seconds) => {
    expect(isFromSlack(good, SECRET, at(seconds))).toBe(true);
  });

  test.each<[string, Partial<typeof good>, string, number]>([
    ['too old', {}, SECRET, 301],
    ['from the future', {}, SECRET, -301],
    ['another secret', {}, `${SECRET}x`, 0],
    ['an empty secret', { signature: signed(TIMESTAMP, '') }, '', 0],
    ['another body', { raw: Buffer.concat([RAW, Buffer.from(' ')]) }, SECRET, 0],
    ['another time', { timestamp: '1531420619' }, SECRET, 0],
    ['a time that is none', { timestamp: '1e9' }, SECRET, 0],
    ['no time', { timestamp: '' }, SECRET, 0],
    ['no signature', { signature: '' }, SECRET, 0],
    ['another version', { signature: SIGNATURE.replace('v0', 'v1') }, SECRET, 0],
    ['a part of it', { signature: SIGNATURE.slice(0, -2) }, SECRET, 0],
    ['capital letters', { signature: SIGNATURE.toUpperCase() }, SECRET, 0],
  ])('%s is refused', (...[, change, secret, seconds]) => {
    expect(isFromSlack({ ...good, ...change }, secret, at(seconds))).toBe(false);
  });
});
