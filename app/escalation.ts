import type { Logger } from 'pino';
import { messagesFor } from '../activities/message-rows.ts';
import type { Approval, Role } from '../domain/approval.ts';
import { quorumNeeded } from '../domain/approval-class.ts';
import { counted } from '../domain/counted.ts';
import { toAppError } from '../domain/error.ts';
import {
  nextRung,
  rungPurpose,
  type Escalation,
  type Rung,
  type RungSubject,
  type TakenRung,
} from '../domain/escalation.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { NewMessage } from '../domain/message.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';
import { wantsSomebody } from './page-lane.ts';
import type { Pager } from './pager.ts';
import type { OpenChannels } from './rung-channels.ts';
import { findPeople, toldIn, type Found, type RungGround } from './rung-people.ts';

/** So many open approvals, and so many incidents, are looked at in one round. */
const SUBJECTS_MAX = 10_000;
const PAGE_MAX = 500;
const MINUTE_MS = 60_000;

/** What climbing the ladder needs. */
export interface EscalationOptions extends RungGround {
  readonly store: Pick<
    Store,
    'approvals' | 'escalations' | 'incidents' | 'people' | 'silences' | 'transaction'
  >;
  readonly ladder: () => Escalation;
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly pager: Pager;
  readonly log: Pick<Logger, 'warn'>;
}

/** A rung that is due. */
type NextRung = NonNullable<ReturnType<typeof nextRung>>;

/** Something that waits for people. */
interface Waiting {
  readonly subject: RungSubject;
  readonly incident: Incident;
  readonly ladder: readonly Rung[];
  /** RFC 3339. */
  readonly since: string;
  /** What nobody has done yet, in words. */
  readonly what: string;
  /** Whom a rung tells that names nobody: who holds one of these roles on the incident. */
  readonly asks: readonly Role[];
}

function rungFact(
  { subject, what, ladder }: Waiting,
  { rung, step }: NextRung,
  found: Found,
): NewFact {
  const { people, by, reason, onCall } = found;
  const place = `rung ${rung.toString()} of ${ladder.length.toString()}`;
  const next = rung < ladder.length ? 'the next one is taken at once' : 'no rung is left';
  return newFact({
    key: `escalation/${subject.kind}/${subject.id}/${rung.toString()}`,
    kind: 'escalation.rung',
    summary:
      reason === null
        ? `${what}: ${toldIn(found)} (${place}, ${by}).`
        : `${what}: ${place} (${by}) reaches nobody, ${reason}; ${next}.`,
    data: {
      ...{ subject: subject.kind, id: subject.id, rung, by, reason },
      ...(subject.kind === 'approval' ? { approvalId: subject.id } : {}),
      people: people.map(({ id }) => id),
      channels: step.channels,
      onCall:
        onCall === null
          ? null
          : { schedule: onCall.schedule, until: onCall.until, source: { ...onCall.source } },
    },
  });
}

function textOf({ incident, subject, what, since }: Waiting): string {
  return [
    `Incident #${incident.number.toString()}: ${incident.title}`,
    `${what}. It has waited since ${since}; nothing is decided by waiting, and what is contained stays so.`,
    subject.kind === 'approval'
      ? `Read it whole and decide: firebreak approval show ${subject.id}`
      : `Take it: firebreak incident ack ${incident.id}`,
  ].join('\n');
}

/** The channels that there are for an incident. */
function openFor({ channels, pager }: EscalationOptions, incident: Incident): OpenChannels {
  return { ...channels, page: pager(incident) !== null };
}

/** What people are told of a rung that finds somebody, by each of its channels that is there. */
function rowsOf(
  { channels }: EscalationOptions,
  waiting: Waiting,
  { rung, step, pages }: NextRung & Pick<Found, 'pages'>,
): readonly NewMessage[] {
  const { id: incidentId } = waiting.incident;
  const message = {
    purpose: rungPurpose(waiting.subject, rung),
    subject: `ESCALATED: ${waiting.what}`,
    text: textOf(waiting),
  };
  const by = {
    slack: channels.slack && step.channels.includes('slack'),
    mail: channels.mail && step.channels.includes('mail'),
  };
  return [
    ...(pages ? [{ ...message, incidentId, channel: 'page' } as const] : []),
    ...messagesFor({ channels: by }, incidentId, [{ ...message, mail: true }]),
  ];
}

/** Takes a rung: row, messages and fact in one transaction; false when somebody else took it. */
async function take(
  options: EscalationOptions,
  waiting: Waiting,
  { next, found }: { readonly next: NextRung; readonly found: Found },
): Promise<boolean> {
  const { subject, incident } = waiting;
  const reached = found.reason === null;
  return options.store.transaction(async (tables) => {
    const isOurs = await tables.escalations.take({
      ...{ subject, rung: next.rung, incidentId: incident.id, reached },
      people: reached ? found.people.map(({ id }) => id) : [],
      takenAt: options.now().toISOString(),
    });
    if (!isOurs) return false;
    const { pages } = found;
    await tables.messages.put(reached ? rowsOf(options, waiting, { ...next, pages }) : []);
    await tables.facts.append(incident.id, [rungFact(waiting, next, found)]);
    return true;
  });
}

/** Takes what is due of one ladder: one rung, and the ones after it as long as nobody is reached. */
async function climb(
  options: EscalationOptions,
  waiting: Waiting,
  { people, before }: { readonly people: readonly Person[]; readonly before: readonly TakenRung[] },
): Promise<number> {
  const ageSeconds = (options.now().getTime() - Date.parse(waiting.since)) / 1000;
  const taken = [...before];
  for (let count = 0; count < waiting.ladder.length; count += 1) {
    const next = nextRung(waiting.ladder, taken, ageSeconds);
    if (next === null || (await isSnoozed(options, waiting.incident))) return count;
    const { incident, asks } = waiting;
    const open = openFor(options, incident);
    const found = findPeople(options, { step: next.step, incident, asks, people, open });
    const isOurs = await take(options, waiting, { next, found });
    if (!isOurs) return count;
    if (found.reason === null) return count + 1;
    taken.push({ rung: next.rung, reached: false });
  }
  return waiting.ladder.length;
}

/** True while people said that they want to hear nothing of an incident. */
async function isSnoozed({ store, now }: EscalationOptions, { id }: Incident): Promise<boolean> {
  const until = await store.silences.snoozedUntil(id);
  return until !== null && Date.parse(until) > now().getTime();
}

async function openApprovals({ store }: EscalationOptions): Promise<readonly Approval[]> {
  const found: Approval[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof store.approvals.list>> = await store.approvals.list(
      { status: 'open', incidentId: null },
      { cursor, limit: PAGE_MAX },
    );
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && found.length < SUBJECTS_MAX);
  return found;
}

function minutesSince(since: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(since)) / MINUTE_MS);
  return counted(minutes, 'minute');
}

function waitingApproval(
  options: EscalationOptions,
  approval: Approval,
  incident: Incident,
): Waiting {
  const { id, title, createdAt } = approval;
  return {
    ...{ subject: { kind: 'approval', id }, incident, since: createdAt },
    ladder: options.ladder().approvals,
    what: `Nobody has settled "${title}" for ${minutesSince(createdAt, options.now())}`,
    asks: quorumNeeded(approval).roles,
  };
}

function waitingIncident(options: EscalationOptions, incident: Incident): Waiting {
  const { id, openedAt } = incident;
  return {
    ...{ subject: { kind: 'incident', id }, incident, since: openedAt },
    ladder: options.ladder().incidents,
    what: `Nobody has acknowledged it for ${minutesSince(openedAt, options.now())}`,
    asks: [],
  };
}

async function everythingThatWaits(options: EscalationOptions): Promise<readonly Waiting[]> {
  const { store, ladder } = options;
  const [approvals, unfinished] = await Promise.all([
    openApprovals(options),
    store.incidents.unfinished(SUBJECTS_MAX),
  ]);
  const incidents = new Map(unfinished.map((incident) => [incident.id, incident]));
  const { severities } = ladder();
  const now = options.now().getTime();
  return [
    ...approvals.flatMap((approval): readonly Waiting[] => {
      const incident = incidents.get(approval.incidentId);
      const over = Date.parse(approval.expiresAt) <= now;
      return incident === undefined || over ? [] : [waitingApproval(options, approval, incident)];
    }),
    ...unfinished
      .filter((incident) => wantsSomebody(incident) && severities.includes(incident.severity))
      .map((incident) => waitingIncident(options, incident)),
  ];
}

/**
 * One round over what waits for people: each rung of a ladder is taken once, whatever died in between and whoever else looks.
 * Answers how many were taken; what goes wrong with one keeps no other from being looked at. It decides nothing.
 */
export async function escalate(options: EscalationOptions): Promise<number> {
  const [people, all] = await Promise.all([
    options.store.people.list(),
    everythingThatWaits(options),
  ]);
  const rungs = await options.store.escalations.takenAmong(all.map(({ subject }) => subject.id));
  const taken = new Map<string, TakenRung[]>();
  for (const one of rungs) {
    const key = `${one.subject.kind}/${one.subject.id}`;
    taken.set(key, [...(taken.get(key) ?? []), one]);
  }
  let climbed = 0;
  for (const waiting of all) {
    const { kind, id } = waiting.subject;
    const before = taken.get(`${kind}/${id}`) ?? [];
    try {
      climbed += await climb(options, waiting, { people, before });
    } catch (error) {
      options.log.warn({ kind, id }, `not escalated: ${toAppError(error).message}`);
    }
  }
  return climbed;
}
