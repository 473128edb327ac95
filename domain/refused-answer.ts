import type { Role } from './approval.ts';
import type { ErrorCode } from './error.ts';
import { newFact, type NewFact } from './fact.ts';

/** Rows that are kept of one person for one approval, and of everybody for one approval. */
export const REFUSED_ANSWERS_MAX = { ofPerson: 20, ofApproval: 100 } as const;

/** An answer to an approval that was refused, as it came. */
export interface NewRefusedAnswer {
  readonly approvalId: string;
  /** Null where only the door says who it was; then it is nobody we know. */
  readonly person: string | null;
  /** What the door calls them, where they are nobody we know: `TEAM/USER`. */
  readonly claimed: string | null;
  /** Their name at that time; that of nobody is empty. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The door: `api`, `cli`, `slack`, `page`. */
  readonly channel: string;
  /** Null, as the digest, when they were turned away before anything was read. */
  readonly verdict: 'approve' | 'reject' | null;
  /** Digest of the plans that they had been shown. */
  readonly planDigest: string | null;
  /** Id under which the answer came: that of the decision which it did not become, or of the request. */
  readonly requestId: string;
  readonly code: ErrorCode;
  /** Why, as they were told. */
  readonly reason: string;
  /** RFC 3339 UTC. */
  readonly refusedAt: string;
}

/** A refused answer as stored. */
export interface RefusedAnswer extends NewRefusedAnswer {
  readonly id: string;
  readonly incidentId: string;
  /** Refusals after it that have no row, because there are too many. */
  readonly further: number;
}

/** The fact that an answer was refused; one for each row. */
export function refusedAnswerFact(refused: RefusedAnswer): NewFact {
  const { id, approvalId, person, claimed, name, verdict, channel, reason } = refused;
  const { planDigest, requestId, code, roles, refusedAt } = refused;
  const who = person === null ? `Somebody unknown (${claimed ?? ''})` : `${name} (${person})`;
  return newFact({
    key: `refused-answer/${id}`,
    kind: 'decision.refused',
    occurredAt: refusedAt,
    actor: person ?? 'nobody',
    summary: `${who} was refused to ${verdict ?? 'answer'}, by ${channel}: ${reason}`,
    data: {
      ...{ approvalId, channel, code, reason, requestId },
      ...{ roles, claimed, kind: verdict, planDigest },
    },
  });
}
