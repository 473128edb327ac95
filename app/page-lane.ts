import { AppError } from '../domain/error.ts';
import { rungOf } from '../domain/escalation.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import { approvalOf, type Message } from '../domain/message.ts';
import { renderPagerPage } from '../render/pager.ts';
import { calledBy, type Lane, type LaneStore } from './message-lanes.ts';
import type { Pager } from './pager.ts';

/** What a page needs to know beside the rows. */
interface PageLaneOptions {
  readonly store: LaneStore;
  /** Our public address, without a slash at its end; null when there is none. */
  readonly publicUrl: string | null;
}

/** True while an incident wants somebody now: one that is stabilised lets people sleep. */
export function wantsSomebody({
  acknowledgedBy,
  stabilisedAt,
  state,
}: Pick<Incident, 'acknowledgedBy' | 'stabilisedAt' | 'state'>): boolean {
  return state !== 'closed' && acknowledgedBy === null && stabilisedAt === null;
}

/** True while what a rung is about still waits: nobody is woken for what was settled since. */
export async function stillWaits(
  store: Pick<LaneStore, 'approvals' | 'incidents'>,
  message: Message,
  now: Date,
): Promise<boolean> {
  const subject = rungOf(message)?.subject;
  if (subject?.kind === 'approval') {
    const approval = await store.approvals.get(subject.id);
    return approval?.status === 'open' && Date.parse(approval.expiresAt) > now.getTime();
  }
  if (subject?.kind !== 'incident') return true;
  const incident = await store.incidents.get(subject.id);
  return incident !== null && wantsSomebody(incident);
}

/** Where people go on; null when there is no address of ours. */
function linkOf(message: Message, publicUrl: string | null): Json {
  const approvalId = approvalOf(message);
  if (publicUrl === null || approvalId === null) return null;
  const href = `${publicUrl}/approvals/${encodeURIComponent(approvalId)}`;
  return { href, text: 'Read it whole and decide' };
}

/** The way to wake people: what is sent depends on the row and its incident alone. */
export function pageLane(pager: Pager, { store, publicUrl }: PageLaneOptions): Lane {
  return {
    prepare: async (message) => {
      const { incidentId, subject: headline, text } = message;
      const [incident, called] = await Promise.all([
        incidentId === null ? null : store.incidents.get(incidentId),
        calledBy(store, message),
      ]);
      const action = incident === null ? null : pager(incident);
      if (incident === null || action === null) {
        throw new AppError('unsupported', 'Nothing pages here.', { field: 'escalation.pager' });
      }
      const { number, title, severity, model } = incident;
      const people = called.map(({ id, name }) => `${name} (${id})`);
      const page = renderPagerPage({ number, title, severity, model, headline, text, people });
      const link = linkOf(message, publicUrl);
      const input = { ...page, details: { ...page.details }, ...(link === null ? {} : { link }) };
      return { action, input, mailTry: null };
    },
  };
}
