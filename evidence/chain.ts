import { createHash } from 'node:crypto';
import { factBody } from '../domain/fact.ts';
import type { CustodyEntry } from '../domain/evidence.ts';
import type { Fact } from '../domain/fact.ts';
import { AppError, toAppError } from '../domain/error.ts';
import { canonicalJson } from './digest.ts';

const FACT_TAG = Buffer.from('firebreak/fact/1\n', 'utf8');
const CUSTODY_TAG = Buffer.from('firebreak/custody/1\n', 'utf8');
const HASH_BYTES = 32;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,6}))?Z$/;

/** The hash before the first entry of any chain, hex. */
export const FIRST_PREVIOUS_HASH = '0'.repeat(HASH_BYTES * 2);

/** What a chain was found to be. */
export interface ChainReport {
  /** Entries that were read. */
  readonly facts: number;
  /** Hash of the last entry that held, hex; that of an empty chain when there was none. */
  readonly headHash: string;
  readonly verified: boolean;
  /** Sequence of the first entry that does not hold, or null. */
  readonly firstBad: number | null;
  /** What is wrong with it, for people, or null. */
  readonly problem: string | null;
}

/** A fact that the chain must hold: kept elsewhere, so that a cut tail or a chain written anew shows. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/**
 * The canonical bytes of a fact's body, as hashed and stored. Raises `invalid` for what JSON cannot hold.
 */
export function factBytes(fact: Parameters<typeof factBody>[0]): Buffer {
  return Buffer.from(canonicalJson(factBody(fact)), 'utf8');
}

/**
 * The hash of a fact in its place in the chain, hex. Raises `invalid` when a part has no fixed form: a time
 * that is not RFC 3339 UTC with at most six fractional digits, a hash that is not 32 bytes of hex.
 */
export function hashFact(fact: Omit<Fact, 'hash'>): string {
  const hash = createHash('sha256');
  hash.update(FACT_TAG);
  hash.update(lengthPrefixed(fact.incidentId));
  hash.update(signed64(BigInt(fact.sequence)));
  hash.update(signed64(microsecondsOf(fact.recordedAt)));
  hash.update(lengthPrefixed(fact.key));
  hash.update(hashBytes(fact.previousHash));
  hash.update(createHash('sha256').update(factBytes(fact)).digest());
  return hash.digest('hex');
}

/** The hash of a custody entry, hex. Raises `invalid` like `hashFact`. */
export function hashCustodyEntry(entry: Omit<CustodyEntry, 'hash'>): string {
  const hash = createHash('sha256');
  hash.update(CUSTODY_TAG);
  hash.update(lengthPrefixed(entry.evidenceId));
  hash.update(signed64(BigInt(entry.sequence)));
  hash.update(lengthPrefixed(entry.action));
  hash.update(lengthPrefixed(entry.by));
  hash.update(lengthPrefixed(entry.at));
  hash.update(hashBytes(entry.sha256));
  hash.update(hashBytes(entry.previousHash));
  return hash.digest('hex');
}

/**
 * Reads one incident's facts in order and checks that each follows from the last: incident, sequence, previous
 * hash, time, own hash. Stops at the first that does not. A cut tail or a chain written anew shows only against
 * `head`. Memory is
 * constant; raises only what reading `facts` raises.
 */
export async function verifyChain(
  facts: AsyncIterable<Fact> | Iterable<Fact>,
  head: ChainHead | null = null,
): Promise<ChainReport> {
  let last: Fact | null = null;
  let count = 0;
  for await (const fact of facts) {
    count += 1;
    const problem = problemOf(fact, last) ?? problemOfHead(fact, head);
    if (problem !== null) return report(count, last, { sequence: fact.sequence, problem });
    last = fact;
  }
  return report(count, last, missingUpTo(head, last?.sequence ?? 0));
}

/** Checks a chain of custody, oldest first, as `verifyChain` does for facts. */
export function verifyCustody(entries: readonly CustodyEntry[]): ChainReport {
  let previous = FIRST_PREVIOUS_HASH;
  for (const [index, entry] of entries.entries()) {
    const problem = problemOfCustody(entry, { sequence: index + 1, previous });
    if (problem !== null) {
      return {
        facts: index + 1,
        headHash: previous,
        verified: false,
        firstBad: entry.sequence,
        problem,
      };
    }
    previous = entry.hash;
  }
  return {
    facts: entries.length,
    headHash: previous,
    verified: true,
    firstBad: null,
    problem: null,
  };
}

function report(
  count: number,
  last: Fact | null,
  bad: { readonly sequence: number; readonly problem: string } | null,
): ChainReport {
  return {
    facts: count,
    headHash: last?.hash ?? FIRST_PREVIOUS_HASH,
    verified: bad === null,
    firstBad: bad?.sequence ?? null,
    problem: bad?.problem ?? null,
  };
}

function problemOf(fact: Fact, last: Fact | null): string | null {
  return problemOfPlace(fact, last) ?? problemOfContent(fact, last);
}

function problemOfPlace(fact: Fact, last: Fact | null): string | null {
  const expected = (last?.sequence ?? 0) + 1;
  if (last !== null && fact.incidentId !== last.incidentId) {
    return 'The fact belongs to another incident.';
  }
  if (fact.sequence !== expected) {
    return `The sequence is ${fact.sequence.toString()} where ${expected.toString()} follows.`;
  }
  if (fact.previousHash !== (last?.hash ?? FIRST_PREVIOUS_HASH)) {
    return 'The previous hash is not the hash of the fact before.';
  }
  return null;
}

function problemOfContent(fact: Fact, last: Fact | null): string | null {
  try {
    if (last !== null && microsecondsOf(fact.recordedAt) < microsecondsOf(last.recordedAt)) {
      return 'The fact was recorded before the one that it follows.';
    }
    return hashFact(fact) === fact.hash ? null : 'The hash does not belong to what the fact says.';
  } catch (error) {
    return `The fact cannot be hashed: ${toAppError(error).message}`;
  }
}

function problemOfHead(fact: Fact, head: ChainHead | null): string | null {
  return head !== null && fact.sequence === head.sequence && fact.hash !== head.hash
    ? 'The hash is not the one that was kept of this fact.'
    : null;
}

function missingUpTo(
  head: ChainHead | null,
  sequence: number,
): { readonly sequence: number; readonly problem: string } | null {
  if (head === null || sequence >= head.sequence) return null;
  return {
    sequence: sequence + 1,
    problem: `The chain ends at ${sequence.toString()}; it reached ${head.sequence.toString()}.`,
  };
}

function problemOfCustody(
  entry: CustodyEntry,
  expected: { readonly sequence: number; readonly previous: string },
): string | null {
  if (entry.sequence !== expected.sequence) return 'An entry of the custody is missing.';
  if (entry.previousHash !== expected.previous) return 'The previous hash does not match.';
  try {
    return hashCustodyEntry(entry) === entry.hash ? null : 'The hash does not match the entry.';
  } catch (error) {
    return `The entry cannot be hashed: ${toAppError(error).message}`;
  }
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function signed64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function hashBytes(hex: string): Buffer {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new AppError('invalid', 'A hash is 64 hex digits.');
  return Buffer.from(hex, 'hex');
}

function microsecondsOf(time: string): bigint {
  const match = TIME.exec(time);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${time.slice(0, 19)}Z`);
  if (Number.isNaN(milliseconds)) {
    throw new AppError('invalid', 'A recorded time is RFC 3339 in UTC.', { field: 'recordedAt' });
  }
  return BigInt(milliseconds) * 1000n + BigInt((match?.[1] ?? '').padEnd(6, '0'));
}
