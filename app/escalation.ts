import type { Logger } from 'pino';
import { messagesFor } from '../activities/message-rows.ts';
import type { Approval, Role } from '../domain/approval.ts';
import { quorumNeeded } from '../domain/approval-class.ts';
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
import { rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { OnCall } from '../domain/on-call.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';

/** So many open approvals, and so many incidents, are looked at in one round. */
const SUBJECTS_MAX = 10_000;
const PAGE_MAX = 500;
const MINUTE_MS = 60_000;

/** What climbing the ladder needs. */
export interface EscalationOptions {
  readonly store: Pick<
    Store,
    'approvals' | 'escalations' | 'incidents' | 'people' | 'silences' | 'transaction'
  >;
  readonly ladder: () => Escalation;
  /** The inventory of the rules, by which roles on one model, namespace or team go. */
  readonly written: () => readonly InventoryEntry[];
  /** Who is on call at a moment; null for a schedule that is not there. */
  readonly onCall: (schedule: string, at: Date) => OnCall | null;
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly now: () => Date;
  readonly log: Pick<Logger, 'warn'>;
}

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

/** Whom a rung finds; `reason` says why nobody when it does not. */
interface Found {
  readonly people: readonly Person[];
  readonly by: string;
  readonly reason: string | null;
  readonly onCall: OnCall | null;
}

function wantedBy(
  { written }: EscalationOptions,
  { step, waiting }: { readonly step: Rung; readonly waiting: Waiting },
  onCall: OnCall | null,
): { readonly by: string; readonly wants: (person: Person) => boolean } {
  const { person: id, role, onCall: schedule } = step;
  if (id !== null) return { by: `person ${id}`, wants: (person) => person.id === id };
  const holds = (roles: readonly Role[]) => (person: Person) =>
    rolesOnModel(person, waiting.incident.model, written()).some((one) => roles.includes(one));
  if (role !== null) return { by: `role ${role}`, wants: holds([role]) };
  if (schedule !== null) {
    const people = onCall?.people ?? [];
    return { by: `on call by ${schedule}`, wants: (person) => people.includes(person.id) };
  }
  return { by: 'those whom it asks for', wants: holds(waiting.asks) };
}

/** Why a rung reaches nobody; null when it does. */
function obstacleTo(
  { channels }: EscalationOptions,
  {
    step,
    people,
    onCall,
  }: { readonly step: Rung; readonly people: readonly Person[]; readonly onCall: OnCall | null },
): string | null {
  if (step.onCall !== null && onCall === null) return 'there is no such schedule';
  if (people.length === 0) return onCall?.reason ?? 'nobody active is there';
  const reached = step.channels.some((channel) =>
    channel === 'slack'
      ? channels.slack
      : channels.mail && people.some(({ mail }) => mail !== null),
  );
  return reached ? null : 'none of its channels reaches them';
}

function find(
  options: EscalationOptions,
  {
    step,
    waiting,
    people,
  }: { readonly step: Rung; readonly waiting: Waiting; readonly people: readonly Person[] },
): Found {
  const onCall = step.onCall === null ? null : options.onCall(step.onCall, options.now());
  const { by, wants } = wantedBy(options, { step, waiting }, onCall);
  const wanted = people.filter((person) => person.active && wants(person));
  return {
    people: wanted,
    by,
    onCall,
    reason: obstacleTo(options, { step, people: wanted, onCall }),
  };
}

function rungFact(
  { subject, what, ladder }: Waiting,
  { rung, step }: { readonly rung: number; readonly step: Rung },
  { people, by, reason, onCall }: Found,
): NewFact {
  const place = `rung ${rung.toString()} of ${ladder.length.toString()}`;
  const next = rung < ladder.length ? 'the next one is taken at once' : 'no rung is left';
  const told = people.map(({ name, id }) => `${name} (${id})`).join(', ');
  return newFact({
    key: `escalation/${subject.kind}/${subject.id}/${rung.toString()}`,
    kind: 'escalation.rung',
    summary:
      reason === null
        ? `${what}: ${told} are told (${place}, ${by}).`
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

/** Takes a rung: row, messages and fact in one transaction; false when somebody else took it. */
async function take(
  { store, channels, now }: EscalationOptions,
  waiting: Waiting,
  {
    next,
    found,
  }: { readonly next: { readonly rung: number; readonly step: Rung }; readonly found: Found },
): Promise<boolean> {
  const { subject, incident } = waiting;
  const reached = found.reason === null;
  return store.transaction(async (tables) => {
    const isOurs = await tables.escalations.take({
      ...{ subject, rung: next.rung, incidentId: incident.id, reached },
      people: reached ? found.people.map(({ id }) => id) : [],
      takenAt: now().toISOString(),
    });
    if (!isOurs) return false;
    const message = {
      purpose: rungPurpose(subject, next.rung),
      subject: `ESCALATED: ${waiting.what}`,
      text: textOf(waiting),
      mail: next.step.channels.includes('mail'),
    };
    const slack = channels.slack && next.step.channels.includes('slack');
    const rows = reached
      ? messagesFor({ channels: { slack, mail: channels.mail } }, incident.id, [message])
      : [];
    await tables.messages.put(rows);
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
    const found = find(options, { step: next.step, waiting, people });
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
  return `${minutes.toString()} minutes`;
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

/** True for an incident that wants somebody now: one that is stabilised lets people sleep. */
function wantsSomebody({ acknowledgedBy, stabilisedAt, state }: Incident): boolean {
  return state !== 'closed' && acknowledgedBy === null && stabilisedAt === null;
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
