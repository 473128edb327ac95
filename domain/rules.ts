import { quorumMet, type Approver } from './quorum.ts';
import { quorumOf } from './approval-class.ts';
import type { Configuration, PersonConfiguration } from './configuration.ts';
import type { Mode } from './incident.ts';

/** Parts of the configuration that are rules: they say who may do what, and how far the engine goes by itself. */
export const RULE_KEYS = [
  'inventory',
  'selectionRules',
  'routes',
  'storm',
  'caps',
  'people',
  'changeDelaySeconds',
] as const;

/** Who holds the token of the first start: in no rules, and approves nothing. */
export const BOOTSTRAP_ADMIN = 'bootstrap-admin';

/** A person as the rules know them. */
export interface RulePerson extends PersonConfiguration {
  /** False takes every right away. */
  readonly active: boolean;
  /** `file`: gone with the file's entry; `hand`: added by an administrator, and stays. */
  readonly origin: 'file' | 'hand';
}

/** Which version of a playbook is in force. */
export interface RulePlaybook {
  readonly name: string;
  /** SHA-256 (hex) of its normal form. */
  readonly digest: string;
}

/** The rules of an installation: what people, not files, decide once it may act. */
export interface Rules extends Pick<Configuration, Exclude<(typeof RULE_KEYS)[number], 'people'>> {
  readonly people: readonly RulePerson[];
  readonly playbooks: readonly RulePlaybook[];
}

/** Why a revision came into force. */
export const GROUNDS = ['first', 'set-up', 'tightened', 'approved'] as const;
/** `first`: nothing was there; `set-up`: nothing could act yet; `tightened`: it only takes away; `approved`: by people. */
export type Ground = (typeof GROUNDS)[number];

/** One state of the rules that came into force, signed by the API. */
export interface RuleRevision {
  readonly number: number;
  /** The revision that it replaced; null for the first. */
  readonly base: number | null;
  /** SHA-256 (hex) of the rules' canonical JSON. */
  readonly digest: string;
  readonly rules: Rules;
  readonly ground: Ground;
  /** True from the moment that a change needs two people, for good. */
  readonly armed: boolean;
  /** The change that people approved; null otherwise. */
  readonly changeId: string | null;
  /** Who made it so; null for the configuration file. */
  readonly by: string | null;
  /** Digests of playbooks that incidents were pinned to before there were rules. */
  readonly formerPlaybooks: readonly string[];
  /** RFC 3339, as signed. */
  readonly since: string;
  /** Ed25519, base64. */
  readonly signature: string;
}

/** Where a change stands; only an `open` one can be answered. */
export type ChangeStatus = 'open' | 'in-force' | 'rejected' | 'void';

/** A change of the rules that waits for people and for its time. */
export interface RuleChange {
  readonly id: string;
  /** The revision that it changes: when another one comes into force it is void. */
  readonly base: number;
  /** Of the rules as they would be; people approve this. */
  readonly digest: string;
  readonly rules: Rules;
  /** Who asked; null for the configuration file. */
  readonly proposedBy: string | null;
  /** RFC 3339, as signed. */
  readonly proposedAt: string;
  readonly signature: string;
  readonly status: ChangeStatus;
  readonly statusReason: string | null;
}

/** One person's signed answer to a change. */
export interface RuleAnswer {
  readonly id: string;
  readonly changeId: string;
  readonly digest: string;
  readonly verdict: 'approve' | 'reject';
  readonly person: string;
  readonly reason: string | null;
  /** RFC 3339, as signed. */
  readonly answeredAt: string;
  readonly signature: string;
}

/** Who must approve a change of the rules: two people of two roles. */
export const CHANGE_QUORUM = quorumOf('R3');

/** What of a revision is signed. The rules are in it by their digest. */
export function signedRevision(revision: Omit<RuleRevision, 'signature' | 'rules'>): object {
  const { number, base, digest, ground, armed, changeId, by, formerPlaybooks, since } = revision;
  const signed = { number, base, digest, ground, armed, changeId, by, formerPlaybooks, since };
  return { kind: 'rule-revision', ...signed };
}

/** What of a change is signed. */
export function signedChange(
  change: Pick<RuleChange, 'id' | 'base' | 'digest' | 'proposedBy' | 'proposedAt'>,
): object {
  const { id, base, digest, proposedBy, proposedAt } = change;
  return { kind: 'rule-change', id, base, digest, proposedBy, proposedAt };
}

/** What of an answer is signed. */
export function signedAnswer(answer: Omit<RuleAnswer, 'signature'>): object {
  const { id, changeId, digest, verdict, person, reason, answeredAt } = answer;
  return { kind: 'rule-answer', id, changeId, digest, verdict, person, reason, answeredAt };
}

/** People who may approve by these rules, with their roles. */
function approversOf({ people }: Pick<Rules, 'people'>): readonly Approver[] {
  return people.filter(({ active }) => active).map(({ id, roles }) => ({ person: id, roles }));
}

/** True when these rules have people who could approve a change of them. */
export function canBeChanged(rules: Pick<Rules, 'people'>): boolean {
  const needed = CHANGE_QUORUM.roles;
  const able = approversOf(rules).filter(({ roles }) =>
    roles.some((role) => needed.includes(role)),
  );
  return quorumMet(CHANGE_QUORUM, able, null);
}

/** True when some route of these rules does more than observe. */
function acts({ routes }: Pick<Rules, 'routes'>): boolean {
  return routes.some(({ mode }) => mode !== 'observe');
}

/**
 * True once a change needs two people: from the moment that a route acts and there are people who could approve, and
 * for good, so that nobody gets around it by way of `observe`.
 */
export function isArmed(before: Pick<RuleRevision, 'armed'> | null, rules: Rules): boolean {
  return before?.armed === true || (acts(rules) && canBeChanged(rules));
}

/** When a change may come into force at the earliest, in milliseconds: by the delay of the rules before it. */
export function earliestAt(change: Pick<RuleChange, 'proposedAt'>, before: Rules): number {
  return Date.parse(change.proposedAt) + before.changeDelaySeconds * 1000;
}

/** True when these people, with the roles they have by the rules before, make the quorum of a change. */
export function isApproved(
  change: Pick<RuleChange, 'proposedBy'>,
  before: Pick<Rules, 'people'>,
  approvedBy: readonly string[],
): boolean {
  const approvers = approversOf(before).filter(({ person }) => approvedBy.includes(person));
  return quorumMet(CHANGE_QUORUM, approvers, change.proposedBy);
}

const MODE_ORDER: readonly Mode[] = ['observe', 'ask', 'auto'];

/** The stricter of two modes. */
export function stricterMode(a: Mode, b: Mode): Mode {
  return MODE_ORDER.indexOf(a) <= MODE_ORDER.indexOf(b) ? a : b;
}

/** How far a route goes by these rules: one that is gone, or was never known, asks. */
export function modeOfRoute({ routes }: Pick<Rules, 'routes'>, name: string | null): Mode {
  return routes.find((route) => route.name === name)?.mode ?? 'ask';
}
