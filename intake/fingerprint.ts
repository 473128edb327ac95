import type { Alert } from '../domain/alert.ts';
import { sha256Hex } from '../evidence/digest.ts';

const LENGTH_BYTES = 4;

/** SHA-256 (hex) over parts with their lengths, so that no two lists of parts look alike. */
export function digestOfParts(parts: readonly string[]): string {
  const lengths = parts.map((part) => Buffer.byteLength(part, 'utf8'));
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    at = bytes.writeUInt32BE(lengths[index] ?? 0, at);
    at += bytes.write(part, at, 'utf8');
  }
  return sha256Hex(bytes);
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}

/**
 * Digest (hex) of the labels that identify an alert: all but `ignoreLabels`, or all when nothing else is left.
 * The order of the labels does not matter.
 */
export function fingerprintOf(
  labels: Readonly<Record<string, string>>,
  ignoreLabels: readonly string[],
): string {
  const all = Object.entries(labels).sort(byName);
  const identifying = all.filter(([name]) => !ignoreLabels.includes(name));
  const used = identifying.length === 0 ? all : identifying;
  return digestOfParts(['firebreak/fingerprint/1', ...used.flat()]);
}

/** Digest (hex) of (source, fingerprint, startsAt, status, endsAt if resolved): drops repeated deliveries. */
export function dedupeKeyOf(
  alert: Pick<Alert, 'source' | 'fingerprint' | 'startsAt' | 'status' | 'endsAt'>,
): string {
  const end = alert.status === 'resolved' ? (alert.endsAt ?? '') : '';
  const { source, fingerprint, startsAt, status } = alert;
  return digestOfParts(['firebreak/dedupe/1', source, fingerprint, startsAt, status, end]);
}
