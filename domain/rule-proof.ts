import {
  earliestAt,
  isApproved,
  isArmed,
  signedAnswer,
  signedChange,
  signedRevision,
  type RuleAnswer,
  type RuleChange,
  type RuleRevision,
  type Rules,
} from './rules.ts';
import { onlyTightens } from './rule-tightening.ts';

/** How a proof is checked; given from outside, since nothing here computes digests or knows keys. */
export interface ProofCheck {
  /** SHA-256 (hex) of a value's canonical JSON. */
  readonly digestOf: (value: unknown) => string;
  /** True when the API's key signed this payload. */
  readonly verify: (payload: object, signature: string) => boolean;
  /** Rules as this version understands them: what they do not say has its default. */
  readonly read: (rules: Rules) => Rules;
}

/** Everything that a revision stands on, as the rows say it. */
export interface RevisionProof {
  readonly revision: RuleRevision;
  /** The revision that it names as its base; null when it names none. */
  readonly base: RuleRevision | null;
  /** The change that it names; null when it names none. */
  readonly change: RuleChange | null;
  readonly answers: readonly RuleAnswer[];
}

/** True when the API signed this revision, and its rules are those that were signed. */
export function isSigned(
  revision: RuleRevision,
  check: Pick<ProofCheck, 'digestOf' | 'verify'>,
): boolean {
  return (
    check.verify(signedRevision(revision), revision.signature) &&
    check.digestOf(revision.rules) === revision.digest
  );
}

/** The people whose signed answers approve exactly this change. */
export function approvedBy(
  change: Pick<RuleChange, 'id' | 'digest'>,
  answers: readonly RuleAnswer[],
  check: Pick<ProofCheck, 'verify'>,
): readonly string[] {
  return answers
    .filter(
      (answer) =>
        answer.verdict === 'approve' &&
        answer.changeId === change.id &&
        answer.digest === change.digest &&
        check.verify(signedAnswer(answer), answer.signature),
    )
    .map(({ person }) => person);
}

/**
 * Why a revision must not be followed, as words after "because"; null when it proves itself: signed by the API, and what it says
 * it stands on allows it by the rules before it.
 */
export function problemOf(proof: RevisionProof, check: ProofCheck): string | null {
  const { revision, base } = proof;
  if (!isSigned(revision, check)) return 'the API did not sign it';
  if ((revision.base === null) !== (base === null)) return 'what it changes is not there';
  if (revision.armed !== isArmed(base, check.read(revision.rules)))
    return 'it hides that two people are needed';
  if (base === null) {
    const isFirst = revision.ground === 'first' && revision.number === 1;
    return isFirst ? null : 'it hides what was there before it';
  }
  if (base.number !== revision.base || !isSigned(base, check))
    return 'what it changes is not signed';
  return problemOfGround({ ...proof, base }, check);
}

function problemOfGround(
  proof: RevisionProof & { readonly base: RuleRevision },
  check: ProofCheck,
): string | null {
  const { revision, base } = proof;
  switch (revision.ground) {
    case 'first':
      return 'there were rules before it';
    case 'set-up':
      return base.armed ? 'two people must approve it' : null;
    case 'tightened':
      return onlyTightens(check.read(base.rules), check.read(revision.rules))
        ? null
        : 'it does more than take away';
    case 'approved':
      return problemOfApproval(proof, check);
  }
}

function problemOfApproval(
  { revision, base, change, answers }: RevisionProof & { readonly base: RuleRevision },
  check: ProofCheck,
): string | null {
  const rules = check.read(base.rules);
  if (change === null || change.id !== revision.changeId) return 'nobody was asked';
  if (!check.verify(signedChange(change), change.signature)) return 'the API did not ask for it';
  if (change.digest !== revision.digest || change.base !== base.number) {
    return 'people were asked about something else';
  }
  if (!isApproved(change, rules, approvedBy(change, answers, check))) {
    return 'the signed answers do not make the quorum';
  }
  return Date.parse(revision.since) < earliestAt(change, rules) ? 'its time had not come' : null;
}
