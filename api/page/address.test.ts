import { expect, test } from '@jest/globals';
import { Socket } from 'node:net';
import { addressOf } from './address.ts';

// Goal: nobody chooses what their attempts are counted under. Method: sockets and headers of every kind.

function request(remoteAddress: string, forwarded?: string | string[]) {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
  return { socket, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } };
}

test.each([
  ['an address', '192.0.2.7', undefined, '192.0.2.7'],
  ['a header that nobody asked for', '192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['IPv4 in IPv6', '::ffff:192.0.2.7', undefined, '192.0.2.7'],
  ['the network of an IPv6 address', '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2'],
  ['another of the same network', '2001:0db8:1:2::9', undefined, '2001:db8:1:2'],
  ['a zone', 'fe80::1%eth0', undefined, 'fe80:0:0:0'],
  ['nothing', '', undefined, 'unknown'],
])('%s', (...[, remote, forwarded, address]) => {
  expect(addressOf(request(remote, forwarded), false)).toBe(address);
});

test.each([
  ['what the proxy wrote, not what the sender did', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  ['the last of two headers', ['203.0.113.9', '198.51.100.1'], '198.51.100.1'],
  ['no header', undefined, '127.0.0.1'],
  ['words', 'evil', 'unknown'],
])('behind a proxy: %s', (...[, forwarded, address]) => {
  expect(addressOf(request('127.0.0.1', forwarded), true)).toBe(address);
});
