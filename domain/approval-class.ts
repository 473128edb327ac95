import { APPROVAL_CLASSES, type ApprovalClass, type Quorum, type Role } from './approval.ts';

/** What one class of effect asks of people. */
export interface ClassRule {
  /** What effects of this class do, for those who judge them. */
  readonly means: string;
  /** Who must approve; nobody where an incident in `auto` lets it go on by itself. */
  readonly quorum: Quorum;
  /** What lets it go on unasked: nothing ever stops it, or the mode `auto` once nobody has vetoed, or nothing does. */
  readonly unasked: 'always' | 'after-veto' | 'never';
  /** Whether every yes may come by chat, which says on its own word who clicked. */
  readonly chatAlone: boolean;
  /** Whether one yes has to be of somebody who had just signed in, once an approver can sign in. */
  readonly freshSignIn: boolean;
  /** How long people have to answer, where the playbook does not say. */
  readonly expiresAfterSeconds: number;
}

const DAY_SECONDS = 24 * 3600;
const NOBODY: Quorum = { people: 0, roles: [] };

/** One click: what is asked where neither class nor playbook names anybody. */
export const ONE_CLICK: Quorum = { people: 1, roles: ['responder'] };

/** The classes as data: every door, the guard, each rendering and the documentation read this table. */
export const CLASS_RULES: Readonly<Record<ApprovalClass, ClassRule>> = {
  R0: {
    means: 'reads, keeps and tells only',
    quorum: NOBODY,
    ...{ unasked: 'always', chatAlone: true, freshSignIn: false },
    expiresAfterSeconds: DAY_SECONDS,
  },
  R1: {
    means: 'reversible containment with a lease',
    quorum: NOBODY,
    ...{ unasked: 'after-veto', chatAlone: true, freshSignIn: false },
    expiresAfterSeconds: DAY_SECONDS,
  },
  R2: {
    means: 'production-visible, but reversible',
    quorum: { people: 1, roles: ['approver-model-owner'] },
    ...{ unasked: 'never', chatAlone: true, freshSignIn: false },
    expiresAfterSeconds: DAY_SECONDS,
  },
  R3: {
    means: 'hard to undo, or changes what is trusted',
    quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
    ...{ unasked: 'never', chatAlone: false, freshSignIn: true },
    expiresAfterSeconds: DAY_SECONDS,
  },
  R4: {
    means: 'reaches outside the company, or touches what is under hold',
    quorum: { people: 2, roles: ['legal', 'commander'] },
    ...{ unasked: 'never', chatAlone: false, freshSignIn: true },
    expiresAfterSeconds: DAY_SECONDS,
  },
};

/** The class of an effect beyond a cap, at least. */
export const BEYOND_CAP = 'R2' satisfies ApprovalClass;
/** The class of lifting a containment, at least, and of going back by hand to a version that is not proved. */
const LIFT_CLASS: ApprovalClass = 'R3';

/** The quorum that a class asks for at least; R0 and R1 ask nobody. */
export function quorumOf(approvalClass: ApprovalClass): Quorum {
  return CLASS_RULES[approvalClass].quorum;
}

/** The highest of some classes and `least`: what raises a class can only raise it. */
export function raisedClass(
  least: ApprovalClass,
  ...others: readonly ApprovalClass[]
): ApprovalClass {
  return APPROVAL_CLASSES.findLast((one) => one === least || others.includes(one)) ?? least;
}

/** What taking an effect back needs: its own class, and that of lifting where it is a containment. */
export function classOfTakingBack(effect: {
  readonly approvalClass: ApprovalClass;
  readonly containment: boolean;
}): ApprovalClass {
  return effect.containment ? raisedClass(LIFT_CLASS, effect.approvalClass) : effect.approvalClass;
}

/** What a class asks for with every role of a playbook on top; one responder where neither names anybody. */
export function quorumWith(approvalClass: ApprovalClass, roles: readonly Role[]): Quorum {
  const ofClass = quorumOf(approvalClass);
  const asked = [...new Set([...ofClass.roles, ...roles])];
  if (asked.length === 0) return ONE_CLICK;
  return { people: Math.max(ofClass.people, asked.length), roles: asked };
}

/**
 * Whom an approval needs, whatever its row says: never less than its class. A row is written by who asks; the table is not.
 */
export function quorumNeeded(approval: {
  readonly approvalClass: ApprovalClass;
  readonly quorum: Quorum;
}): Quorum {
  const ofClass = quorumOf(approval.approvalClass);
  const { people, roles } = approval.quorum;
  return {
    people: Math.max(ofClass.people, people),
    roles: [...roles, ...ofClass.roles.filter((role) => !roles.includes(role))],
  };
}

/** What a class wants of the doors by which it is approved, in words; null when any door will do. */
function doorWords(approvalClass: ApprovalClass): string | null {
  const { chatAlone, freshSignIn } = CLASS_RULES[approvalClass];
  const words = [
    ...(chatAlone ? [] : ['never by chat alone']),
    ...(freshSignIn ? ['one yes by a fresh sign-in, once an approver can sign in'] : []),
  ];
  return words.length === 0 ? null : words.join('; ');
}

/** A class with what it means and what it wants of doors, as people read it on cards, mails and terminals. */
export function classWords(approvalClass: ApprovalClass): string {
  const { means } = CLASS_RULES[approvalClass];
  return [`${approvalClass}: ${means}`, doorWords(approvalClass)].filter(Boolean).join('; ');
}
