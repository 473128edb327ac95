import type { BlastRadius } from './lineage.ts';

/** What is known about one model version when a known-good one is sought. */
export interface Candidate {
  readonly version: string;
  readonly createdAt: string | null;
  /** Digest recorded when the version was made, hex; null when none was. */
  readonly recordedDigest: string | null;
  /** Digest of the bytes as downloaded now, hex; null when they could not be read. */
  readonly observedDigest: string | null;
  /** Lineage node id, or null when lineage does not know the version. */
  readonly node: string | null;
  /** True when every ancestor is known. */
  readonly ancestryComplete: boolean;
  /** Dataset versions it was trained on, as node ids. */
  readonly datasets: readonly string[];
}

/** A candidate that was not chosen, and why. */
export interface RejectedCandidate {
  readonly candidate: string;
  /** Machine-readable. */
  readonly code:
    | 'in_blast_radius'
    | 'digest_mismatch'
    | 'bytes_unreadable'
    | 'digest_unrecorded'
    | 'ancestry_unknown'
    | 'after_onset';
  readonly reason: string;
}

/** What was chosen, or what stands in the way. */
export interface KnownGood {
  /** `proven`: chosen. `unproven`: only candidates with missing proofs; two people may choose. `none`. */
  readonly status: 'proven' | 'unproven' | 'none';
  readonly chosen: Candidate | null;
  /** For `unproven`: the best candidate and each proof that it lacks. */
  readonly unproven: readonly { readonly candidate: string; readonly missing: readonly string[] }[];
  readonly rejected: readonly RejectedCandidate[];
}

/** What the choice is made from. */
export interface KnownGoodInput {
  readonly candidates: readonly Candidate[];
  readonly blastRadius: BlastRadius;
}

type RejectionCode = RejectedCandidate['code'];

interface Finding {
  readonly code: RejectionCode;
  readonly reason: string;
}

const NUMBER = /^\d{1,15}$/;

/**
 * Newest first. Registries number versions upwards, so numbers are trusted more than clocks; else the time of making
 * where all have one, else the order in which the registry listed them.
 */
function newestFirst(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.every(({ version }) => NUMBER.test(version))) {
    return candidates.toSorted((a, b) => Number(b.version) - Number(a.version));
  }
  const at = ({ createdAt }: Candidate): number => Date.parse(createdAt ?? '');
  if (candidates.some((candidate) => Number.isNaN(at(candidate)))) return candidates;
  return candidates.toSorted((a, b) => at(b) - at(a));
}

/** What proves the candidate bad. */
function badness(candidate: Candidate, radius: BlastRadius): readonly Finding[] {
  const tainted = new Set([radius.suspect, ...radius.affected.map(({ id }) => id)]);
  const touched = [candidate.node, ...candidate.datasets].find(
    (id) => id !== null && tainted.has(id),
  );
  const { recordedDigest: recorded, observedDigest: observed } = candidate;
  return [
    ...(touched === undefined || touched === null
      ? []
      : [
          {
            code: 'in_blast_radius',
            reason: `${touched} is in the blast radius of ${radius.suspect}.`,
          } as const,
        ]),
    ...(recorded !== null && observed !== null && recorded !== observed
      ? [
          {
            code: 'digest_mismatch',
            reason: `Its bytes are ${observed}; recorded was ${recorded}.`,
          } as const,
        ]
      : []),
  ];
}

/** Which proofs of its innocence are missing. */
function gaps(candidate: Candidate, radius: BlastRadius): readonly Finding[] {
  const { node } = candidate;
  const findings: Finding[] = [];
  if (candidate.observedDigest === null) {
    findings.push({ code: 'bytes_unreadable', reason: 'Its bytes could not be read and hashed.' });
  }
  if (candidate.recordedDigest === null) {
    findings.push({
      code: 'digest_unrecorded',
      reason: 'No digest was recorded when it was made.',
    });
  }
  const unknown = [node, ...candidate.datasets].find(
    (id) => id !== null && radius.unknown.includes(id),
  );
  if (node === null) {
    findings.push({ code: 'ancestry_unknown', reason: 'Lineage does not know this version.' });
  } else if (!candidate.ancestryComplete || unknown !== undefined) {
    findings.push({
      code: 'ancestry_unknown',
      reason: 'Nobody said that all its inputs are known.',
    });
  } else if (radius.truncated) {
    findings.push({
      code: 'ancestry_unknown',
      reason: 'The blast radius was cut: it may reach further.',
    });
  }
  return findings;
}

/**
 * Chooses the newest candidate that is outside the blast radius, whose bytes are the recorded ones and whose ancestry is
 * known. Every newer one is rejected with its first reason. Without such a candidate nothing is chosen: those that lack
 * only proofs are listed, newest first, with each missing proof. Raises nothing.
 */
export function chooseKnownGood(input: KnownGoodInput): KnownGood {
  const rejected: RejectedCandidate[] = [];
  const unproven: KnownGood['unproven'][number][] = [];
  for (const candidate of newestFirst(input.candidates)) {
    const bad = badness(candidate, input.blastRadius);
    const missing = gaps(candidate, input.blastRadius);
    const [first] = [...bad, ...missing];
    if (!first) return { status: 'proven', chosen: candidate, unproven: [], rejected };
    rejected.push({ candidate: candidate.version, ...first });
    if (bad.length === 0) {
      unproven.push({ candidate: candidate.version, missing: missing.map(({ reason }) => reason) });
    }
  }
  return { status: unproven.length > 0 ? 'unproven' : 'none', chosen: null, unproven, rejected };
}
