import { messagesFor } from '../activities/message-rows.ts';
import type { CarriedMessage } from '../activities/run-reference.ts';
import { glassPurpose, type GlassBreak, type ReviewedBreak } from '../domain/break-glass.ts';
import type { Decision } from '../domain/decision.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import { rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { NewMessage } from '../domain/message.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';

/** What telling people of broken glass needs. */
export interface BreakGlassTelling {
  readonly store: Pick<Store, 'breakGlass' | 'decisions' | 'incidents' | 'people' | 'transaction'>;
  /** The inventory of the rules, by which roles on one model, namespace or team go. */
  readonly written: () => readonly InventoryEntry[];
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  /** Who gets every mail: they have this one anyway. */
  readonly mailTo: readonly string[];
}

/** One thing that happened with broken glass: its line of the timeline, and what people are told. */
interface Told {
  readonly fact: NewFact;
  readonly message: CarriedMessage;
}

function broken({ glassBreak, review }: ReviewedBreak): Told {
  const { id, incidentId, person, reason, channel, brokenAt, endsAt } = glassBreak;
  const { ownerRole, dueAt } = review;
  const summary = `${person} broke the glass until ${endsAt}, to answer alone what two people are asked: ${reason}`;
  return {
    fact: newFact({
      key: glassPurpose(id, 'broken'),
      ...{ kind: 'break-glass.broken', occurredAt: brokenAt, actor: person, summary },
      data: { breakId: id, reason, channel, endsAt, reviewBy: ownerRole, reviewDueAt: dueAt },
    }),
    message: {
      purpose: glassPurpose(id, 'broken'),
      subject: `BREAK-GLASS: ${person} may answer alone until ${endsAt}`,
      text: [
        `${person} broke the glass by ${channel} at ${brokenAt}: ${reason}`,
        'Until then their yes alone is enough for what isolate and revert change, up to R3, and for nothing under legal hold.',
        `If this should not be: firebreak halt --all --reason WHY stops every effect, firebreak incident pause ${incidentId} --reason WHY this incident.`,
        `Its review is owed by ${ownerRole} until ${dueAt}: firebreak break-glass close ${id} --finding TEXT`,
      ].join('\n'),
      mail: true,
    },
  };
}

function used({ id }: GlassBreak, decision: Decision): readonly Told[] {
  const { actor, command, decidedAt } = decision;
  const { brokenGlass, person, channel } = actor;
  if (brokenGlass?.id !== id || command.kind !== 'approve') return [];
  const { approvalId, planDigest } = command;
  const { reason } = brokenGlass;
  const summary = `${person} approved ${approvalId} alone, with the glass broken: ${reason}`;
  return [
    {
      fact: newFact({
        key: glassPurpose(id, `used/${decision.id}`),
        ...{ kind: 'break-glass.used', occurredAt: decidedAt, actor: person, summary },
        data: { breakId: id, approvalId, planDigest, decisionId: decision.id, reason, channel },
      }),
      message: {
        purpose: glassPurpose(id, `used/${decision.id}`),
        subject: `BREAK-GLASS: ${person} approved alone`,
        text: [
          `${person} approved ${approvalId} alone by ${channel} at ${decidedAt}: ${reason}`,
          `What it lets happen: firebreak approval show ${approvalId}`,
        ].join('\n'),
        mail: true,
      },
    },
  ];
}

function reviewed({ review }: ReviewedBreak): readonly Told[] {
  const { id, closedAt, closedBy, finding } = review;
  if (closedAt === null || closedBy === null) return [];
  const summary = `${closedBy} reviewed the broken glass ${id}: ${finding ?? ''}`;
  return [
    {
      fact: newFact({
        key: glassPurpose(id, 'reviewed'),
        ...{ kind: 'break-glass.reviewed', occurredAt: closedAt, actor: closedBy, summary },
        data: { breakId: id, finding },
      }),
      message: {
        purpose: glassPurpose(id, 'reviewed'),
        subject: `Break-glass reviewed by ${closedBy}`,
        text: `${finding ?? ''}\nThe break: ${id}`,
        mail: true,
      },
    },
  ];
}

/** True for whom it concerns: administrators, and everybody who does more than look on the incident's model. */
function isConcerned(
  person: Person,
  incident: Incident,
  written: readonly InventoryEntry[],
): boolean {
  const roles = person.active ? rolesOnModel(person, incident.model, written) : [];
  return roles.some((role) => role !== 'viewer');
}

/** The mail of one thing to the addresses of those whom it concerns; none where nobody has one. */
function personalMail(
  { channels }: Pick<BreakGlassTelling, 'channels'>,
  incidentId: string,
  { message, to }: { readonly message: CarriedMessage; readonly to: readonly string[] },
): readonly NewMessage[] {
  if (!channels.mail || to.length === 0) return [];
  const { purpose, subject, text } = message;
  return [{ incidentId, channel: 'mail', purpose: `${purpose}/people`, subject, text, to }];
}

/**
 * Puts broken glass, each yes that it let through, and its review on the timeline, and tells everybody whom it concerns by every channel:
 * rows and facts in one transaction. Again adds what is new.
 */
export async function tellBreakGlass(options: BreakGlassTelling, breakId: string): Promise<void> {
  const { store, written, channels, mailTo } = options;
  const found = await store.breakGlass.get(breakId);
  if (found === null) return;
  const { glassBreak } = found;
  const { incidentId } = glassBreak;
  const [incident, decisions, people] = await Promise.all([
    store.incidents.get(incidentId),
    store.decisions.ofIncident(incidentId),
    store.people.list(),
  ]);
  if (incident === null) return;
  const told = [
    broken(found),
    ...decisions.flatMap((decision) => used(glassBreak, decision)),
    ...reviewed(found),
  ];
  const inventory = written();
  const concerned = people.filter((person) => isConcerned(person, incident, inventory));
  const addresses = new Set(concerned.flatMap(({ mail }) => mail ?? []));
  const to = [...addresses].filter((address) => !mailTo.includes(address));
  await store.transaction(async (tables) => {
    await tables.messages.put([
      ...messagesFor(
        { channels },
        incidentId,
        told.map(({ message }) => message),
      ),
      ...told.flatMap(({ message }) => personalMail(options, incidentId, { message, to })),
    ]);
    await tables.facts.append(
      incidentId,
      told.map(({ fact }) => fact),
    );
  });
}
