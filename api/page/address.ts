import { isIPv4, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';

const GROUPS = 8;
/** The part of an address that one customer gets as a whole. */
const NETWORK_GROUPS = 4;

/** The first half of an IPv6 address, written out. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, GROUPS - first.length - last.length);
  const all = [...first, ...Array.from({ length: gap }, () => '0'), ...last];
  return all
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/**
 * Where a request came from, as attempts are counted: an IPv4 address, or the /64 of an IPv6 one. Behind a proxy it is what that proxy
 * says itself, the last of its list: everything before that was written by whoever sent the request.
 */
export function addressOf(
  request: Pick<FastifyRequest, 'headers' | 'socket'>,
  behindProxy: boolean,
): string {
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',');
  const told = behindProxy ? forwarded.split(',').at(-1)?.trim() : undefined;
  const address = (told === undefined || told === '' ? request.socket.remoteAddress : told) ?? '';
  const plain = address.replace(/^::ffff:(?=\d+\.)/iu, '').replace(/%.*$/u, '');
  if (isIPv4(plain)) return plain;
  return isIPv6(plain) ? networkOf(plain) : 'unknown';
}
