import type {
  BreakGlassKey,
  BreakGlassReview,
  GlassBreak,
  ReviewedBreak,
} from '../domain/break-glass.ts';
import type { Page, PageRequest, SeenModels } from './tables.ts';

/** Who does something to a key or a review, and when (RFC 3339). */
export interface BreakGlassHand {
  readonly by: string;
  readonly at: string;
}

/** What can be done with rows of keys that break the glass, of broken glass, and of its reviews. */
export interface BreakGlassTable {
  /** Asks for a key. Raises `refused` for one of the own, `not_found` for nobody. */
  askKey(
    key: Pick<BreakGlassKey, 'person' | 'askedBy' | 'askedAt' | 'expiresAt'>,
  ): Promise<BreakGlassKey>;
  key(id: string): Promise<BreakGlassKey | null>;
  /** The key with the secret of this digest, locked for the rest of the transaction; null when there is none. */
  lockKeyOf(sha256: string): Promise<BreakGlassKey | null>;
  /** Newest first, at most 200. */
  keys(): Promise<readonly BreakGlassKey[]>;
  /** Null when it is not one that waits for a second administrator, another than who asked and whose it is. */
  confirmKey(id: string, hand: BreakGlassHand): Promise<BreakGlassKey | null>;
  /** Keeps the digest of the secret of a confirmed key, once; null when it is not its person's to take now. */
  takeKey(
    id: string,
    taken: BreakGlassHand & { readonly sha256: string },
  ): Promise<BreakGlassKey | null>;
  /** Null when it was revoked or used before. */
  revokeKey(id: string, hand: BreakGlassHand): Promise<BreakGlassKey | null>;
  /**
   * Writes a break with the review that it owes and the outbox row that tells people. Raises `conflict` for a key that broke the glass
   * before, `refused` for one that opens nothing.
   */
  break(
    glassBreak: Omit<GlassBreak, 'id'> & { readonly keyId: string },
    review: Pick<BreakGlassReview, 'ownerRole' | 'dueAt'>,
  ): Promise<ReviewedBreak>;
  /** The newest break of a person for an incident that lasts at that moment; null when there is none. */
  openOf(who: {
    readonly person: string;
    readonly incidentId: string;
    readonly at: string;
  }): Promise<GlassBreak | null>;
  get(breakId: string): Promise<ReviewedBreak | null>;
  /** Tells people of a break again: of a yes that it let through. */
  tell(breakId: string): Promise<void>;
  /** Closes a review, once, with the outbox row that tells of it. Raises `refused` for who broke the glass, and when it was closed before. */
  closeReview(
    breakId: string,
    closed: BreakGlassHand & { readonly channel: string; readonly finding: string },
  ): Promise<ReviewedBreak>;
  /** Newest first. */
  reviews(
    filter: { readonly open: boolean; readonly incidentId: string | null } & SeenModels,
    page: PageRequest,
  ): Promise<Page<ReviewedBreak>>;
  /** Open reviews that were due by then (RFC 3339), the oldest first; at most `limit`. */
  overdue(at: string, limit: number): Promise<readonly ReviewedBreak[]>;
}
