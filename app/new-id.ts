import { randomUUID } from 'node:crypto';

const ID_CHARACTERS = 20;

/** A random id: the prefix and 20 hex digits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, ID_CHARACTERS)}`;
}
