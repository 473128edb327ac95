import { rungOf, type RungSubject } from '../domain/escalation.ts';
import type { NewFact } from '../domain/fact.ts';
import type { Message, MessageChannel, NewMessage } from '../domain/message.ts';
import { failedFact } from './message-facts.ts';
import { calledBy, type LaneStore } from './message-lanes.ts';
import { reaches, type OpenChannels } from './rung-channels.ts';

/** What takes the place of a page, in this order. */
const AFTER_PAGE: readonly MessageChannel[] = ['mail', 'slack'];

/** What follows from a page that nobody got. */
export interface AfterPage {
  readonly rows: readonly NewMessage[];
  readonly fact: NewFact;
  /** The rung, when now nobody was told by it at all: the next one is due at once. */
  readonly inVain: { readonly subject: RungSubject; readonly rung: number } | null;
}

/** The same in other words, for whom the page did not wake. */
function rowOf(
  { incidentId, purpose, subject, text }: Message,
  channel: MessageChannel,
): NewMessage {
  const note =
    'PagerDuty was to page people about this and did not confirm it: see `firebreak doctor`.';
  return { incidentId, purpose, subject, channel, text: `${text}\n${note}` };
}

/** What follows from a page that could not be delivered; the reason is null where nothing waits for it any more. Reads only. */
export async function afterPage(
  store: LaneStore,
  page: Message,
  { reason, open }: { readonly reason: string | null; readonly open: OpenChannels },
): Promise<AfterPage> {
  if (reason === null) {
    const fact = failedFact(page, 'nothing waits for it any more');
    return { rows: [], fact, inVain: null };
  }
  const { incidentId, purpose } = page;
  const [all, people] = await Promise.all([
    incidentId === null ? [] : store.messages.ofIncident(incidentId),
    calledBy(store, page),
  ]);
  const used = all
    .filter((one) => one.purpose === purpose && one.channel !== page.channel)
    .map(({ channel }) => channel);
  const next = AFTER_PAGE.find((one) => !used.includes(one) && reaches(one, open, people));
  if (next !== undefined) {
    const fact = failedFact(page, reason, `, ${next} takes its place`);
    return { rows: [rowOf(page, next)], fact, inVain: null };
  }
  if (used.length > 0) {
    const fact = failedFact(page, reason, `, the rung tells by ${used.join(' and ')} as well`);
    return { rows: [], fact, inVain: null };
  }
  const fact = failedFact(
    page,
    reason,
    ', no channel is left: the next rung, if there is one, is taken at once',
  );
  return { rows: [], fact, inVain: rungOf(page) };
}
