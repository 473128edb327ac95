import { randomBytes } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 16;

/** A fresh id: the prefix, `_` and 16 lower-case base32 characters (80 random bits). */
export function freshId(prefix: 'inc' | 'alr' | 'msg' | 'ref' | 'bgk' | 'brk'): string {
  const characters = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31));
  return `${prefix}_${characters.join('')}`;
}
