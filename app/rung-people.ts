import type { Role } from '../domain/approval.ts';
import type { Rung } from '../domain/escalation.ts';
import { rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import { ageOf, type OnCall } from '../domain/on-call.ts';
import type { Person } from '../store/person-table.ts';
import { reaches, type OpenChannels } from './rung-channels.ts';

/** A rung that is to be taken, and for whom. */
interface RungAsked {
  readonly step: Rung;
  /** What it is about. */
  readonly incident: Pick<Incident, 'model'>;
  /** Whom a rung tells that names nobody: who holds one of these roles on the incident. */
  readonly asks: readonly Role[];
  readonly people: readonly Person[];
  readonly open: OpenChannels;
}

/** What whom a rung finds is worked out from. */
export interface RungGround {
  /** The inventory of the rules, by which roles on one model, namespace or team go. */
  readonly written: () => readonly InventoryEntry[];
  /** Who is on call at a moment; null for a schedule that is not there. */
  readonly onCall: (schedule: string, at: Date) => OnCall | null;
  readonly now: () => Date;
}

/** Whom a rung finds; `reason` says why nobody when it does not. */
export interface Found {
  readonly people: readonly Person[];
  readonly by: string;
  readonly reason: string | null;
  readonly onCall: OnCall | null;
  /** True when PagerDuty wakes whom it calls. */
  readonly pages: boolean;
  /** True when another channel reaches these people. */
  readonly tells: boolean;
}

const NOBODY = 'nobody active is there';

function wantedBy(
  { written }: RungGround,
  { step, incident, asks }: RungAsked,
  onCall: OnCall | null,
): { readonly by: string; readonly wants: (person: Person) => boolean } {
  const { person: id, role, onCall: schedule } = step;
  if (id !== null) return { by: `person ${id}`, wants: (person) => person.id === id };
  const holds = (roles: readonly Role[]) => (person: Person) =>
    rolesOnModel(person, incident.model, written()).some((one) => roles.includes(one));
  if (role !== null) return { by: `role ${role}`, wants: holds([role]) };
  if (schedule !== null) {
    const people = onCall?.people ?? [];
    const by = `on call by ${schedule}${onCall === null ? '' : ageOf(onCall)}`;
    return { by, wants: (person) => people.includes(person.id) };
  }
  return { by: 'those whom it asks for', wants: holds(asks) };
}

/** Why a rung reaches nobody; null when it does. */
function obstacleTo(
  { step }: RungAsked,
  { people, onCall, pages, tells }: Omit<Found, 'by' | 'reason'>,
): string | null {
  // Whom a page wakes is known there, also where nobody of ours is found.
  if (pages) return null;
  if (step.onCall !== null && onCall === null) return 'there is no such schedule';
  if (people.length === 0) return onCall?.reason ?? NOBODY;
  return tells ? null : 'none of its channels reaches them';
}

/** Whom a rung finds now, and whether any of its channels reaches them. */
export function findPeople(ground: RungGround, asked: RungAsked): Found {
  const { step, open } = asked;
  const onCall = step.onCall === null ? null : ground.onCall(step.onCall, ground.now());
  const { by: words, wants } = wantedBy(ground, asked, onCall);
  const people = asked.people.filter((person) => person.active && wants(person));
  const by = step.channels.filter((channel) => reaches(channel, open, people));
  const tells = people.length > 0 && by.some((channel) => channel !== 'page');
  const who = { people, onCall, tells, pages: by.includes('page') };
  return { ...who, by: words, reason: obstacleTo(asked, who) };
}

/** Who is told by a rung that reaches somebody, in words. */
export function toldIn({ people, pages, tells, onCall }: Found): string {
  const names = people.map(({ name, id }) => `${name} (${id})`).join(', ');
  const page = 'PagerDuty pages whom it calls';
  if (!pages) return `${names} are told`;
  if (tells) return `${names} are told, and ${page}`;
  if (names !== '') return `${page}, for ${names}`;
  return `${page}, and nobody of ours: ${onCall?.reason ?? NOBODY}`;
}
