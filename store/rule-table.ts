import type { ChangeStatus, RuleAnswer, RuleChange, RuleRevision } from '../domain/rules.ts';

/** What can be done with the rows of the rules. Whether a row is worth anything its signature tells. */
export interface RuleTable {
  /** Number of the newest revision; null when there is none. One look at an index. */
  head(): Promise<number | null>;
  /** The newest revisions above a number, newest first, at most `limit`. */
  revisions(above: number, limit: number): Promise<readonly RuleRevision[]>;
  revision(number: number): Promise<RuleRevision | null>;
  /** Revisions with this playbook among theirs, or among those from before there were rules; newest first, at most 20. */
  withPlaybook(digest: string): Promise<readonly RuleRevision[]>;
  /** Makes changing the rules one after the other, for the rest of the transaction. */
  lock(): Promise<void>;
  add(revision: RuleRevision): Promise<void>;
  /** A change; the open one of the same base and digest is answered instead when there is one (`created` false). */
  propose(
    change: Omit<RuleChange, 'status' | 'statusReason'>,
  ): Promise<{ readonly change: RuleChange; readonly created: boolean }>;
  change(id: string): Promise<RuleChange | null>;
  /** Changes, newest first, at most 100. */
  changes(filter: { readonly status: ChangeStatus | null }): Promise<readonly RuleChange[]>;
  /** Settles an open change; null when it was settled before. */
  settle(
    id: string,
    status: Exclude<ChangeStatus, 'open'>,
    reason: string | null,
  ): Promise<RuleChange | null>;
  /** One answer of each person; raises `conflict` for a second one. */
  answer(answer: RuleAnswer): Promise<void>;
  /** Answers to a change, oldest first. */
  answers(changeId: string): Promise<readonly RuleAnswer[]>;
}
