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

export interface KnownGood {
  /** `proven`: chosen. `unproven`: only candidates with missing proofs; two people may choose. `none`. */
  readonly status: 'proven' | 'unproven' | 'none';
  readonly chosen: Candidate | null;
  /** For `unproven`: the best candidate and each proof that it lacks. */
  readonly unproven: readonly { readonly candidate: string; readonly missing: readonly string[] }[];
  readonly rejected: readonly RejectedCandidate[];
}

export type KnownGoodInput = {
  readonly candidates: readonly Candidate[];
  readonly blastRadius: BlastRadius;
};
