import type { BlastRadius } from './lineage.ts';

/** A digest that somebody put on record. */
export interface RecordedDigest {
  /** SHA-256, hex. */
  readonly digest: string;
  /**
   * When we recorded it, by our own clock, RFC 3339; null for what only others say: it can prove a version bad, never
   * good, since whoever changed the bytes may have changed the record as well.
   */
  readonly recordedAt: string | null;
  /** Where it stands: `stored bytes`, `registry`, `lineage`. */
  readonly source: string;
}

/** What is known about one model version when a known-good one is sought. */
export interface Candidate {
  readonly version: string;
  readonly createdAt: string | null;
  readonly recorded: readonly RecordedDigest[];
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
    | 'digest_recorded_late'
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
  /** When the compromise may have begun, RFC 3339: a digest recorded later proves nothing. */
  readonly windowStart: string;
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
  const { recorded, observedDigest: observed } = candidate;
  const other = recorded.find(({ digest }) => observed !== null && digest !== observed);
  return [
    ...(touched === undefined || touched === null
      ? []
      : [
          {
            code: 'in_blast_radius',
            reason: `${touched} is in the blast radius of ${radius.suspect}.`,
          } as const,
        ]),
    ...(other === undefined
      ? []
      : [
          {
            code: 'digest_mismatch',
            reason: `Its bytes are ${String(observed)}; recorded was ${other.digest}.`,
          } as const,
        ]),
  ];
}

/** What its digests leave open. */
function digestGaps({ observedDigest, recorded }: Candidate, windowStart: string): Finding[] {
  const findings: Finding[] = [];
  if (observedDigest === null) {
    findings.push({ code: 'bytes_unreadable', reason: 'Its bytes could not be read and hashed.' });
  }
  const start = Date.parse(windowStart);
  const isBefore = ({ recordedAt }: RecordedDigest): boolean =>
    recordedAt !== null && Date.parse(recordedAt) < start;
  if (recorded.length === 0) {
    findings.push({
      code: 'digest_unrecorded',
      reason: 'No digest of it is on record.',
    });
  } else if (!recorded.some(isBefore)) {
    findings.push({
      code: 'digest_recorded_late',
      reason: `We recorded no digest of it before ${windowStart}, when the compromise may have begun.`,
    });
  }
  return findings;
}

/** Which proofs of its innocence are missing. */
function gaps(
  candidate: Candidate,
  { blastRadius: radius, windowStart }: Pick<KnownGoodInput, 'blastRadius' | 'windowStart'>,
): readonly Finding[] {
  const { node } = candidate;
  const findings = digestGaps(candidate, windowStart);
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
 * Chooses the newest candidate that is outside the blast radius, whose bytes are those that were recorded before the
 * compromise may have begun, and whose ancestry is known. Every newer one is rejected with its first reason. Without such a candidate nothing is chosen: those that lack
 * only proofs are listed, newest first, with each missing proof. Raises nothing.
 */
export function chooseKnownGood(input: KnownGoodInput): KnownGood {
  const rejected: RejectedCandidate[] = [];
  const unproven: KnownGood['unproven'][number][] = [];
  for (const candidate of newestFirst(input.candidates)) {
    const bad = badness(candidate, input.blastRadius);
    const missing = gaps(candidate, input);
    const [first] = [...bad, ...missing];
    if (!first) return { status: 'proven', chosen: candidate, unproven: [], rejected };
    rejected.push({ candidate: candidate.version, ...first });
    if (bad.length === 0) {
      unproven.push({ candidate: candidate.version, missing: missing.map(({ reason }) => reason) });
    }
  }
  return { status: unproven.length > 0 ? 'unproven' : 'none', chosen: null, unproven, rejected };
}
