import { messagesFor } from '../activities/message-rows.ts';
import { glassPurpose, type ReviewedBreak } from '../domain/break-glass.ts';
import type { OverdueReview } from '../domain/self-watch.ts';
import type { Store } from '../store/tables.ts';

/** So many overdue reviews are looked at. */
const REVIEWS_MAX = 100;

/** What the look at reviews works on. */
export interface ReviewWatchOptions {
  readonly store: Pick<Store, 'breakGlass'>;
  /** Writes messages: the worker's rights. */
  readonly messages: Pick<Store, 'messages'>;
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly now: () => Date;
}

/** Looks for reviews of broken glass that are overdue, and tells people of each once. */
export interface ReviewWatch {
  round(): Promise<void>;
  /** As the latest round saw them, the oldest first; at most 100. */
  overdue(): readonly OverdueReview[];
}

function messageOf({ glassBreak, review }: ReviewedBreak) {
  const { id, person, brokenAt } = glassBreak;
  const { ownerRole, dueAt } = review;
  return {
    purpose: glassPurpose(id, 'overdue'),
    subject: `OVERDUE: nobody has reviewed the glass that ${person} broke`,
    text: [
      `${person} broke it at ${brokenAt}; its review was owed by ${ownerRole} until ${dueAt}.`,
      `Write down what you find: firebreak break-glass close ${id} --finding TEXT`,
    ].join('\n'),
    mail: true,
  };
}

/** A look at the reviews that nobody closed in time. */
export function createReviewWatch(options: ReviewWatchOptions): ReviewWatch {
  const { store, messages, channels, now } = options;
  let overdue: readonly OverdueReview[] = [];
  return {
    round: async () => {
      const found = await store.breakGlass.overdue(now().toISOString(), REVIEWS_MAX);
      for (const one of found) {
        // The purpose names the break: told once, whoever else looks.
        const rows = messagesFor({ channels }, one.glassBreak.incidentId, [messageOf(one)]);
        await messages.messages.put(rows);
      }
      overdue = found.map(({ glassBreak, review }) => ({
        ...{ id: review.id, incidentId: glassBreak.incidentId, dueAt: review.dueAt },
      }));
    },
    overdue: () => overdue,
  };
}
